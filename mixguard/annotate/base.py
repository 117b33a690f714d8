"""The annotator protocol, and the batch that annotators receive."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

import numpy as np
import numpy.typing as npt
import polars as pl

from mixguard.annotate.exemplars import SEARCHED, Exemplars
from mixguard.annotate.hazard_model import HazardModel
from mixguard.annotate.requests import requests
from mixguard.annotate.second import ENDPOINT
from mixguard.annotate.stance_grammar import Grammar
from mixguard.annotate.stance_model import opening_vectors
from mixguard.annotate.stance_text import plain_text
from mixguard.vectors.base import Vectors
from mixguard.vectors.index import Neighbours
from mixguard.vectors.store import TextVectors, VectorStore

DISMISSED, SAMPLED = "dismissed", "sampled"
"""Values of the column `screen`; null for a row that the screen passes on."""


@dataclass(frozen=True)
class Stage:
    """One judge of the cascade: an encoder's vectors, and the model fitted on them."""

    name: str
    """`fast` or `careful`."""
    store: VectorStore
    exemplars: Exemplars
    model: HazardModel


@dataclass(frozen=True)
class Passages:
    """What is judged of each prompt: the windows of the whole, then those of `requests`."""

    vectors: Vectors
    """(windows of all prompts, dimension), those of a prompt consecutive."""
    starts: npt.NDArray[np.int64]
    counts: npt.NDArray[np.int64]
    """(prompts,): first window and number of windows."""
    parts: npt.NDArray[np.int64]
    """(prompts, 3): of these, how many are of the whole, of its first line and of its last."""

    def part(self, window: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        """Which part of each prompt this window is of: 0 the whole, 1 its first line, 2 its last."""
        return np.asarray((window[:, None] >= self.parts.cumsum(axis=1)).sum(axis=1))

    def of(self, rows: npt.NDArray[np.int64]) -> Passages:
        """Those of some prompts."""
        counts = self.counts[rows]
        first = np.cumsum(counts) - counts
        within = np.arange(counts.sum()) - np.repeat(first, counts)
        vectors = self.vectors[np.repeat(self.starts[rows], counts) + within]
        return Passages(vectors, first, counts, self.parts[rows])


class Near(NamedTuple):
    """The exemplars nearest to some rows, as one stage sees them."""

    rows: npt.NDArray[np.int64]
    """Ascending."""
    near: Neighbours


@dataclass
class Batch:
    """A batch of exchanges passing through the annotators; what several of them need is computed once."""

    frame: pl.DataFrame
    """Columns `EXCHANGE`, `TEXT`, and those added by earlier annotators."""
    stages: tuple[Stage, ...]
    """The cascade, cheapest first."""
    stage: Stage
    """The stage through which this batch is seen."""
    _vectors: dict[str, TextVectors] = field(default_factory=dict)
    _passages: Passages | None = None
    _near: dict[str, Near] = field(default_factory=dict)
    _plain: pl.Series | None = None
    _written: pl.DataFrame | None = None
    _openings: Vectors | None = None
    _parts: dict[tuple[str, bytes], Batch] = field(default_factory=dict)
    _rows: npt.NDArray[np.int64] = field(default_factory=lambda: np.empty(0, dtype=np.int64))

    def __post_init__(self) -> None:
        """Number the rows, unless they are some of another batch."""
        if not len(self._rows):
            self._rows = np.arange(self.frame.height)

    @classmethod
    def of(cls, frame: pl.DataFrame, stages: tuple[Stage, ...]) -> Batch:
        """A batch seen through the first stage."""
        return cls(frame, stages, stages[0])

    def vectors(self, column: str) -> TextVectors:
        """Window vectors of a text column, one entry per row; null counts as empty text."""
        if column not in self._vectors:
            texts = self.frame.get_column(column).fill_null("").to_list()
            self._vectors[column] = self.stage.store.vectors(texts)
        return self._vectors[column]

    @property
    def passages(self) -> Passages:
        """The windows of each `prompt`, then those of what it asks apart from its input."""
        if self._passages is None:
            asked = requests(self.frame)
            parts = [
                self.vectors("prompt"),
                *(self._partly(asked.get_column(name)) for name in asked.columns),
            ]
            counts = np.stack([part.counts for part in parts], axis=1)
            base = np.cumsum([0, *(len(part.vectors) for part in parts[:-1])])
            starts = np.stack([part.starts for part in parts], axis=1) + base
            flat, first = counts.reshape(-1), starts.reshape(-1)
            ends = np.cumsum(flat)
            row = np.repeat(first - (ends - flat), flat) + np.arange(ends[-1] if len(ends) else 0)
            total = counts.sum(axis=1)
            every = np.concatenate([part.vectors for part in parts])
            self._passages = Passages(every[row], np.cumsum(total) - total, total, counts)
        return self._passages

    def _partly(self, texts: pl.Series) -> TextVectors:
        """Window vectors of texts some of which are null; those have none."""
        there = texts.is_not_null().to_numpy()
        found = self.stage.store.vectors(texts.drop_nulls().to_list())
        starts, counts = np.zeros(len(texts), dtype=np.int64), np.zeros(len(texts), dtype=np.int64)
        starts[there], counts[there] = found.starts, found.counts
        return TextVectors(found.vectors, starts, counts)

    @property
    def neighbours(self) -> Neighbours:
        """The exemplars nearest to the most hazardous window (`hazard_window`) of each prompt."""
        known = self._near.get(self.stage.name)
        if known is not None and np.isin(self._rows, known.rows).all():
            at = np.searchsorted(known.rows, self._rows)
            return Neighbours(known.near.similarity[at], known.near.row[at])
        passages = self.passages
        window = self.frame.get_column("hazard_window").fill_null(0).to_numpy()
        at = passages.starts + window
        self.keep(self.stage.exemplars.index.search(passages.vectors[at], SEARCHED))
        return self.neighbours

    def keep(self, near: Neighbours) -> None:
        """Keep the neighbours of each prompt, for this batch and all that are cut from the same one."""
        self._near[self.stage.name] = Near(self._rows, near)

    @property
    def plain(self) -> pl.Series:
        """Each `response` as plain text; see `stance_text`."""
        if self._plain is None:
            self._plain = plain_text(self.frame.get_column("response").fill_null(""))
        return self._plain

    def written(self, grammar: Grammar) -> pl.DataFrame:
        """What the grammar of refusals says of each `response`; there is one grammar."""
        if self._written is None:
            self._written = grammar.features(self.plain)
        return self._written

    @property
    def openings(self) -> Vectors:
        """One vector per `response`, of its opening, by the first stage's encoder."""
        if self._openings is None:
            self._openings = opening_vectors(self.plain, self.stages[0].store)
        return self._openings

    def where(self, mask: pl.Series, stage: Stage | None = None) -> Batch:
        """The masked rows as a separate batch, so that only they are judged; seen through another stage if named."""
        stage = stage or self.stage
        if mask.all() and stage is self.stage:
            return self
        which = mask.to_numpy()
        key, frame = (stage.name, which.tobytes()), self.frame.filter(mask)
        part = self._parts.setdefault(
            key, Batch(frame, self.stages, stage, _near=self._near, _rows=self._rows[which])
        )
        part._inherit(self, mask)
        part.frame = frame  # including columns added since
        return part

    def _inherit(self, whole: Batch, mask: pl.Series) -> None:
        """Take over what is known of the answers of these rows already."""
        if self._plain is None and whole._plain is not None:
            self._plain = whole._plain.filter(mask)
        if self._written is None and whole._written is not None:
            self._written = whole._written.filter(mask)

    def by_stage(self, judge: Callable[[Batch], pl.DataFrame], schema: pl.Schema) -> pl.DataFrame:
        """Each row judged through the stage that decided its hazard, the last one for a verdict; null where none did."""
        decided = self.frame.get_column("hazard_stage").replace(ENDPOINT, self.stages[-1].name)
        rows, parts = [], []
        for stage in self.stages:
            mask = (decided == stage.name).fill_null(value=False)
            if mask.any():
                rows.append(mask.arg_true())
                parts.append(judge(self.where(mask, stage)))
        if not parts:
            return pl.DataFrame(schema=schema).clear(self.frame.height)
        judged = pl.concat(parts).with_columns(row=pl.concat(rows))
        every = pl.DataFrame({"row": pl.int_range(self.frame.height, dtype=pl.UInt32, eager=True)})
        return every.join(judged, on="row", how="left", maintain_order="left").drop("row")

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


def dismissed(frame: pl.DataFrame) -> pl.Series:
    """Which rows the screen dismissed, so that no vector is made of them."""
    if "screen" not in frame.columns:
        return pl.repeat(value=False, n=frame.height, eager=True)
    return (frame.get_column("screen") == DISMISSED).fill_null(value=False)


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
