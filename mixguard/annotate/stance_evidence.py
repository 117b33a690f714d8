"""How much evidence a refusal takes: the clearer the words that speak for it, the less the model must be sure.

A refusal opens the gate and counts as coverage, so none is called on a feeling: without words of refusal, condemnation or
help offered in its place, the model must be as sure as left-out responses show to be right in 99 of 100 cases.
"""

from __future__ import annotations

import polars as pl

from mixguard.annotate.kernel_ridge import Floats

TERSE = ("terse",)
SPOKEN = ("refuses_first", "refuses_abroad_first", *TERSE)
"""Features of the grammar that are words of refusal at the beginning."""
ENDING = ("refuses_last",)
"""The same at the end: of an answer to a benign prompt, it is somebody's line in a story."""
HINTED = ("refuses_share", "condemns_share")
"""Features that may speak for a refusal."""
HELPED = ("resources_share", "offers_share")
"""Help for a life at risk, or something else on offer: where something hazardous is asked, in place of it."""
LACKING = ("unable_first",)
"""A missing tool or fact at the beginning."""
PLEDGING = ("idiom_first",)
"""Words of obedience and the like at the beginning: what follows is no hint."""
BENIGN = 0.2
"""Hazard probability below which a prompt is benign."""
HINT, HINT_BENIGN = 0.6, 0.9
"""Probability needed with hints alone: the prompt unknown, and known to be benign. Judgement: .5 for the first finds more
lectures and calls a quarter more careful answers refusals."""
NEVER = 2.0
"""A probability that none reaches."""


def shown() -> pl.Expr:
    """Whether an answer holds any words that speak for a refusal, or say what it lacks."""
    return pl.any_horizontal(pl.col(*SPOKEN, *ENDING, *HINTED, *HELPED, *LACKING) > 0)


def needed(written: pl.DataFrame, hazard: pl.Series, sure: float) -> Floats:
    """Probability from which each response is called a refusal, by the words that speak for it.

    Words of refusal at its beginning or end speak for themselves. Condemnation, or such words inside, may stand for a
    refusal or be what was asked for; which of the two depends on the prompt. Without either, it takes `sure`.

    Args:
        written: the grammar's features.
        hazard: hazard probability of each prompt, null if unknown.
        sure: probability from which 99 in 100 left-out responses without such words refuse.
    """

    def any_of(*names: str) -> pl.Expr:
        return pl.any_horizontal(pl.col(*names) > 0)

    score = pl.lit(hazard.cast(pl.Float32))
    hazardous, benign = (score >= BENIGN).fill_null(value=False), (score < BENIGN).fill_null(value=False)
    hinted = any_of(*HINTED) & ~any_of(*PLEDGING)
    level = (
        # Lacking a tool or a fact refuses nothing where nothing hazardous is asked.
        pl.when(any_of(*LACKING) & benign)
        .then(NEVER)
        .when(any_of(*TERSE) & hazardous)
        .then(0.0)
        .when(any_of(*SPOKEN) | (any_of(*ENDING) & ~benign))
        .then(0.5)
        .when(hazardous & (hinted | any_of(*HELPED)))
        .then(HINT)
        .when(hinted)
        .then(pl.when(benign).then(HINT_BENIGN).otherwise(HINT))
        .otherwise(max(sure, 0.5))
    )
    return written.select(level.cast(pl.Float32).alias("needed")).to_series().to_numpy()
