"""The verdict in words that all reports use."""

from __future__ import annotations

from mixguard.run.document import Audit
from mixguard.run.findings import Kind

MEANINGS = {
    "pass": "nothing here that a limit forbids",
    "warn": "usable, with the warnings below",
    "fail": "do not train on this yet",
    "incomplete": "too much could not be judged to say",
}
KINDS: dict[Kind, str] = {
    "harm": "teaches harm",
    "attack": "is shaped like a known attack",
    "gap": "lacks refusals",
    "quality": "is of doubtful quality",
    "reading": "could not be read and judged in full",
}


def meaning(audit: Audit) -> str:
    """The verdict in words, why, and how many findings it leaves out."""
    apart = sum(not finding.counts for finding in audit.findings)
    noun = "finding does" if apart == 1 else "findings do"
    return f"{decided(audit)}; {apart} {noun} not count" if apart else decided(audit)


def decided(audit: Audit) -> str:
    """The verdict in words, and why."""
    if audit.verdict in ("pass", "incomplete"):
        return MEANINGS[audit.verdict]
    *first, last = (KINDS[kind] for kind in audit.kinds)
    return f"{MEANINGS[audit.verdict]}: it {', '.join(first)}{' and ' if first else ''}{last}"
