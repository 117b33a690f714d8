"""What the tests of engines with several workers share: a corpus, the local engine's run of it, and how workers are killed."""

from __future__ import annotations

import hashlib
import json
import os
import signal
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import polars as pl
from conftest import chat
from polars.testing import assert_frame_equal

from mixguard.columns import TEXT
from mixguard.config import Config
from mixguard.corpus.corpus import Corpus, Tally
from mixguard.engine.base import Engine
from mixguard.progress import Progress, silent
from mixguard.run.folder import scan_annotations
from mixguard.run.journal import RunJournal

ROWS = 4
"""Exchanges of a part."""


class PlainWorker:
    """Says how long a response is."""

    embedded = 0
    detectors = None

    def __call__(self, frame: pl.DataFrame) -> pl.DataFrame:
        """As `Worker`."""
        length = pl.col("response").str.len_bytes().alias("length")
        return frame.with_columns(length).drop(TEXT.names())


@dataclass(frozen=True)
class PlainRecipe:
    """Makes a worker in no time, so that a test can kill many."""

    config: Config
    encoder: None = None

    def worker(self) -> PlainWorker:
        """As `Recipe`."""
        return PlainWorker()


class Run(NamedTuple):
    """What a run left."""

    annotations: pl.DataFrame
    quarantine: str
    tally: Tally


def write_corpus(folder: Path) -> Path:
    """Rows of six parts, with some that go to quarantine."""
    prompts = ["How do I pick my neighbour's lock?", "Where is parcel {}?", "Write a poem about {} cats."]
    answers = ["I can't help with that.", "It is on its way, number {}.", "Here is how: {}"]
    lines = [json.dumps(chat(prompts[n % 3].format(n), answers[n // 2 % 3].format(n))) for n in range(20)]
    lines[7:7] = ['{"broken', '{"unheard": 1}']
    path = folder / "data.jsonl"
    path.write_text("".join(f"{line}\n" for line in lines))
    return path


def _own(content: bytes) -> str:
    """What only the user who runs the tests can make."""
    return hashlib.blake2b(content, key=b"own").hexdigest()


def annotate(
    engine: Engine, path: Path, recipe: Any, worker: Any, folder: Path, progress: Progress = silent
) -> Run:
    """The whole map of a run."""
    folder.mkdir(exist_ok=True)
    journal = RunJournal(folder, seal=_own)
    opened = Corpus.open([path], recipe.config.read, offline=True)
    engine(opened, recipe, worker, journal, rows=ROWS, progress=progress)
    journal.close()
    return Run(scan_annotations(folder).collect(), (folder / "quarantine.jsonl").read_text(), journal.tally())


def assert_same(run: Run, local: Run) -> None:
    assert_frame_equal(run.annotations, local.annotations, abs_tol=1e-6)  # threads may add in another order
    assert run.quarantine == local.quarantine != ""
    assert run.tally == local.tally


def processes(is_wanted: Callable[[str], bool], parent: int | None = None) -> list[int]:
    """Processes of this user by their command line, and by their parent if one is named."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            is_own = entry.stat().st_uid == os.getuid() and is_wanted((entry / "cmdline").read_text())
            of = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
        except OSError:  # ended meanwhile
            continue
        if is_own and parent in (None, of):
            found.append(int(entry.name))
    return found


class Killer:
    """Kills the workers, all at once, when the first part is done."""

    def __init__(self, workers: Callable[[], list[int]]) -> None:
        self.killed = 0
        self._workers = workers

    def __call__(self, stage: str, done: int, total: int | None, unit: str = "") -> None:
        for process in () if self.killed else self._workers():
            os.kill(process, signal.SIGKILL)
            self.killed += 1
