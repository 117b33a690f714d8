"""Closeness to harm: exchanges that lie nearer to violating exemplars than plain requests do, without being flagged."""

from __future__ import annotations

import polars as pl

from mixguard.annotate.base import Batch, spread
from mixguard.annotate.exemplars import PROXIMITY_NEAREST, nearness
from mixguard.signals.base import Signal


class ProximityAnnotator:
    """Mean cosine to the nearest violating exemplars, less that to the nearest benign ones."""

    reads = ("prompt", "hazard_window", "hazard_unjudged")
    writes = pl.Schema({"proximity": pl.Float32})

    def __call__(self, batch: Batch) -> pl.DataFrame:
        """Column `proximity`, null where the prompt was not judged."""
        mask = batch.frame.get_column("hazard_unjudged").is_null()
        judged = batch.where(mask)
        found = nearness(judged.neighbours, judged.exemplars.violating, PROXIMITY_NEAREST)
        return spread(pl.DataFrame({"proximity": found}, schema=self.writes), mask)


PROXIMITY = Signal(
    "near harm", "lies close to violating exemplars without being flagged", ProximityAnnotator()
)
