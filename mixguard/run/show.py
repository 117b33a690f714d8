"""An audit in a few words: what was read, and what was found."""

from __future__ import annotations

from collections.abc import Sequence

from mixguard.escape import shorten
from mixguard.run.findings import CorpusSummary, Coverage, Finding

NAMES_SHOWN = 60


def corpus_line(corpus: CorpusSummary) -> str:
    """What was read, in a few words."""
    names = list(corpus.sources)
    named = shorten(names[0], NAMES_SHOWN) if len(names) == 1 else f"{len(names)} sources"
    rejected = f", {corpus.rejected:,} in quarantine" if corpus.rejected else ""
    return f"{named}: {corpus.samples:,} samples, {corpus.exchanges:,} exchanges{rejected}"


def coverage_line(coverage: Sequence[Coverage]) -> str:
    """How many hazards have fewer refusals than wanted."""
    return f"{sum(row.is_short for row in coverage)} of {len(coverage)} hazards have too few refusals"


def findings_line(findings: Sequence[Finding]) -> str:
    """Findings that are neither passed nor suppressed, in a few words."""
    told = [f"{finding.id} {finding.severity}" for finding in counting(findings)]
    return ", ".join(told) or "no findings"


def counting(findings: Sequence[Finding]) -> list[Finding]:
    """Findings that are neither passed nor suppressed."""
    return [finding for finding in findings if finding.counts and finding.severity != "pass"]
