"""How many words and pairs of words texts share, whatever they mean: where `not`, `no` and `never` decide."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import polars as pl

if TYPE_CHECKING:
    from scipy.sparse import csr_array

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Wording:
    """The words and neighbouring pairs of words of some texts."""

    column: pl.DataFrame
    """Columns `term`, and `column` of `shares` that counts it."""
    shares: csr_array
    """(texts, terms): each distinct term of a text; the rows have unit length."""

    @classmethod
    def of(cls, texts: Sequence[str]) -> Wording:
        """Read the texts that others will be compared with."""
        found = _terms(texts)
        column = found.select(pl.col("term").unique(maintain_order=True)).with_row_index("column")
        return cls(column, _matrix(found, column, len(texts)))

    def overlap(self, texts: Sequence[str]) -> Floats:
        """(texts, own texts): cosine of the terms that each has, from 0 to 1."""
        return np.asarray((self._shares_of(texts) @ self.shares.T).toarray(), dtype=np.float32)

    def weighed(self, texts: Sequence[str], weights: Floats) -> Floats:
        """(texts,): `overlap(texts) @ weights`, without the overlap with each own text."""
        return np.asarray(self._shares_of(texts) @ (self.shares.T @ weights), dtype=np.float32)

    def _shares_of(self, texts: Sequence[str]) -> csr_array:
        return _matrix(_terms(texts), self.column, len(texts))


def _terms(texts: Sequence[str]) -> pl.DataFrame:
    """Columns `text`, its number; `term`, each once; and `share`, one by the root of their number."""
    spoken = pl.DataFrame({"said": pl.Series(texts, dtype=pl.String)}).with_row_index("text")
    words = spoken.select("text", term=pl.col("said").str.to_lowercase().str.extract_all(r"\w+"))
    flat = words.explode("term").drop_nulls()
    pairs = flat.select("text", term=pl.col("term") + " " + pl.col("term").shift(-1).over("text"))
    distinct = pl.concat([flat, pairs.drop_nulls()]).unique(maintain_order=True)
    return distinct.with_columns(share=1 / pl.len().over("text").sqrt())


def _matrix(found: pl.DataFrame, column: pl.DataFrame, texts: int) -> csr_array:
    from scipy.sparse import csr_array

    known = found.join(column, on="term", maintain_order="left")
    place = known.get_column("text").to_numpy(), known.get_column("column").to_numpy()
    return csr_array((known.get_column("share").to_numpy(), place), shape=(texts, column.height))
