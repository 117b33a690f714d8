"""A map of a taxonomy: 2-D positions for its exemplars and, derived from them, for any exchange.

The exemplars' positions are fitted once by `mixguard taxonomy build` and stored in `map.json`. An exchange is
placed among the exemplars it resembles most, as named in its annotations, so drawing needs no vectors and the
maps of two runs can be compared side by side.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import orjson
import polars as pl

from mixguard.errors import TaxonomyError
from mixguard.files import read_bounded, write_atomically
from mixguard.library.taxonomy import Taxonomy

MAP = "map.json"
SCALE = 1000
"""Steps per axis of the grid on which positions are stored."""
SHARPNESS = 0.03
"""Cosine difference that makes one neighbour count e times another. Judgement: the nearest decide."""
SPREAD_LEAST, SPREAD = 0.008, 0.06
"""Random offset of an exchange, so that similar ones do not overlap; larger the less it resembles any
exemplar. Judgement."""


@dataclass(frozen=True)
class ExemplarMap:
    """Positions of exemplars."""

    positions: pl.DataFrame
    """Columns `exemplar`, `x` and `y`; positions in [0, 1]."""

    @classmethod
    def load(cls, taxonomy: Taxonomy) -> ExemplarMap | None:
        """The map of a taxonomy, or of the one it extends (without its own exemplars); None if there is none.

        Raises:
            TaxonomyError: the map is broken.
        """
        path = next((folder / MAP for folder in taxonomy.folders if (folder / MAP).is_file()), None)
        if path is None:
            return None
        try:
            places = orjson.loads(read_bounded(path, TaxonomyError))
            rows = [(name, x / SCALE, y / SCALE) for name, (x, y) in places.items()]
        except (ValueError, TypeError, AttributeError) as error:
            raise TaxonomyError(
                f"{path}: not an exemplar map ({error}); re-create it with `mixguard taxonomy build`"
            ) from None
        schema = {"exemplar": pl.String, "x": pl.Float64, "y": pl.Float64}
        return cls(pl.DataFrame(rows, schema=schema, orient="row"))

    def save(self, folder: Path) -> None:
        """Write it to the exemplars' folder."""
        rows = self.positions.with_columns((pl.col("x", "y") * SCALE).round().cast(pl.Int64)).iter_rows()
        lines = (f"{orjson.dumps(name).decode()}:[{x},{y}]" for name, x, y in rows)
        write_atomically(folder / MAP, ("{\n" + ",\n".join(lines) + "\n}\n").encode())

    def place(self, exchanges: pl.DataFrame) -> pl.DataFrame:
        """Add `x` and `y`: the position of each exchange among its neighbours; null if none of them has one.

        Args:
            exchanges: columns `sample_id` and `neighbours`, as in annotations.
        """
        near = (
            exchanges.select(pl.int_range(pl.len()).alias("row"), "neighbours")
            .explode("neighbours")
            .unnest("neighbours")
            .join(self.positions, on="exemplar")
            .with_columns(best=pl.col("similarity").max().over("row").cast(pl.Float64))
            .with_columns(weight=((pl.col("similarity") - pl.col("best")) / SHARPNESS).exp())
        )
        weight = pl.col("weight")
        places = near.group_by("row").agg(
            *((pl.col(axis) * weight).sum() / weight.sum() for axis in ("x", "y")), pl.col("best").first()
        )
        # Sample ids are hashes: their halves serve as reproducible random numbers.
        chance = [pl.col("sample_id").str.slice(start, 8).str.to_integer(base=16) / 2**32 for start in (0, 8)]
        radius = (SPREAD_LEAST + SPREAD * (1 - pl.col("best").clip(0, 1))) * chance[1].sqrt()
        angle = chance[0] * 6.283185307179586
        return (
            exchanges.with_columns(pl.int_range(pl.len()).alias("row"))
            .join(places, on="row", how="left", maintain_order="left")
            .with_columns(
                x=(pl.col("x") + radius * angle.cos()).clip(0, 1),
                y=(pl.col("y") + radius * angle.sin()).clip(0, 1),
            )
            .drop("row", "best")
        )
