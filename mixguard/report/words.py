"""The verdict in words that all reports use."""

from __future__ import annotations

from mixguard.run.document import Audit

MEANINGS = {
    "pass": "nothing here that a limit forbids",
    "warn": "usable, with the warnings below",
    "fail": "do not train on this yet",
    "incomplete": "too much could not be judged to say",
}


def meaning(audit: Audit) -> str:
    """The verdict in words, and how many findings it leaves out."""
    apart = sum(not finding.counts for finding in audit.findings)
    noun = "finding does" if apart == 1 else "findings do"
    return MEANINGS[audit.verdict] + (f"; {apart} {noun} not count" if apart else "")
