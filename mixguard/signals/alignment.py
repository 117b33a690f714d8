"""Overlap with alignment data: a corpus that resembles what the model was aligned with."""

from __future__ import annotations

import numpy as np
import polars as pl

from mixguard.annotate.base import Batch
from mixguard.annotate.others import prompts
from mixguard.checks.base import Case, Check, Evidence, Judged, Limit, Rate
from mixguard.checks.terms import TRAINED
from mixguard.signals.base import Examples, Page, Setting, Signal
from mixguard.vectors.index import ExemplarIndex

NEAREST = 5
"""Alignment prompts that a prompt is compared with."""
MOST = 20_000
"""Alignment prompts that are looked at, the first ones; each must be embedded."""


class AlignmentAnnotator:
    """Mean cosine of each prompt to the nearest prompts of the alignment data."""

    reads = ("prompt",)
    writes = pl.Schema(
        {"alignment_similarity": pl.Float32()}
    )  # null if no data was named, or no prompt is there

    def __init__(self, index: ExemplarIndex | None = None) -> None:
        """Store the index of the alignment prompts; without one, nothing is measured."""
        self._index = index

    def __call__(self, batch: Batch) -> pl.DataFrame:
        """Column `alignment_similarity`."""
        if self._index is None or not batch.frame.height:
            return pl.DataFrame(schema=self.writes).clear(batch.frame.height)
        found = batch.vectors("prompt")
        near = self._index.search(found.vectors[found.starts], NEAREST)
        asked = batch.frame.get_column("prompt").str.contains(r"\S").fill_null(value=False)
        mean = pl.Series("alignment_similarity", np.asarray(near.similarity.mean(1), dtype=np.float32))
        return pl.select(pl.when(asked).then(mean).alias("alignment_similarity"))


def _open(setting: Setting) -> AlignmentAnnotator:
    names = setting.config.judge.alignment
    if not names:
        return AlignmentAnnotator()
    texts: list[str] = []
    for part in prompts(names, "alignment", setting.config):
        texts += part.get_column("prompt").to_list()
        if len(texts) >= MOST:
            break
    return AlignmentAnnotator(
        ExemplarIndex.build(setting.store.first_windows(texts[:MOST])) if texts else None
    )


def _limited(frame: pl.LazyFrame, evidence: Evidence) -> pl.LazyFrame:
    near = pl.col("alignment_similarity") >= evidence.limits["MG230"]
    return frame.with_columns(near_alignment=near.fill_null(value=False))


def _judge(rate: Rate, evidence: Evidence) -> Judged:
    if not rate.total:
        return Judged("pass", "not measured: name the alignment data with judge.alignment")
    similarity = pl.col("alignment_similarity").filter(TRAINED)
    mean = float(evidence.frame.select(similarity.mean()).collect().item())
    verb = "lies" if rate.count == 1 else "lie"
    message = f"alignment overlap: a mean cosine of {mean:.2f} to the nearest alignment prompts; {rate.count:,} of {rate.total:,} prompts {verb} at {rate.limit:g} or more"
    return Judged("note", message)


_SEA = {"prompt": "Write a line about the sea.", "response": "The sea is wide and grey this morning."}
ALIGNMENT = Signal(
    name="alignment overlap",
    about="resembles the alignment data",
    annotator=AlignmentAnnotator(),
    open=_open,
    page=Page(
        measures=f"Mean cosine of a prompt to the {NEAREST} nearest prompts of the alignment data; of that, the first 20,000 prompts are looked at.",
        blind="Answers; alignment data that nobody names.",
        cost="None without `judge.alignment`; with it, one embedding of each of its prompts, kept for later runs.",
        examples=Examples(
            shows=({**_SEA, "alignment_similarity": 0.9},),
            spares=(_SEA, {**_SEA, "alignment_similarity": 0.2}),
        ),
    ),
    check=Check(
        id="MG230",
        name="alignment-overlap",
        kind="quality",
        severities=("note",),
        cases=(
            Case(
                among=TRAINED & pl.col("alignment_similarity").is_not_null(),
                flags=pl.col("near_alignment"),
                judge=_judge,
                rank="alignment_similarity",
                over=_limited,
            ),
        ),
        limit=Limit(
            0.7, "Mean cosine to the nearest alignment prompts from which a prompt is counted. Judgement."
        ),
        why="Guardrails learned from data that resembles the task data wear off faster in training on it.",
        source="arXiv 2506.05346: low similarity of alignment and task data lowered harmfulness by up to 10.33 points",
        remedy="Choose refusals in the task's format whose wording differs from it, and measure refusals after training.",
        mechanisms=("M42",),
    ),
)
