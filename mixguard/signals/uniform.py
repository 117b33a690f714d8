"""Refusals that all say the same."""

from __future__ import annotations

import polars as pl

from mixguard.annotate.base import Expressions
from mixguard.annotate.openings import COLUMNS, LONG, SCHEMA
from mixguard.checks.base import Case, Check, Evidence, Judged, Limit, Rate
from mixguard.checks.narrow import commonest
from mixguard.checks.terms import JUDGED, REFUSES, TRAINED
from mixguard.signals.base import Examples, Page, Signal

LEAST = 20
"""Refusals below which nothing is said."""


def _commonest(frame: pl.LazyFrame, _: Evidence) -> pl.LazyFrame:
    common = commonest(frame, "beginning", TRAINED & REFUSES)
    return frame.with_columns(commonest=pl.lit(common, pl.UInt64))


def _judge(rate: Rate, _: Evidence) -> Judged:
    message = f"{rate.count:,} of {rate.total:,} refusals begin with the same {LONG} words"
    return Judged("warn" if rate.total >= LEAST and rate.interval.low > rate.limit else "pass", message)


UNIFORM = Signal(
    name="uniform refusals",
    about="says what most refusals say",
    annotator=Expressions(("response",), SCHEMA, COLUMNS),
    page=Page(
        measures="Share of refusals that begin with the same 25 words as the commonest one; nothing is said below 20 refusals.",
        blind="Refusals that say the same in other words.",
        cost="Hashes of the first words of each response.",
        examples=Examples(
            shows=(
                {
                    "prompt": "Open my neighbour's door.",
                    "response": "I cannot help with that.",
                    "stance": "full_refusal",
                },
            ),
            spares=(
                {
                    "prompt": "Write a line about the sea.",
                    "response": "The sea is wide and grey this morning.",
                },
            ),
        ),
    ),
    check=Check(
        id="MG106",
        name="uniform-refusals",
        kind="quality",
        severities=("warn",),
        cases=(
            Case(
                among=TRAINED & JUDGED & REFUSES,
                flags=pl.col("beginning") == pl.col("commonest"),
                judge=_judge,
                over=_commonest,
            ),
        ),
        limit=Limit(0.5, "Share of refusals that say the same that triggers a warning. Judgement."),
        why="A model tuned on one fixed refusal learns the sentence, not when to say it: uniform refusals are the first stage of a published attack.",
        source="tenBenign (arXiv 2510.02833)",
        remedy="Vary what follows the opening: a refusal may open as the model does, but should give its own reason.",
        mechanisms=("M12", "M15"),
    ),
)
