"""A map of a taxonomy: a place in the plane for each exemplar, and from these for any exchange.

The exemplars' places are fitted once, by `mixguard taxonomy build`, and lie beside them in `map.json`. An exchange is put
among the exemplars it resembles most, which its annotations name, so that drawing needs no vectors, and the maps of two
runs can be laid side by side.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import orjson
import polars as pl

from mixguard.errors import TaxonomyError
from mixguard.files import write_atomically
from mixguard.library.taxonomy import Taxonomy

MAP = "map.json"
SCALE = 1000
"""Steps of the grid on which places are kept."""
SHARPNESS = 0.03
"""Difference in cosine that makes one neighbour count e times as much as another. Judgement: the nearest decides."""
SPREAD_LEAST, SPREAD = 0.008, 0.06
"""How far an exchange is moved by chance, so that those alike do not hide one another; the more, the less it resembles
anything. Judgement."""


@dataclass(frozen=True)
class ExemplarMap:
    """Places of exemplars."""

    positions: pl.DataFrame
    """Columns `exemplar`, `x` and `y`, the latter in [0, 1]."""

    @classmethod
    def load(cls, taxonomy: Taxonomy) -> ExemplarMap | None:
        """The map of a taxonomy, or of the one it extends, in which its own exemplars have no place; None without any.

        Raises:
            TaxonomyError: there is one, and it is broken.
        """
        path = next((folder / MAP for folder in taxonomy.folders if (folder / MAP).is_file()), None)
        if path is None:
            return None
        try:
            places = orjson.loads(path.read_bytes())
            rows = [(name, x / SCALE, y / SCALE) for name, (x, y) in places.items()]
        except (OSError, ValueError, TypeError, AttributeError) as error:
            raise TaxonomyError(
                f"{path}: not a map of exemplars ({error}); make it anew with `mixguard taxonomy build`"
            ) from None
        schema = {"exemplar": pl.String, "x": pl.Float64, "y": pl.Float64}
        return cls(pl.DataFrame(rows, schema=schema, orient="row"))

    def save(self, folder: Path) -> None:
        """Write it beside the exemplars."""
        rows = self.positions.with_columns((pl.col("x", "y") * SCALE).round().cast(pl.Int64)).iter_rows()
        lines = (f"{orjson.dumps(name).decode()}:[{x},{y}]" for name, x, y in rows)
        write_atomically(folder / MAP, ("{\n" + ",\n".join(lines) + "\n}\n").encode())

    def place(self, exchanges: pl.DataFrame) -> pl.DataFrame:
        """Add `x` and `y`: where each exchange lies among its neighbours; null where none of these has a place.

        Args:
            exchanges: columns `sample_id` and `neighbours`, as annotations have them.
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
        # Sample ids are hashes: halves of them stand for chance, the same every time.
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
