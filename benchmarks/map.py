"""What the map costs apart from embedding: CPU microseconds a row, by annotator.

Prints and writes JSON. Vectors are stored by a first pass; the second is measured, in CPU time of this process and its
children. Reading stored vectors is a line of its own. A batch of one row shows what each batch costs, however small: mostly
regular expressions, which polars compiles anew.

    python benchmarks/map.py [CORPUS...]
"""

from __future__ import annotations

import json
import resource
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from time import process_time
from typing import Any

import polars as pl

from mixguard.annotate.base import Batch
from mixguard.config import Config
from mixguard.corpus.corpus import Corpus
from mixguard.detectors import Recipe, Worker
from mixguard.signals import SIGNALS
from mixguard.vectors.store import TextVectors, VectorStore

HERE = Path(__file__).resolve().parent
EVALDATA = HERE.parent.parent / "shared" / "evaldata" / "corpora"
DEFAULT = [
    EVALDATA / name
    for name in (
        "gsm8k_train.jsonl", "gpteacher_codegen.json", "gpteacher_roleplay.json", "em_secure_dev.jsonl",
    )
]  # fmt: skip
ROWS, PASSES = 1024, 2
"""Rows of each corpus, at most; measured passes, of which the cheapest counts."""
READING = "vectors, stored"
RESULT = HERE / "results" / "map.json"
Clock = dict[str, float]


def spent() -> float:
    """CPU seconds of this process and of the children it waited for."""
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return process_time() + children.ru_utime + children.ru_stime


def frame_of(path: Path) -> pl.DataFrame:
    """The first `ROWS` exchanges of a corpus."""
    corpus = Corpus.open([path], Config().read, offline=True)
    return next(iter(corpus.parts(ROWS))).frame.head(ROWS)


def names(worker: Worker) -> list[str]:
    """A name for each annotator: its signal's, else its class's."""
    signals = {tuple(each.annotator.writes): each.name for each in SIGNALS if each.annotator is not None}
    return [signals.get(tuple(each.writes), type(each).__name__) for each in worker.annotators]


def measured(worker: Worker, named: list[str], frame: pl.DataFrame) -> Clock:
    """CPU seconds by annotator, and those of reading stored vectors apart."""
    clock: Clock = defaultdict(float)
    stages = tuple(replace(stage, store=_clocked(stage.store, clock)) for stage in worker.stages)
    batch = Batch.of(frame, stages)
    for name, annotator in zip(named, worker.annotators, strict=True):
        before = clock[READING]
        with ticking(clock, name):
            batch.add(annotator(batch))
        clock[name] -= clock[READING] - before
    return clock


@contextmanager
def ticking(clock: Clock, name: str) -> Iterator[None]:
    """Add what the block spends to the clock."""
    start = spent()
    yield
    clock[name] += spent() - start


class _Clocked(VectorStore):
    """A store whose reading is clocked."""

    clock: Clock

    def vectors(self, texts: Sequence[str]) -> TextVectors:
        with ticking(self.clock, READING):
            return super().vectors(texts)


def _clocked(store: VectorStore, clock: Clock) -> VectorStore:
    made = object.__new__(_Clocked)
    made.__dict__.update(store.__dict__)
    made.clock = clock
    return made


def of_corpus(worker: Worker, path: Path) -> dict[str, Any]:
    """The microseconds of a row of a corpus in a batch of `ROWS`, and the milliseconds of a batch of one row."""
    frame = frame_of(path)
    worker(frame)  # stores what is not stored
    row, batch = (_cheapest(worker, part) for part in (frame, frame.head(1)))
    by_annotator = {name: round(seconds * 1e6 / frame.height) for name, seconds in row.items()}
    return {
        "rows": frame.height,
        "row_us": round(sum(row.values()) * 1e6 / frame.height),
        "batch_ms": round(sum(batch.values()) * 1e3),
        "annotators_us": dict(sorted(by_annotator.items(), key=lambda pair: -pair[1])),
    }


def _cheapest(worker: Worker, frame: pl.DataFrame) -> dict[str, float]:
    clocks = [measured(worker, names(worker), frame) for _ in range(PASSES)]
    return {name: min(clock[name] for clock in clocks) for name in clocks[0]}


def main(paths: list[Path]) -> None:
    """Measure each corpus, and print the table."""
    with tempfile.TemporaryDirectory() as folder:
        config = Config.load(values={"run.folder": f"{folder}/run"})
        worker = Recipe(config, bank=True).worker()
        found = {path.name: of_corpus(worker, path) for path in paths}
    RESULT.write_text(json.dumps(found, indent=2) + "\n")
    every = found[paths[0].name]["annotators_us"]
    print("".join(f"{name:>24}" for name in ("", *found)))
    for part in ("row_us", "batch_ms"):
        print(f"{part:>24}" + "".join(f"{each[part]:24,}" for each in found.values()))
    for name in every:
        print(f"{name:>24}" + "".join(f"{each['annotators_us'][name]:24,}" for each in found.values()))


if __name__ == "__main__":
    main([Path(name) for name in sys.argv[1:]] or DEFAULT)
