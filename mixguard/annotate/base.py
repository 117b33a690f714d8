"""The annotator protocol, and the batch that annotators receive."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import polars as pl

from mixguard.annotate.exemplars import SEARCHED, Exemplars
from mixguard.vectors.index import Neighbours
from mixguard.vectors.store import TextVectors, VectorStore


@dataclass
class Batch:
    """A batch of exchanges passing through the annotators; what several of them need is computed once."""

    frame: pl.DataFrame
    """Columns `EXCHANGE`, `TEXT`, and those added by earlier annotators."""
    store: VectorStore
    exemplars: Exemplars
    _vectors: dict[str, TextVectors] = field(default_factory=dict)
    _neighbours: Neighbours | None = None
    _parts: dict[bytes, Batch] = field(default_factory=dict)

    def vectors(self, column: str) -> TextVectors:
        """Window vectors of a text column, one entry per row; null counts as empty text."""
        if column not in self._vectors:
            texts = self.frame.get_column(column).fill_null("").to_list()
            self._vectors[column] = self.store.vectors(texts)
        return self._vectors[column]

    @property
    def neighbours(self) -> Neighbours:
        """The exemplars nearest to the most hazardous window (`hazard_window`) of each prompt."""
        if self._neighbours is None:
            texts = self.vectors("prompt")
            window = self.frame.get_column("hazard_window").fill_null(0).to_numpy()
            self._neighbours = self.exemplars.index.search(texts.vectors[texts.starts + window], SEARCHED)
        return self._neighbours

    def where(self, mask: pl.Series) -> Batch:
        """The masked rows as a separate batch, so that only they are judged."""
        if mask.all():
            return self
        part = self._parts.setdefault(
            mask.to_numpy().tobytes(), Batch(self.frame, self.store, self.exemplars)
        )
        part.frame = self.frame.filter(mask)  # including columns added since
        return part

    def add(self, columns: pl.DataFrame) -> None:
        """Add the columns an annotator returned for this batch."""
        self.frame = self.frame.hstack(columns)


class Annotator(Protocol):
    """Judges exchanges: adds columns, changes none."""

    @property
    def reads(self) -> Sequence[str]:
        """The columns it reads, including those of annotators that must run before it."""
        ...

    @property
    def writes(self) -> pl.Schema:
        """Exactly the columns it adds."""
        ...

    def __call__(self, batch: Batch) -> pl.DataFrame:
        """The new columns, one row per exchange, in order. Each row's values depend on that row alone."""
        ...


@dataclass(frozen=True)
class Expressions:
    """An annotator made only of polars expressions."""

    reads: Sequence[str]
    writes: pl.Schema
    columns: Mapping[str, pl.Expr]

    def __call__(self, batch: Batch) -> pl.DataFrame:
        """Evaluate the expressions on the batch."""
        return batch.frame.select(
            self.columns[name].cast(kind).alias(name) for name, kind in self.writes.items()
        )


def spread(columns: pl.DataFrame, mask: pl.Series) -> pl.DataFrame:
    """Expand columns of the masked rows to all rows, null elsewhere."""
    if mask.all():
        return columns
    place = pl.when(mask).then(mask.cast(pl.UInt32).cum_sum() - 1)
    return columns.select(pl.all().gather(mask.to_frame("mask").select(place).to_series()))


def ordered(annotators: Iterable[Annotator], given: Iterable[str]) -> tuple[Annotator, ...]:
    """Order annotators so that each finds the columns it reads; keep the given order where possible.

    Args:
        annotators: the annotators of a worker.
        given: columns that every batch has from the start.

    Raises:
        ValueError: an annotator reads a column that none provides.
    """
    left, there, found = list(annotators), set(given), []
    while left:
        following = next((each for each in left if there.issuperset(each.reads)), None)
        if following is None:
            missing = [(type(each).__name__, sorted({*each.reads} - there)) for each in left]
            raise ValueError(f"no order of annotators provides what these read: {missing}")
        left.remove(following)
        there |= set(following.writes)
        found.append(following)
    return tuple(found)
