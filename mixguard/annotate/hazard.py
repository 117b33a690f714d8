"""Which hazards a prompt touches, how surely, and which exemplars say so."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import polars as pl

from mixguard.annotate.base import Batch
from mixguard.annotate.hazard_model import SEARCHED, Exemplars, HazardModel, nearness
from mixguard.annotate.kernel_ridge import Floats
from mixguard.columns import HAZARD, NEIGHBOUR
from mixguard.library.taxonomy import Taxonomy
from mixguard.vectors.index import Neighbours
from mixguard.vectors.store import TextVectors

LISTED = 0.05
"""Probability above which a hazard is listed beside the most probable one."""


class HazardAnnotator:
    """Judges prompts and documents by their nearest exemplars; of a long text, its most hazardous window."""

    writes = pl.Schema({name: kind for name, kind in HAZARD.items() if name != "language"})

    def __init__(
        self,
        taxonomy: Taxonomy,
        model: HazardModel,
        exemplars: Exemplars,
        neighbours: int,
        known: pl.DataFrame | None = None,
    ) -> None:
        """Keep what judging needs; `known` is what `Bank.known` says."""
        self._taxonomy = taxonomy
        self._known = known
        self.model = model
        self._exemplars = exemplars
        self._neighbours = neighbours
        self._ids = taxonomy.exemplars.get_column("id")
        self._subs = taxonomy.exemplars.get_column("sub")

    def __call__(self, batch: Batch) -> pl.DataFrame:
        """Columns `HAZARD` but for the language, which an earlier annotator adds."""
        texts = batch.vectors(batch.frame.get_column("prompt"))
        judged = self._with_known(batch.frame, self._judge(texts))
        reason = self._unjudged(batch.frame)
        blank = pl.when(reason.is_null()).then(pl.all())
        return judged.select(blank).with_columns(reason.alias("hazard_unjudged"))

    def _judge(self, texts: TextVectors) -> pl.DataFrame:
        each, every = self.model.probabilities(texts.vectors @ self._exemplars.vectors.T)
        row = _worst_window(every, texts)
        hazard = each[row].argmax(1)
        near = self._exemplars.index.search(texts.vectors[row], SEARCHED)
        margin, proximity = nearness(near, self._exemplars.violating)
        columns = {
            "hazard": self._names(hazard),
            "sub_hazard": self._sub_hazards(near, hazard),
            "hazard_score": every[row],
            "hazard_margin": margin,
            "hazards": self._listed(each[row]),
            "proximity": proximity,
            "neighbours": self._explained(near),
            "hazard_window": (row - texts.starts).astype(np.uint32),
        }
        return pl.DataFrame(columns, schema_overrides=pl.Schema({n: self.writes[n] for n in columns}))

    def _with_known(self, frame: pl.DataFrame, judged: pl.DataFrame) -> pl.DataFrame:
        """Exchanges of the bank are as the bank says: somebody has read those.

        Prompt and answer have to be the bank's (something may stand before the prompt): another answer to the same words
        may mean another thing.
        """
        if self._known is None or "response" not in frame.columns:
            return judged
        found = frame.select("prompt", "response").join(
            self._known, on="response", how="left", maintain_order="left"
        )
        same = pl.col("prompt").str.ends_with(pl.col("known_prompt"))
        known = found.select(
            pl.when(same).then(pl.col("known_hazard", "known_sub", "known_score")).name.keep()
        )
        return (
            judged.hstack(known)
            .with_columns(
                hazard=pl.coalesce("known_hazard", "hazard"),
                sub_hazard=pl.coalesce("known_sub", "sub_hazard"),
                hazard_score=pl.coalesce("known_score", "hazard_score"),
            )
            .select(judged.columns)
        )

    def _names(self, numbers: npt.NDArray[np.int64]) -> pl.Series:
        return pl.Series(self._taxonomy.codes, dtype=pl.String).gather(numbers)

    def _listed(self, each: Floats) -> pl.Series:
        """Hazards above `LISTED` of each text, most probable first."""
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

    def _sub_hazards(self, near: Neighbours, hazard: npt.NDArray[np.int64]) -> pl.Series:
        """Sub-hazard of the nearest exemplar that violates the hazard; null where none is among the neighbours."""
        mine = self._exemplars.violating[near.row] & (self._exemplars.hazard[near.row] == hazard[:, None])
        first = near.row[np.arange(len(near.row)), mine.argmax(1)]
        subs = self._subs.gather(first).to_frame("sub")
        return subs.select(pl.when(pl.Series(mine.any(1))).then(pl.col("sub"))).to_series()

    def _explained(self, near: Neighbours) -> pl.Series:
        k = min(self._neighbours, near.row.shape[1])
        flat = pl.DataFrame(
            {
                "exemplar": self._ids.gather(near.row[:, :k].reshape(-1)),
                "similarity": near.similarity[:, :k].reshape(-1).astype(np.float32),
            }
        )
        listed = flat.to_struct().reshape((len(near.row), k)).arr.to_list()
        return listed.cast(pl.List(NEIGHBOUR))

    def _unjudged(self, frame: pl.DataFrame) -> pl.Series:
        spoken = pl.lit(self._taxonomy.language)
        reason = (
            pl.when(pl.col("prompt").str.strip_chars() == "")
            .then(pl.lit("empty prompt"))
            .when(pl.col("language").is_not_null() & (pl.col("language") != spoken))
            .then(pl.format("language {}", "language"))
        )
        return frame.select(reason).to_series().cast(pl.String)


def _worst_window(score: Floats, texts: TextVectors) -> npt.NDArray[np.int64]:
    """Row of the highest score among each text's windows."""
    first, distinct = np.unique(texts.starts, return_inverse=True)
    text_of_window = np.searchsorted(first, np.arange(len(score)), side="right") - 1
    order = np.lexsort((-score, text_of_window))
    return order[first][distinct]
