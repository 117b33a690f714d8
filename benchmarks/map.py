"""What the map costs apart from embedding: CPU microseconds a row, by annotator.

Prints and writes JSON. Vectors are stored by a first pass; the second is measured, in CPU time of this process and its
children. Reading stored vectors and parsing the corpus are lines of their own.

    python benchmarks/map.py [CORPUS...]
"""

from __future__ import annotations

import json
import resource
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from time import process_time

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
ROWS, PASSES = 600, 2
"""Rows of each corpus, at most; measured passes, of which the cheapest counts."""
READING = "vectors, stored"
RESULT = HERE / "results" / "map.json"
Clock = Counter[str]


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
    clock: Clock = Counter()
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
    clock[name] += spent() - start  # type: ignore[assignment]


class _Clocked(VectorStore):
    """A store whose reading is clocked."""

    clock: Clock

    def vectors(self, texts: list[str]) -> TextVectors:  # type: ignore[override]
        with ticking(self.clock, READING):
            return super().vectors(texts)


def _clocked(store: VectorStore, clock: Clock) -> VectorStore:
    made = object.__new__(_Clocked)
    made.__dict__.update(store.__dict__)
    made.clock = clock
    return made


def main(paths: list[Path]) -> None:
    """Measure each corpus, and print the table."""
    with tempfile.TemporaryDirectory() as folder:
        config = Config.load(values={"run.folder": f"{folder}/run"})
        worker = Recipe(config, bank=True).worker()
        found = {}
        for path in paths:
            frame = frame_of(path)
            worker(frame)
            clocks = [measured(worker, names(worker), frame) for _ in range(PASSES)]
            best = {name: min(clock[name] for clock in clocks) * 1e6 / frame.height for name in clocks[0]}
            found[path.name] = {"rows": frame.height, "total": round(sum(best.values())), **{
                name: round(cost) for name, cost in sorted(best.items(), key=lambda pair: -pair[1])
            }}  # fmt: skip
    RESULT.write_text(json.dumps(found, indent=2) + "\n")
    table = pl.DataFrame(
        [{"annotator": name, **{at: found[at].get(name, 0) for at in found}} for name in found[paths[0].name]]
    )
    with pl.Config(tbl_rows=-1, fmt_str_lengths=40):
        print(table)


if __name__ == "__main__":
    main([Path(name) for name in sys.argv[1:]] or DEFAULT)
