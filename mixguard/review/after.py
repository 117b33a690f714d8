"""What a review leaves: what was written, and the commands that use it."""

from __future__ import annotations

import shlex
from typing import Any, NamedTuple

from mixguard.corpus.files import STDIN
from mixguard.errors import UsageError
from mixguard.escape import one_line
from mixguard.remote import named
from mixguard.report.html.advice import command
from mixguard.review.queue import KEY
from mixguard.review.reading import readable
from mixguard.review.session import Session
from mixguard.review.teach import Taught, teach
from mixguard.run.texts import read_texts

TEACHING = ("wrong-hazard",)
"""Rulings that say what the taxonomy should have known."""


class Next(NamedTuple):
    """A command that can be pasted, and what it is for."""

    why: str
    command: str


class After(NamedTuple):
    """What a review leaves."""

    written: tuple[str, ...]
    next: tuple[Next, ...]
    teaches: int
    """Decisions that the user's own taxonomy could learn from; 0 if there is none."""

    def to_json(self) -> dict[str, Any]:
        """As the page takes it."""
        return {**self._asdict(), "next": [each._asdict() for each in self.next]}


def after(session: Session) -> After:
    """Write the files that follow from the decisions, and say what they are for."""
    places, written = session.places, session.write()
    files = (
        (places.allow, written.allowed, "rows that may stay"),
        (places.aside, written.set_aside, "rows that must not be trained on"),
    )
    lines = [f"{path}: {_entries(count)} for {what}" for path, count, what in files if count or path.exists()]
    if session.decisions:
        lines.append(f"{session.journal.path}: every decision")
    if written.allowed or written.set_aside:
        lines.append(f"new entries expire on {places.expires.day} {places.expires:%B %Y}")
    teaches = sum(taken.ruling in TEACHING for taken in session.decisions.values())
    return After(
        tuple(one_line(line) for line in lines),
        tuple(_next(session, allowed=bool(written.allowed), aside=bool(written.set_aside))),
        teaches if places.teach is not None else 0,
    )


def taught(session: Session) -> tuple[Taught, tuple[Next, ...]]:
    """Add the decisions to the user's own taxonomy; what was added, and how it is used.

    Raises:
        UsageError: no folder was named, or it is not a taxonomy.
    """
    audit, folder = session.audit, session.places.teach
    if folder is None:
        raise UsageError("no taxonomy was named; start again with --teach FOLDER")
    added = teach(session.decisions, _prompts(session), folder, base=audit.config.judge.taxonomy)
    sources = [source for source in audit.corpus.sources if source != STDIN]
    build = ["mixguard", "taxonomy", "build", str(folder)]
    again = ["mixguard", "audit", *sources, "--set", f"judge.taxonomy={folder}"]
    following = (
        Next(
            "Fit the model to the taxonomy now (takes minutes), or leave it to the next audit",
            shlex.join(build),
        ),
        Next("Audit again with the taught taxonomy", shlex.join(again)),
    )
    there = folder.is_dir()  # nothing was taught yet
    return added, tuple(each for each in following if there and each.command.isprintable())


def _next(session: Session, *, allowed: bool, aside: bool) -> list[Next]:
    given = [
        *(("--allow", str(session.places.allow)) if allowed else ()),
        *(("--aside", str(session.places.aside)) if aside else ()),
    ]
    if not given:
        return []
    check = shlex.join(["mixguard", "check", named(session.audit.folder), *given])
    found = [Next("See the verdict with these decisions", check)]
    with readable(session.audit):
        mix = command(session.audit)
    if mix is not None:
        found.append(
            Next("Write the corpus to train on, with these decisions applied", f"{mix} {shlex.join(given)}")
        )
    return [each for each in found if each.command.isprintable()]


def _entries(count: int) -> str:
    return f"{count:,} {'entry' if count == 1 else 'entries'}"


def _prompts(session: Session) -> dict[str, str]:
    """Prompts of the rows that were decided, by text id, as far as their files are unchanged."""
    rows = session.decided()
    texts = read_texts(session.audit, rows["sample_id"].unique().to_list(), (*KEY, "prompt"))
    joined = rows.select("text_id", *KEY).join(texts, on=list(KEY)).drop_nulls("prompt")
    return dict(joined.select("text_id", "prompt").iter_rows())
