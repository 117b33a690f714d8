"""What was checked, in the words of standards and laws; folded, because it is wide."""

from __future__ import annotations

from collections.abc import Iterator

from mixguard.library.standard import Clause, standards
from mixguard.report.card.table import table
from mixguard.run.document import Audit
from mixguard.run.findings import GRAVITY, Severity

UNMEASURED = "not measured"
"""How the message begins of a check that was not told what it needs."""


def checked_against(audit: Audit) -> Iterator[str]:
    """One table for each standard: its rows, the checks that serve them with what they found, and what is left open."""
    found = _results(audit)
    for number, standard in enumerate(standards()):
        if number:
            yield ""
        yield "<details>"
        yield f"<summary>What was checked, in the words of {standard.name}</summary>"
        yield ""
        rows = [(row.id, row.asks, _served(row, found), row.gap) for row in standard.clause]
        yield from table(("row", "asks for", "served by", "not covered"), "llll", rows)
        yield ""
        yield f"{standard.note} Source: {standard.source}"
        yield ""
        yield "</details>"


def _results(audit: Audit) -> dict[str, str]:
    """The gravest result of each check."""
    gravest: dict[str, Severity] = {}
    for finding in audit.findings:
        gravest[finding.id] = max(gravest.get(finding.id, "pass"), finding.severity, key=GRAVITY.index)
    unmeasured = {finding.id for finding in audit.findings if finding.message.startswith(UNMEASURED)}
    return {name: UNMEASURED if name in unmeasured else severity for name, severity in gravest.items()}


def _served(row: Clause, found: dict[str, str]) -> str:
    checks = [f"{name} ({found[name]})" for name in row.checks if name in found]
    return ", ".join([*checks, *([row.by] if row.by else [])]) or "nothing"
