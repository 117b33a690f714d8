"""The verdict in words, shared by all reports."""

from __future__ import annotations

from collections.abc import Sequence

from mixguard.run.findings import Kind, Verdict

MEANINGS: dict[Verdict, str] = {
    "pass": "within all limits",
    "warn": "usable with warnings",
    "fail": "do not train on this yet",
    "incomplete": "too little could be read or judged to decide",
}
KINDS: dict[Kind, str] = {
    "harm": "teaches harm",
    "attack": "resembles a known attack",
    "gap": "leaves refusal gaps",
    "quality": "has quality problems",
    "reading": "has reading problems",
}
"""Each phrase contains its kind, the word that `--fail-on` takes."""


def decided(verdict: Verdict, kinds: Sequence[Kind]) -> str:
    """The verdict in words, with the kinds of findings that decided it."""
    if not kinds:
        return MEANINGS[verdict]
    *first, last = (KINDS[kind] for kind in kinds)
    lead = "signs that it" if verdict == "warn" else "it"
    return f"{MEANINGS[verdict]}: {lead} {', '.join(first)}{' and ' if first else ''}{last}"
