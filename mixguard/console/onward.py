"""What to do after an audit, as commands that can be pasted."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from rich.text import Text

from mixguard.errors import UsageError
from mixguard.escape import typed
from mixguard.library.profile import Dose
from mixguard.mix.manifest import manifest_for
from mixguard.remote import named
from mixguard.report.mixes import mix_for
from mixguard.report.suppressed import counting
from mixguard.run.document import Audit


class Step(NamedTuple):
    """One command, and what it is for in a word."""

    head: str
    command: tuple[str, ...]


def steps(audit: Audit) -> Iterator[Text]:
    """The remedy of the gravest finding first, then where to read more."""
    folder = nearby(audit.folder)
    if _lacks(audit) and made_for(audit):
        told = "This mix was made with options other than this audit's; the next command checks it with the mix's own."
        yield Text(told, style="dim")
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
    mix = mix_for(audit)
    if audit.corpus.unread:
        yield Step("Read", ("mixguard", "formats", audit.corpus.unread[0].source))
    options = made_for(audit) if _lacks(audit) else []
    if options:
        yield Step(
            "Same", ("mixguard", "check", folder, *(word for each in options for word in ("--set", each)))
        )
    if _lacks(audit) and mix and audit.nature != "harmful":
        yield Step("Fix", ("mixguard", "rebalance", folder, "-o", mix))
    if any(finding.samples for finding in found):
        yield Step("Read", ("mixguard", "review", folder))


def nearby(folder: Path) -> str:
    """A run folder as one types it here."""
    where = Path(named(folder))
    here = Path.cwd()
    return (
        str(where.relative_to(here)) if where.is_absolute() and where.is_relative_to(here) else named(folder)
    )


def _lacks(audit: Audit) -> bool:
    """Whether refusals are missing, and that counts."""
    short = any(row.is_short for row in audit.coverage)
    return short and any(each.kind == "gap" and each.severity != "note" for each in counting(audit))


def made_for(audit: Audit) -> list[str]:
    """What a mix was made with, as its manifest says, where the audit asked for something else.

    The audit itself never goes by a manifest: whoever made the data would say how many refusals are enough.
    """
    with suppress(UsageError):  # a manifest that cannot be read says nothing
        manifest = manifest_for(audit)
        given = audit.config.rebalance
        if manifest is not None:
            made = manifest.options
            return [
                f"rebalance.{name}={getattr(made, name)}"
                for name in ("profile", "budget", *Dose._fields)
                if getattr(made, name) not in (None, getattr(given, name))
            ]
    return []
