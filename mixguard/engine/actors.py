"""What runs on the workers of a Ray cluster; Ray Data passes on tables of pickled values, one to a row."""

from __future__ import annotations

import os
import pickle
from collections.abc import Iterable, Iterator
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import mixguard
from mixguard.corpus.corpus import Corpus
from mixguard.corpus.parts import Part
from mixguard.detectors import Worker
from mixguard.engine.keeping import Finished, judge, unpickled
from mixguard.errors import UsageError
from mixguard.run.journal import RunJournal
from mixguard.run.provenance import Detectors

if TYPE_CHECKING:
    import pyarrow as pa

COLUMN = "pickled"


class Reading(NamedTuple):
    """What is read, and where."""

    folder: Path
    """The working directory of the command, which names of files begin at."""
    corpus: Corpus
    journal: RunJournal
    rows: int


class Wanted(NamedTuple):
    """A part on its way to whoever judges it."""

    number: int
    part: Part
    is_done: bool
    """Whether the journal has it."""


def read(batch: pa.Table) -> Iterator[pa.Table]:
    """The parts of each corpus, one after another."""
    for folder, corpus, journal, rows in unpacked(batch):
        _stand_in(folder)
        for number, part in enumerate(corpus.parts(rows)):
            yield packed([Wanted(number, part, journal.has(number, part))])


class Judge:
    """An actor; its worker is built once, at the first part, since Ray passes on what goes wrong then."""

    def __init__(self, folder: Path, recipe: bytes, version: str, detectors: Detectors) -> None:
        self._folder, self._recipe, self._version, self._detectors = folder, recipe, version, detectors

    def __call__(self, batch: pa.Table) -> pa.Table:
        """Judge parts; prompts and responses do not come back.

        Raises:
            UsageError: the worker cannot be built here, or would not find the same.
        """
        return packed(self._judged(each) for each in unpacked(batch))

    def _judged(self, wanted: Wanted) -> Finished:
        judged = None if wanted.is_done else judge(self._worker, wanted.part.frame)
        left = wanted.part.frame.drop("prompt", "response")
        return Finished(wanted.number, wanted.part._replace(frame=left), judged)

    @cached_property
    def _worker(self) -> Worker:
        if self._version != mixguard.__version__:
            raise UsageError(
                f"--engine ray: a worker has mixguard {mixguard.__version__}, the command {self._version}; install"
                " the same on every node"
            )
        _stand_in(self._folder)
        worker = unpickled(self._recipe).worker()
        if worker.detectors != self._detectors:
            theirs, ours = (_encoders(each) for each in (worker.detectors, self._detectors))
            raise UsageError(
                f"--engine ray: a worker judges by other models ({theirs}) than the command would ({ours}); where"
                " processors differ, set encode.precision=float32"
            )
        return worker


def _encoders(detectors: Detectors) -> str:
    return " and ".join(stage.encoder for stage in detectors.stages)


def packed(values: Iterable[object]) -> pa.Table:
    """A table of values."""
    import pyarrow as pa

    rows = [pickle.dumps(value, protocol=pickle.HIGHEST_PROTOCOL) for value in values]
    return pa.table({COLUMN: pa.array(rows, pa.large_binary())})


def unpacked(table: pa.Table) -> Iterator[Any]:
    """The values of a table."""
    return (pickle.loads(row) for row in table.column(COLUMN).to_pylist())


def _stand_in(folder: Path) -> None:
    """Work in the folder of the command where there is one: names of files begin there."""
    with suppress(OSError):
        os.chdir(folder)
