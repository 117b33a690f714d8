"""The annotator protocol, and the batch it is given."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import polars as pl

from mixguard.vectors.store import TextVectors, VectorStore


@dataclass(frozen=True)
class Batch:
    """Some exchanges with their texts, and the vectors of any of their texts."""

    frame: pl.DataFrame
    """Columns `EXCHANGE`, `TEXT` and whatever earlier annotators added."""
    store: VectorStore

    def vectors(self, texts: pl.Series) -> TextVectors:
        """Window vectors of a column of texts, one entry per row; null counts as empty text."""
        return self.store.vectors(texts.fill_null("").to_list())


class Annotator(Protocol):
    """Judges exchanges: adds columns, edits none."""

    @property
    def writes(self) -> pl.Schema:
        """Exactly the columns it adds."""
        ...

    def __call__(self, batch: Batch) -> pl.DataFrame:
        """The new columns, one row per exchange, in order. A row's values depend on that row alone."""
        ...
