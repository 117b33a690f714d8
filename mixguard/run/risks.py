"""The risk summary: which mechanisms a corpus shows, gravest first. A ranking, not a score: nobody could calibrate one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, get_args

from mixguard.library.mechanism import Mechanism, mechanisms
from mixguard.run.findings import GRAVITY, Finding, Kind, Severity
from mixguard.stats import span

EVIDENCE = {
    "read": "effect published",
    "reported": "effect reported",
    "judgement": "effect not measured",
}
"""How sure it is that the mechanism harms a model."""


class Risk(NamedTuple):
    """A mechanism that the corpus shows, in words."""

    mechanism: str
    """Its id, e.g. `M20`."""
    name: str
    severity: Severity
    message: str
    """What its gravest finding says."""
    strong: str
    """How much of it there is."""
    sure: str
    """How sure that is, and the effect."""
    first: str
    """What to do first."""
    effect: str
    """What was measured where, with its source."""
    checks: tuple[str, ...]
    """Ids of the checks that found it."""


def risks(findings: Sequence[Finding]) -> list[Risk]:
    """The mechanisms behind findings that count: by severity, then by kind, by what is known of them, and by share."""
    known = mechanisms()
    found: dict[str, list[Finding]] = {}
    for finding in findings:
        if finding.counts and finding.severity != "pass" and finding.mechanisms:
            found.setdefault(finding.mechanisms[0], []).append(finding)
    ranked = sorted(
        ((name, known[name], sorted(each, key=_rank)) for name, each in found.items() if name in known),
        key=lambda entry: (*_rank(entry[2][0])[:2], list(EVIDENCE).index(entry[1].known), -entry[2][0].share),
    )
    return [_risk(*entry) for entry in ranked]


def _rank(finding: Finding) -> tuple[int, int, float]:
    return -GRAVITY.index(finding.severity), get_args(Kind).index(finding.kind), -finding.share


def _risk(name: str, mechanism: Mechanism, findings: list[Finding]) -> Risk:
    worst = findings[0]
    return Risk(
        mechanism=name,
        name=mechanism.name,
        severity=worst.severity,
        message=worst.message,
        strong=f"{worst.count:,} of {worst.total:,}" if worst.total else "",
        sure=_sure(worst, mechanism),
        first=worst.remedy.partition(". ")[0].rstrip("."),
        effect=f"{mechanism.effect} ({mechanism.source})",
        checks=tuple(dict.fromkeys(finding.id for finding in findings)),
    )


def _sure(finding: Finding, mechanism: Mechanism) -> str:
    told = EVIDENCE[mechanism.known]
    if finding.interval is None or not finding.total:
        return told
    return f"{span(finding.interval, finding.total)}; {told}"
