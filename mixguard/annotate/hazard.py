"""Which hazards a prompt touches, and with what probability."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import polars as pl

from mixguard.annotate.base import Batch, spread
from mixguard.annotate.hazard_model import HazardModel
from mixguard.annotate.kernel_ridge import Floats
from mixguard.columns import HAZARD
from mixguard.library.taxonomy import Taxonomy
from mixguard.vectors.store import TextVectors

LISTED = 0.05
"""Probability from which a hazard is listed."""


class HazardAnnotator:
    """Judges prompts and documents by the exemplars' votes; a long text by its most hazardous window."""

    reads = ("prompt", "language", "pair")
    writes = HAZARD

    def __init__(self, taxonomy: Taxonomy, model: HazardModel, pairs: pl.DataFrame) -> None:
        """Store what judging needs; `pairs` are the bank's pairs, as returned by `known`."""
        self._language = taxonomy.language
        self._codes = taxonomy.codes
        self._known = pairs.select(
            "pair", pl.col("hazard").alias("own_hazard"), pl.col("hazard_score").alias("own_score")
        )
        self.model = model

    def __call__(self, batch: Batch) -> pl.DataFrame:
        """Columns `HAZARD`."""
        reason = self._unjudged(batch.frame)
        judged = batch.where(reason.is_null())
        return spread(self._judge(judged), reason.is_null()).with_columns(hazard_unjudged=reason)

    def _judge(self, batch: Batch) -> pl.DataFrame:
        texts = batch.vectors("prompt")
        each, every = self.model.probabilities(texts.vectors @ batch.exemplars.vectors.T)
        row = _worst_window(every, texts)
        columns = {
            "hazard": self._names(each[row].argmax(1)),
            "hazard_score": every[row],
            "hazards": self._listed(each[row]),
            "hazard_window": (row - texts.starts).astype(np.uint32),
        }
        judged = pl.DataFrame(columns, schema_overrides=pl.Schema({name: HAZARD[name] for name in columns}))
        pairs = batch.frame.select("pair").join(self._known, on="pair", how="left", maintain_order="left")
        return judged.hstack(pairs).select(
            pl.coalesce("own_hazard", "hazard").alias("hazard"),
            pl.coalesce("own_score", "hazard_score").alias("hazard_score"),
            "hazards",
            "hazard_window",
        )

    def _names(self, numbers: npt.NDArray[np.int64]) -> pl.Series:
        return pl.Series(self._codes, dtype=pl.String).gather(numbers)

    def _listed(self, each: Floats) -> pl.Series:
        """Each text's hazards from `LISTED` up, most probable first."""
        rows, numbers = np.nonzero(each >= LISTED)
        long = pl.DataFrame({"row": rows, "hazard": self._names(numbers), "score": each[rows, numbers]})
        grouped = (
            long.sort("row", "score", descending=[False, True], maintain_order=True)
            .group_by("row", maintain_order=True)
            .agg(pl.struct("hazard", "score").alias("hazards"))
        )
        every = pl.DataFrame({"row": np.arange(len(each))})
        joined = every.join(grouped, on="row", how="left", maintain_order="left").get_column("hazards")
        return joined.cast(HAZARD["hazards"])

    def _unjudged(self, frame: pl.DataFrame) -> pl.Series:
        # A bank pair is known, whatever language was detected in its few words.
        foreign = pl.col("pair").is_null() & (pl.col("language") != self._language)
        reason = (
            pl.when(pl.col("prompt").str.strip_chars() == "")
            .then(pl.lit("empty prompt"))
            .when(foreign)
            .then(pl.format("language {}", "language"))
        )
        return frame.select(reason).to_series().cast(pl.String)


def _worst_window(score: Floats, texts: TextVectors) -> npt.NDArray[np.int64]:
    """Row of the highest score among each text's windows."""
    first, distinct = np.unique(texts.starts, return_inverse=True)
    text_of_window = np.searchsorted(first, np.arange(len(score)), side="right") - 1
    order = np.lexsort((-score, text_of_window))
    return order[first][distinct]
