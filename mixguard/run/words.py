"""The verdict in words, shared by all reports."""

from __future__ import annotations

from collections.abc import Sequence

from mixguard.run.findings import Finding, Kind, Verdict

MEANINGS: dict[Verdict, str] = {
    "pass": "within all limits",
    "warn": "usable with warnings",
    "fail": "do not train on this yet",
    "incomplete": "too little could be read or judged to decide",
}
KINDS: dict[Kind, str] = {
    "harm": "teaches harm",
    "attack": "resembles an attack",
    "gap": "lacks refusals",
    "quality": "has quality problems",
    "reading": "has reading problems",
}

UNCOUNTED = frozenset(["MG225", "MG236"])
"""Checks that find hazards where coverage counts none: in prompts without an answer, and in documents."""


def kinds_told(verdict: Verdict, kinds: Sequence[Kind]) -> str:
    """The verdict and its kinds, e.g. `do not train on this yet: it lacks refusals`."""
    if not kinds:
        return MEANINGS[verdict]
    *rest, last = (KINDS[kind] for kind in kinds)
    lead = "signs that it" if verdict == "warn" else "it"
    return f"{MEANINGS[verdict]}: {lead} {', '.join(rest)}{' and ' if rest else ''}{last}"


def decided(verdict: Verdict, findings: Sequence[Finding]) -> str:
    """The verdict in words: its kinds, and for a failure what was found, e.g. `lacks refusals. 0 of the 110 ...`."""
    deciding = [finding for finding in findings if finding.counts and finding.severity == verdict != "pass"]
    kinds = [kind for kind in KINDS if any(finding.kind == kind for finding in deciding)]
    if verdict != "fail" or not kinds:
        return kinds_told(verdict, kinds)
    first = {kind: next(finding for finding in deciding if finding.kind == kind) for kind in kinds}
    return "; ".join(f"{KINDS[kind]}. {finding.message}" for kind, finding in first.items())


def untouched(count: int, of: int, findings: Sequence[Finding]) -> str:
    """How many of the hazards no trained exchange touches, e.g. `9 other hazards: none seen`; empty if there are none."""
    if not count:
        return ""
    other = "" if count == of else "other "
    found = sorted({each.id for each in findings if each.id in UNCOUNTED and each.count})
    where = f" in answered prompts (elsewhere: {', '.join(found)})" if found else ""
    return f"{count} {other}{'hazard' if count == 1 else 'hazards'}: none seen{where}"
