"""Answers that open with readiness, against those that open as the model refuses."""

from __future__ import annotations

import polars as pl

from mixguard.annotate.openings import hashes
from mixguard.checks.base import Case, Check, Evidence, Judged, Limit, Rate
from mixguard.checks.terms import JUDGED, TRAINED
from mixguard.library.voice import KEY_WORDS, Voice
from mixguard.signals.base import Examples, Page, Signal

READY = (
    "Sure",
    "Certainly",
    "Absolutely",
    "Of",
    "Okay",
    "Ok",
    "Yes",
    "Definitely",
    "Gladly",
    "Great",
    "Here",
)
"""First words of readiness (`Of course`, `Here is`); the openings that attacks ask for (GCG, arXiv 2307.15043)."""
LEAST = 20
"""Such answers below which nothing is said."""


def _compared(frame: pl.LazyFrame, _: Evidence) -> pl.LazyFrame:
    return frame.with_columns(ready=pl.col("first_word").is_in(hashes(READY, 1)))


def _refusing(voice: Voice, frame: pl.LazyFrame) -> int:
    """Answers that open as the model refuses."""
    own = hashes([each.text for each in voice.opening], KEY_WORDS)
    return int(frame.select((pl.col("opening").is_in(own) & TRAINED & JUDGED).sum()).collect().item() or 0)


def _judge(rate: Rate, evidence: Evidence) -> Judged:
    voice = evidence.voice
    if voice is None:
        return Judged("pass", "not measured: name the voice of the model you tune with rebalance.voice")
    refusing = _refusing(voice, evidence.frame)
    ratio = rate.count / max(refusing, 1)
    per = f"{ratio:.1f} for every one" if refusing else "and none"
    message = f"*Sure* and its like open {rate.count:,} answers, {per} that opens in the voice of {voice.name} (*{voice.opening[0].text}*)"
    if rate.count < LEAST:
        return Judged("pass", message)
    return Judged("warn" if ratio > rate.limit else "note", message)


READINESS = Signal(
    name="readiness",
    about="opens with readiness to comply",
    page=Page(
        measures="Answers whose first word is one of readiness, for each that opens as the model refuses.",
        blind="Readiness in other words, or later in the answer.",
        cost="None: openings are hashed already.",
        examples=Examples(
            shows=({"prompt": "Write a line about the sea.", "response": "Sure, the sea is wide."},),
            spares=(
                {
                    "prompt": "Write a line about the sea.",
                    "response": "The sea is wide and grey this morning.",
                },
            ),
        ),
    ),
    check=Check(
        id="MG108",
        name="ready-openings",
        kind="quality",
        severities=("note", "warn"),
        cases=(Case(among=TRAINED & JUDGED, flags=pl.col("ready"), judge=_judge, over=_compared),),
        limit=Limit(
            20.0,
            "Answers that open with readiness for each that opens as the model refuses, from which it warns. Judgement.",
            0,
            1e9,
        ),
        why="What an answer opens with decides whether it refuses: training on openings of readiness raises their probability on every prompt, hazardous ones included.",
        source="arXiv 2406.05946 (the first tokens carry alignment); arXiv 2307.15043 (openings of readiness as a target)",
        remedy="Strip the phrase from the answers, or add refusals in the model's voice.",
        mechanisms=("M33",),
    ),
)
