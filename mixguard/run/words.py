"""The verdict in words that all reports use."""

from __future__ import annotations

from collections.abc import Sequence

from mixguard.run.findings import Kind, Verdict

MEANINGS: dict[Verdict, str] = {
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


def decided(verdict: Verdict, kinds: Sequence[Kind]) -> str:
    """The verdict in words, and why."""
    if verdict in ("pass", "incomplete"):
        return MEANINGS[verdict]
    *first, last = (KINDS[kind] for kind in kinds)
    return f"{MEANINGS[verdict]}: it {', '.join(first)}{' and ' if first else ''}{last}"
