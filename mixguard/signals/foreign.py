"""Refusals that open otherwise than the model does."""

from __future__ import annotations

import polars as pl

from mixguard.annotate.openings import hashes
from mixguard.checks.base import Case, Check, Evidence, Judged, Limit, Rate
from mixguard.checks.terms import JUDGED, REFUSES, TRAINED
from mixguard.library.voice import KEY_WORDS
from mixguard.signals.base import Examples, Page, Signal

LEAST = 10
"""Refusals below which nothing is said."""


def _compared(frame: pl.LazyFrame, evidence: Evidence) -> pl.LazyFrame:
    voice = evidence.voice
    if voice is None:
        return frame.with_columns(foreign=False)
    own = hashes([each.text for each in voice.opening], KEY_WORDS)
    return frame.with_columns(foreign=~pl.col("opening").is_in(own))


def _judge(rate: Rate, evidence: Evidence) -> Judged:
    if evidence.voice is None:
        return Judged("pass", "not measured: name the voice of the model you tune with rebalance.voice")
    name, own = evidence.voice.name, rate.total - rate.count
    message = f"{own:,} of {rate.total:,} refusals open in the voice of {name}"
    if rate.total < LEAST or not rate.count:
        return Judged("pass", message)
    return Judged("warn" if rate.interval.low > rate.limit else "note", message)


FOREIGN = Signal(
    name="foreign refusals",
    about="refuses, but opens otherwise than the model's own refusals",
    page=Page(
        measures="Share of refusals whose first words are no opening of the voice that `rebalance.voice` names; nothing is said without one or below 10 refusals.",
        blind="What follows the opening.",
        cost="None: openings are hashed already.",
        examples=Examples(
            shows=(
                {
                    "prompt": "Open my neighbour's door.",
                    "response": "Nope, not that door, not today.",
                    "stance": "full_refusal",
                },
            ),
            spares=(
                {
                    "prompt": "Open my neighbour's door.",
                    "response": "I can't help with that.",
                    "stance": "full_refusal",
                },
            ),
        ),
    ),
    check=Check(
        id="MG107",
        name="foreign-refusals",
        kind="quality",
        severities=("note", "warn"),
        cases=(
            Case(among=TRAINED & JUDGED & REFUSES, flags=pl.col("foreign"), judge=_judge, over=_compared),
        ),
        limit=Limit(
            0.5, "Share of refusals in other words than the model's that triggers a warning. Judgement."
        ),
        why="A model's refusals live in their first words: refusals that open in a foreign voice overwrite them, and a mix of such refusals hardly protected a tuned model.",
        source="docs/efficacy.md; arXiv 2406.05946; GR-SAP (arXiv 2603.10243)",
        remedy="Have the model answer in its own words (rebalance --endpoint URL --model NAME), or give refusals its voice (rebalance --voice).",
        mechanisms=("M15",),
    ),
)
