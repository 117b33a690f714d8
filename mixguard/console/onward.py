"""What to do after an audit, as commands that can be pasted."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import PurePath
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
    """One command, and what it is for."""

    command: tuple[str, ...]
    told: str


def steps(audit: Audit) -> Iterator[Text]:
    """The remedy first; then how to read more."""
    folder = named(audit.folder)
    first, *rest = [
        *_remedies(audit, folder),
        Step(("mixguard", "report", folder, "-o", "report.html"), "everything as a page"),
    ]
    yield _line("Next", first)
    yield from (_line("", step) for step in rest[:1])
    yield Text.assemble(("Why   ", "dim"), (typed("mixguard", "report", folder, "-v"), "dim"))


def _line(head: str, step: Step) -> Text:
    return Text.assemble((f"{head:<6}", "bold"), typed(*step.command), (f"   # {step.told}", "dim"))


def _remedies(audit: Audit, folder: str) -> Iterator[Step]:
    """What mends the gravest findings."""
    found = [finding for finding in counting(audit) if finding.severity != "note"]
    mix = mix_of(tuple(audit.corpus.sources))
    lacking = sum(row.is_short for row in audit.coverage)
    if audit.corpus.unread:
        source = audit.corpus.unread[0].source
        yield Step(("mixguard", "formats", source), "which columns were not read")
    if lacking and mix and audit.nature != "harmful" and any(finding.kind == "gap" for finding in found):
        yield Step(("mixguard", "rebalance", folder, "-o", mix), "adds the refusals that are missing")
    if any(finding.samples for finding in found):
        yield Step(("mixguard", "review", folder), "read the flagged rows one by one")


def mix_of(sources: Sequence[str]) -> str | None:
    """A name for the mix of these sources; None if they cannot be mixed where they are."""
    if not sources or any(suffix_of(PurePath(name).name) not in REWRITTEN for name in sources):
        return None
    if len(sources) > 1:
        return f"{SAFE}-data"
    name = PurePath(sources[0]).name
    ending = name[name.lower().rindex(suffix_of(name)) :]
    return f"{name.removesuffix(ending)}.{SAFE}{ending}"
