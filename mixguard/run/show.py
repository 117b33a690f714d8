"""An audit as the value of an expression: three lines, or a short page in a notebook."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from mixguard.escape import plain, shorten
from mixguard.run.findings import CorpusSummary, Coverage, Finding

NAMES_SHOWN = 60
COLOURS = {
    "pass": "#1a7f37",
    "note": "#0969da",
    "warn": "#9a6700",
    "fail": "#cf222e",
    "incomplete": "#8250df",
}


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


def page(
    verdict: str,
    meaning: str,
    corpus: CorpusSummary,
    coverage: Sequence[Coverage],
    findings: Sequence[Finding],
) -> str:
    """Verdict, findings and coverage as an HTML fragment, every value escaped."""
    stamp = f"<b style='color:{COLOURS[verdict]}'>{verdict.upper()}</b>"
    head = f"<p>{stamp} {_safe(meaning)}<br>{_safe(corpus_line(corpus))}</p>"
    found = [
        (
            f"<b style='color:{COLOURS[each.severity]}'>{each.severity}</b>",
            each.kind,
            f"{each.id} {_safe(each.name)}",
            _safe(each.message),
        )
        for each in counting(findings)
    ]
    hazards = [
        (
            _safe(row.name),
            f"{row.exchanges:,}",
            f"{row.full_refusal:,}",
            f"{row.partial_refusal:,}",
            f"{row.full_compliance:,}",
            row.covered,
        )
        for row in coverage
    ]
    return (
        head
        + _table(("", "kind", "finding", "what was found"), found)
        + _table(("hazard", "prompts", "refused", "partial", "answered", "covered"), hazards)
    )


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    if not rows:
        return ""
    names = "".join(f"<th style='text-align:left'>{name}</th>" for name in head)
    body = "".join(
        "<tr>" + "".join(f"<td style='text-align:left'>{cell}</td>" for cell in row) + "</tr>" for row in rows
    )
    return f"<table><thead><tr>{names}</tr></thead><tbody>{body}</tbody></table>"


def _safe(text: str) -> str:
    return escape(plain(text))
