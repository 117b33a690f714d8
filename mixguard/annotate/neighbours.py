"""The exemplars nearest to a prompt: they explain its hazard and give its sub-hazard."""

from __future__ import annotations

import numpy as np
import polars as pl

from mixguard.annotate.base import Batch
from mixguard.annotate.exemplars import MARGIN_NEAREST, nearness
from mixguard.columns import NEIGHBOUR, NEIGHBOURS
from mixguard.library.taxonomy import Taxonomy
from mixguard.vectors.index import Neighbours


class NeighbourAnnotator:
    """Names the exemplars nearest to the most hazardous window of each prompt."""

    reads = ("kind", "prompt", "hazard", "hazard_window", "hazard_stage", "pair")
    writes = NEIGHBOURS

    def __init__(self, taxonomy: Taxonomy, kept: int, pairs: pl.DataFrame) -> None:
        """Store what judging needs.

        Args:
            taxonomy: the taxonomy with the exemplars.
            kept: how many neighbours to list.
            pairs: the bank's pairs, as returned by `known`.
        """
        self._ids = taxonomy.exemplars.get_column("id")
        self._subs = taxonomy.exemplars.get_column("sub")
        self._codes = taxonomy.codes
        self._kept = kept
        self._known = pairs.select("pair", pl.col("sub_hazard").alias("own"))

    def __call__(self, batch: Batch) -> pl.DataFrame:
        """Columns `NEIGHBOURS`, null if the prompt was not judged."""
        return batch.by_stage(self._judge, self.writes)

    def _judge(self, judged: Batch) -> pl.DataFrame:
        near = judged.neighbours
        own = judged.frame.select("pair").join(self._known, on="pair", how="left", maintain_order="left")[
            "own"
        ]
        columns = {
            "sub_hazard": pl.select(pl.coalesce(own, self._sub_hazards(near, judged))).to_series(),
            "hazard_margin": nearness(near, judged.stage.exemplars.violating, MARGIN_NEAREST),
            "neighbours": self._listed(near, judged),
        }
        return pl.DataFrame(columns, schema=self.writes)

    def _sub_hazards(self, near: Neighbours, batch: Batch) -> pl.Series:
        """Sub-hazard of the nearest exemplar that violates the hazard; null if no neighbour does."""
        codes = {code: number for number, code in enumerate(self._codes)}
        hazard = batch.frame["hazard"].replace_strict(codes, default=-2, return_dtype=pl.Int64).to_numpy()
        exemplars = batch.stage.exemplars
        mine = exemplars.violating[near.row] & (exemplars.hazard[near.row] == hazard[:, None])
        first = exemplars.owner[near.row[np.arange(len(near.row)), mine.argmax(1)]]
        subs = self._subs.gather(first).to_frame("sub")
        return subs.select(pl.when(pl.Series(mine.any(1), dtype=pl.Boolean)).then(pl.col("sub"))).to_series()

    def _listed(self, near: Neighbours, batch: Batch) -> pl.Series:
        k = min(self._kept, near.row.shape[1])
        flat = pl.DataFrame(
            {
                "exemplar": self._ids.gather(batch.stage.exemplars.owner[near.row[:, :k].reshape(-1)]),
                "similarity": near.similarity[:, :k].reshape(-1).astype(np.float32),
            }
        )
        listed = flat.to_struct().reshape((len(near.row), k)).arr.to_list()
        return listed.cast(pl.List(NEIGHBOUR))
