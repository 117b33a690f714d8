"""The annotator protocol, and the batch it is given."""

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
    """Some exchanges on their way through the annotators; what several of them need is worked out once."""

    frame: pl.DataFrame
    """Columns `EXCHANGE`, `TEXT`, and whatever earlier annotators added."""
    store: VectorStore
    exemplars: Exemplars
    _vectors: dict[str, TextVectors] = field(default_factory=dict)
    _neighbours: Neighbours | None = None
    _parts: dict[bytes, Batch] = field(default_factory=dict)

    def vectors(self, column: str) -> TextVectors:
        """Window vectors of a column of texts, one entry per row; null counts as empty text."""
        if column not in self._vectors:
            texts = self.frame.get_column(column).fill_null("").to_list()
            self._vectors[column] = self.store.vectors(texts)
        return self._vectors[column]

    @property
    def neighbours(self) -> Neighbours:
        """The exemplars nearest to the most hazardous window of each prompt, which `hazard_window` names."""
        if self._neighbours is None:
            texts = self.vectors("prompt")
            window = self.frame.get_column("hazard_window").fill_null(0).to_numpy()
            self._neighbours = self.exemplars.index.search(texts.vectors[texts.starts + window], SEARCHED)
        return self._neighbours

    def where(self, mask: pl.Series) -> Batch:
        """The rows of a mask, as a batch of their own: what is judged where others are left alone."""
        if mask.all():
            return self
        part = self._parts.setdefault(
            mask.to_numpy().tobytes(), Batch(self.frame, self.store, self.exemplars)
        )
        part.frame = self.frame.filter(mask)  # with what was added since
        return part

    def add(self, columns: pl.DataFrame) -> None:
        """Take columns that an annotator made of this batch."""
        self.frame = self.frame.hstack(columns)


class Annotator(Protocol):
    """Judges exchanges: adds columns, edits none."""

    @property
    def reads(self) -> Sequence[str]:
        """The columns it looks at, those of annotators that must run before it included."""
        ...

    @property
    def writes(self) -> pl.Schema:
        """Exactly the columns it adds."""
        ...

    def __call__(self, batch: Batch) -> pl.DataFrame:
        """The new columns, one row per exchange, in order. A row's values depend on that row alone."""
        ...


@dataclass(frozen=True)
class Expressions:
    """An annotator made of polars expressions alone."""

    reads: Sequence[str]
    writes: pl.Schema
    columns: Mapping[str, pl.Expr]

    def __call__(self, batch: Batch) -> pl.DataFrame:
        """The expressions over the batch."""
        return batch.frame.select(
            self.columns[name].cast(kind).alias(name) for name, kind in self.writes.items()
        )


def spread(columns: pl.DataFrame, mask: pl.Series) -> pl.DataFrame:
    """Columns of the rows of a mask as columns of all rows, null elsewhere."""
    if mask.all():
        return columns
    place = pl.when(mask).then(mask.cast(pl.UInt32).cum_sum() - 1)
    return columns.select(pl.all().gather(mask.to_frame("mask").select(place).to_series()))


def ordered(annotators: Iterable[Annotator], given: Iterable[str]) -> tuple[Annotator, ...]:
    """Annotators in an order in which each finds the columns it reads; as listed where nothing else is needed.

    Args:
        annotators: those of a worker.
        given: columns that a batch has from the start.

    Raises:
        ValueError: one reads what none writes.
    """
    left, there, found = list(annotators), set(given), []
    while left:
        following = next((each for each in left if there.issuperset(each.reads)), None)
        if following is None:
            missing = [(type(each).__name__, sorted({*each.reads} - there)) for each in left]
            raise ValueError(f"no order of annotators has what these read: {missing}")
        left.remove(following)
        there |= set(following.writes)
        found.append(following)
    return tuple(found)
