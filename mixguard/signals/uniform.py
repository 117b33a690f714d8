"""Refusals that all begin alike."""

from __future__ import annotations

import polars as pl

from mixguard.annotate.base import Expressions
from mixguard.checks.base import Case, Check, Evidence, Judged, Limit, Rate
from mixguard.checks.terms import JUDGED, REFUSES, TRAINED
from mixguard.signals.base import Signal

WORDS = 5
"""Words that are compared."""
LEAST = 20
"""Refusals below which nothing is said."""

_OPENING = (
    pl.col("response")
    .str.slice(0, 200)
    .str.to_lowercase()
    .str.extract_all(r"[\p{L}\p{M}']+")
    .list.head(WORDS)
).list.join(" ")


def _commonest(frame: pl.LazyFrame) -> pl.LazyFrame:
    return frame.with_columns(commonest=pl.col("opening").filter(TRAINED & REFUSES).mode().sort().first())


def _judge(rate: Rate, _: Evidence) -> Judged:
    message = f"{rate.count:,} of {rate.total:,} refusals begin with the same {WORDS} words"
    return Judged("warn" if rate.total >= LEAST and rate.interval.low > rate.limit else "pass", message)


UNIFORM = Signal(
    name="uniform refusals",
    about="begins as most refusals do",
    annotator=Expressions(("response",), pl.Schema({"opening": pl.UInt64}), {"opening": _OPENING.hash()}),
    check=Check(
        id="MG106",
        name="uniform-refusals",
        kind="quality",
        severities=("warn",),
        cases=(
            Case(
                among=TRAINED & JUDGED & REFUSES,
                flags=pl.col("opening") == pl.col("commonest"),
                judge=_judge,
                over=_commonest,
            ),
        ),
        limit=Limit(0.5, "Share of refusals with the same opening that triggers a warning. Judgement."),
        why="A model tuned on one fixed refusal learns the sentence, not when to say it: uniform refusals are the first stage of a published attack.",
        source="tenBenign (arXiv 2510.02833)",
        remedy="Vary the refusals, or draw them from a bank with many voices.",
    ),
)
