"""The engine protocol: annotates the parts of a corpus into a journal, in any order and in any place."""

from __future__ import annotations

from typing import Protocol

import polars as pl

from mixguard.corpus.corpus import Corpus
from mixguard.detectors import Recipe
from mixguard.progress import Progress
from mixguard.run.journal import RunJournal
from mixguard.run.provenance import Detectors


class Judging(Protocol):
    """What annotates in this process: a worker, or one that reuses what an earlier run has."""

    @property
    def detectors(self) -> Detectors:
        """The detectors with their limits and measured errors."""
        ...

    @property
    def embedded(self) -> int:
        """Texts that were embedded because no store had them."""
        ...

    def __call__(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Annotate a frame of schema `EXCHANGE` + `TEXT`."""
        ...


class Engine(Protocol):
    """Where the map runs. Every engine gives the same parts, and so the same findings."""

    def __call__(
        self,
        corpus: Corpus,
        recipe: Recipe,
        worker: Judging,
        journal: RunJournal,
        *,
        rows: int,
        progress: Progress,
    ) -> int:
        """Annotate every part that the journal has not, about `rows` exchanges each; the number of texts embedded.

        Args:
            corpus: read in parts by `corpus.parts(rows)`, whose numbers are their places in it.
            recipe: what workers elsewhere are built from.
            worker: the worker of this process, ready to use.
            journal: keeps what is done.
            rows: exchanges of a part.
            progress: called with the bytes that are done.
        """
        ...
