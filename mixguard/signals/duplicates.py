"""Repeated samples: the same words as an earlier one."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import polars as pl

from mixguard.checks.base import Case, Check, Evidence, Judged, Limit, Rate
from mixguard.checks.narrow import EXCHANGE, SAMPLE, in_order, key, spread
from mixguard.signals.base import Examples, Page, Signal


def _samples(frame: pl.LazyFrame, _: Evidence) -> pl.LazyFrame:
    """One row per trained sample: its first exchange, and whether an earlier sample has all the same texts.

    A repeated "thanks" within longer conversations does not make a repeated sample.
    """
    texts = key("prompt_id").hash(1) ^ key("response_id").hash(2)
    order = ("source", "line", SAMPLE, EXCHANGE)
    rows = in_order(frame, texts.alias("texts"), order=order)
    starts = rows.get_column(SAMPLE).rle().struct.field("len").cum_sum().shift(1, fill_value=0).to_numpy()
    firsts = rows.select(SAMPLE, EXCHANGE)[starts]
    marks = firsts.with_columns(repeats=~_together(rows.get_column("texts"), starts).is_first_distinct())
    return spread(frame, marks, "repeats")


def _together(texts: pl.Series, starts: npt.NDArray[np.uint32]) -> pl.Series:
    """One number for the texts of each sample and their order."""
    if not len(starts):
        return texts
    lengths = np.diff(starts, append=len(texts))
    within = np.arange(len(texts), dtype=np.uint64) - np.repeat(starts, lengths).astype(np.uint64)
    return pl.Series(np.add.reduceat(texts.to_numpy() * (2 * within + 1), starts))


def _judge(rate: Rate, _: Evidence) -> Judged:
    message = f"{rate.count:,} of {rate.total:,} trained samples repeat an earlier one word for word"
    grave = rate.count > rate.limit * rate.total
    return Judged("warn" if grave else "note" if rate.count else "pass", message)


DUPLICATES = Signal(
    name="duplicates",
    about="repeats an earlier sample word for word",
    page=Page(
        measures="Share of trained samples with exactly the prompts and responses of an earlier one.",
        blind="Repeats with a word changed (MG221).",
        cost="None: texts are identified by hash already.",
        examples=Examples(
            shows=(
                {
                    "prompt": "Write a line about the sea.",
                    "response": "The sea is wide and grey this morning.",
                },
                {
                    "prompt": "Write a line about the sea.",
                    "response": "The sea is wide and grey this morning.",
                },
            ),
            spares=(
                {
                    "prompt": "Write a line about the sea.",
                    "response": "The sea is wide and grey this morning.",
                },
                {"prompt": "Write a line about rain.", "response": "Rain again."},
            ),
        ),
    ),
    check=Check(
        id="MG302",
        name="duplicates",
        kind="quality",
        severities=("note", "warn"),
        cases=(Case(among=pl.lit(value=True), flags=pl.col("repeats"), judge=_judge, over=_samples),),
        limit=Limit(0.2, "Share of repeated samples that triggers a warning. Judgement."),
        why="Repeated rows are extra epochs on one example, and a refusal repeated is not coverage.",
        source="judgement",
        remedy="Drop the repeats, or say in the card why they are there.",
        mechanisms=("M43",),
    ),
)
