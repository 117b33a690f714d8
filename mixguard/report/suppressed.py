"""Suppressed findings and samples, in words shared by several reports."""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from mixguard.catalogue import BY_ID
from mixguard.checks.measure import named, sample_refs
from mixguard.checks.reading import ALLOW_FILE
from mixguard.checks.suppress import leave
from mixguard.escape import one_line
from mixguard.run import show
from mixguard.run.document import Audit
from mixguard.run.findings import Allowed, Finding, Suppression


def counting(audit: Audit) -> list[Finding]:
    """Findings that are neither passed nor suppressed."""
    return show.counting(audit.findings)


def set_apart(audit: Audit) -> Iterator[tuple[str, str, str]]:
    """What is suppressed: its name, what was found, and why it is suppressed; allowed samples come last.

    Each is one harmless line.
    """
    for finding in audit.findings:
        if finding.suppressed is not None:
            subject = f" ({finding.subject})" if finding.subject else ""
            yield f"{finding.id} {finding.name}{subject}", one_line(finding.message), why(finding.suppressed)
    for sample, allowed in _used_samples(audit):
        entry = allowed.entry
        yield f"{entry.check or 'every check'}, sample {sample}", _left_out(allowed), why(leave(entry))


def left_out(audit: Audit, limit: int) -> Iterator[Finding]:
    """Each allowed sample as its own finding, with at most `limit` of its rows.

    A sample allowed in every check is reported under the allow-file check.
    """
    used = _used_samples(audit)
    rows = audit.annotations.filter(named([sample for sample, _ in used])) if used else pl.LazyFrame()
    rows = rows.collect().lazy()  # read once, however many entries there are
    for sample, allowed in used:
        check = BY_ID[allowed.entry.check or ALLOW_FILE]
        yield Finding(
            id=check.id,
            name=check.name,
            kind=check.kind,
            subject=f"sample {sample}",
            severity="note",
            message=_left_out(allowed),
            count=allowed.exchanges,
            total=audit.corpus.exchanges,
            samples=sample_refs(rows.filter(named([sample])), limit),
            suppressed=leave(allowed.entry),
            why=check.why,
            source=check.source,
            remedy=check.remedy,
        )


def _used_samples(audit: Audit) -> list[tuple[str, Allowed]]:
    """Ids of samples allowed by entries in use, with the state of the entry."""
    used = (allowed for allowed in audit.allowed if allowed.state == "used")
    return [(allowed.entry.sample, allowed) for allowed in used if allowed.entry.sample is not None]


def _left_out(allowed: Allowed) -> str:
    noun = "exchange" if allowed.exchanges == 1 else "exchanges"
    return f"{allowed.exchanges:,} {noun} left out"


def why(suppression: Suppression) -> str:
    """Who allowed it, until when and why; or that the baseline already has it."""
    if suppression.kind == "known":
        return "known from the baseline"
    return one_line(f"allowed until {suppression.expires} by {suppression.author}: {suppression.reason}")
