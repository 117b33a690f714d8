"""What to do after an audit, as commands that can be pasted."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path, PurePath
from typing import NamedTuple

from rich.text import Text

from mixguard.corpus.files.sniff import TEXT, suffix_of
from mixguard.escape import typed
from mixguard.remote import named
from mixguard.report.suppressed import counting
from mixguard.run.document import Audit

REWRITTEN = (*TEXT, ".parquet")
"""Ends of names whose files a mix can be written as."""
SAFE = "safe"
"""What the name of a suggested mix says."""


class Step(NamedTuple):
    """One command, and what it is for in a word."""

    head: str
    command: tuple[str, ...]


def steps(audit: Audit) -> Iterator[Text]:
    """The remedy of the gravest finding first, then where to read more."""
    folder = nearby(audit.folder)
    yield from listed(
        [
            *_remedies(audit, folder),
            Step("Page", ("mixguard", "report", folder, "-o", "report.html")),
            Step("Why", ("mixguard", "report", folder, "-v")),
        ]
    )


def listed(found: Iterable[Step]) -> Iterator[Text]:
    """Commands under one another, the first as what comes next."""
    for number, step in enumerate(found):
        head = f"{step.head if number else 'Next':<6}"
        yield Text.assemble(
            (head, "dim" if number else "bold"), typed(*step.command), overflow="ignore", no_wrap=True
        )


def _remedies(audit: Audit, folder: str) -> Iterator[Step]:
    """What mends the findings that decide."""
    found = [finding for finding in counting(audit) if finding.severity != "note"]
    mix = mix_of(tuple(audit.corpus.sources))
    lacking = any(row.is_short for row in audit.coverage) and any(finding.kind == "gap" for finding in found)
    if audit.corpus.unread:
        yield Step("Read", ("mixguard", "formats", audit.corpus.unread[0].source))
    if lacking and mix and audit.nature != "harmful":
        yield Step("Mend", ("mixguard", "rebalance", folder, "-o", mix))
    if any(finding.samples for finding in found):
        yield Step("Read", ("mixguard", "review", folder))


def nearby(folder: Path) -> str:
    """A run folder as one types it here."""
    where = Path(named(folder))
    here = Path.cwd()
    return (
        str(where.relative_to(here)) if where.is_absolute() and where.is_relative_to(here) else named(folder)
    )


def mix_of(sources: Sequence[str]) -> str | None:
    """A name for the mix of these sources; None if they cannot be mixed where they are."""
    if not sources or any(suffix_of(PurePath(name).name) not in REWRITTEN for name in sources):
        return None
    if len(sources) > 1:
        return f"{SAFE}-data"
    name = PurePath(sources[0]).name
    ending = name[name.lower().rindex(suffix_of(name)) :]
    return f"{name.removesuffix(ending)}.{SAFE}{ending}"
