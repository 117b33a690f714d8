"""What to do next, with commands that work as shown."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from typing import NamedTuple

from mixguard.remote import named
from mixguard.report.html.rows import gravest
from mixguard.report.mixes import mix_for
from mixguard.run.document import Audit
from mixguard.run.findings import Finding


class Step(NamedTuple):
    """One thing to do."""

    what: str
    command: str | None = None
    """How; None if no command does it, or none can be shown as typed."""


def steps(audit: Audit, *, mixed: bool) -> list[Step]:
    """What to do next, the first thing first: the rows where the corpus does harm, else what it lacks.

    Args:
        audit: of the corpus.
        mixed: whether it is a mix that was made already.
    """
    found = [*_adding(audit, mixed=mixed), *_reading(audit)]
    if any(finding.kind in ("harm", "attack") for finding in _grave(audit, "fail")):
        found.reverse()
    if found:
        return found
    if audit.verdict == "incomplete":
        return [Step("Fix what could not be read or judged, and audit again.")]
    return [
        Step("Nothing to do before training. Afterwards, probe the tuned model and compare it with its base.")
    ]


def _adding(audit: Audit, *, mixed: bool) -> Iterator[Step]:
    missing = sum(max(row.wanted - row.refusals, 0) for row in audit.coverage)
    if missing and not mixed:
        noun = "refusal" if missing == 1 else "refusals"
        what = f"Add at least {missing:g} {noun}, and harmless look-alikes so that the model does not over-refuse."
        yield Step(what, command(audit))


def _reading(audit: Audit) -> Iterator[Step]:
    listed = [finding for finding in _grave(audit, "fail", "warn") if finding.samples]
    if listed:
        rows = "1 row" if sum(finding.count for finding in listed) == 1 else "rows"
        checks = " and ".join(dict.fromkeys(finding.name.replace("-", " ") for finding in listed[:2]))
        yield Step(
            f"Read the {rows} behind {checks}: keep them, or set them aside.",
            _typed("review", named(audit.folder)),
        )


def _grave(audit: Audit, *severities: str) -> list[Finding]:
    return [
        finding for finding in gravest(audit.findings) if finding.counts and finding.severity in severities
    ]


def _typed(*arguments: str) -> str | None:
    """A command as it is typed; None if it has characters that cannot be shown."""
    written = shlex.join(["mixguard", *arguments])
    return written if written.isprintable() else None


def command(audit: Audit) -> str | None:
    """`mixguard rebalance` for this run; None if it would not write a mix, or cannot be shown as typed."""
    out = mix_for(audit)
    return None if out is None else _typed("rebalance", named(audit.folder), "-o", out)
