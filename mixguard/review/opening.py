"""How a review begins: its rows, its journal, and what others decided."""

from __future__ import annotations

import getpass
import re
import subprocess
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import polars as pl

from mixguard.errors import UsageError
from mixguard.remote import named
from mixguard.review.agreement import Merged, merge, part
from mixguard.review.decision import Decision
from mixguard.review.journal import Journal, journal_path, review_folder
from mixguard.review.queue import Filter, queue
from mixguard.review.session import Known, Places, Session
from mixguard.run.document import Audit

MERGED = "+merged"
"""Ends the name of the journal in which somebody decides where reviewers differ."""


class Opened(NamedTuple):
    """A review that can begin, or be summed up."""

    session: Session
    kept: Filter
    """The rows that it begins with."""
    merged: Merged | None
    """What several reviewers decided; None if only one did."""


def open_review(
    audit: Audit,
    author: str,
    places: Places,
    *,
    kept: Filter | None = None,
    share: str | None = None,
    others: Sequence[Path] = (),
) -> Opened:
    """A review of a run, as far as it has come.

    Args:
        audit: the run.
        author: who reviews.
        places: where decisions go.
        kept: the rows to begin with; rows of notes too if nothing else is flagged.
        share: which reviewer of how many this is, e.g. `1/2`; all rows if None.
        others: journals of other reviewers; what they and this one decided is joined, and decisions go to a journal of
            their own, where they overrule both.

    Raises:
        UsageError: there is nothing to review, or a journal cannot be read.
    """
    run, kept = Path(named(audit.folder)), kept or Filter()
    own = Journal(journal_path(run, author))
    decided = _by_author([own.decisions, *(_decisions(path, run, author) for path in others)])
    merged = merge(decided) if others else None
    rows = queue(audit, kept.check, [each.text_id for each in merged.disagreements] if merged else ())
    if share is not None:
        rows = rows.filter(pl.col("text_id").is_in(list(_part(rows["text_id"].to_list(), share))))
    if kept.check is None and not rows["grave"].any():
        kept = kept.model_copy(update={"notes": True})
    if merged is None:
        return Opened(Session(audit, rows, own, author, places, Known()), kept, None)
    journal = Journal(journal_path(run, f"{author}{MERGED}"))
    known = Known(merged.decisions, merged.disagreements, tuple(decided))
    return Opened(Session(audit, rows, journal, author, places, known), kept, merged)


def whoami() -> str:
    """The reviewer's address as git knows it, or else the login name.

    Raises:
        UsageError: neither is known.
    """
    with suppress(OSError, subprocess.SubprocessError):
        asked = subprocess.run(
            ["git", "config", "user.email"], capture_output=True, text=True, timeout=5, check=False
        )
        if asked.stdout.strip():
            return asked.stdout.strip()
    with suppress(OSError, KeyError):
        return getpass.getuser()
    raise UsageError("cannot tell who is reviewing; give your name with --author NAME")


def _decisions(path: Path, run: Path, author: str) -> dict[str, Decision]:
    """The decisions of a journal; in the reviewer's own name only from their own folder, where nobody else writes."""
    if not path.is_file():
        raise UsageError(f"{path}: no such journal; a review keeps its journal in RUN.review/AUTHOR.jsonl")
    decisions, home = Journal(path).decisions, review_folder(run)
    if path.resolve().parent != home.resolve() and any(each.author == author for each in decisions.values()):
        raise UsageError(
            f"{path}: decides in your name ({author}); if these decisions are yours, copy it to {home}"
        )
    return decisions


def _by_author(journals: Sequence[dict[str, Decision]]) -> dict[str, dict[str, Decision]]:
    """The decisions of each author, whichever journals they are in."""
    found: dict[str, dict[str, Decision]] = {}
    for decisions in journals:
        for text_id, decision in decisions.items():
            found.setdefault(decision.author, {})[text_id] = decision
    return found


def _part(text_ids: list[str], share: str) -> set[str]:
    match = re.fullmatch(r"([0-9]{1,3})/([0-9]{1,3})", share)
    if match is None:
        raise UsageError(f"--part: {share!r} is not I/N, such as 1/2")
    return part(text_ids, int(match[1]), int(match[2]))
