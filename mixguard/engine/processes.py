"""The engine `processes`: parts are judged by processes of this machine, one per GPU or core.

A process that dies is replaced, and its part judged again. They are started afresh, not forked and not by `multiprocessing`:
a GPU cannot be shared by a fork, and a caller's script must not run again in each.
"""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import suppress
from queue import LifoQueue
from threading import Lock
from types import TracebackType

import polars as pl

from mixguard.corpus.corpus import Corpus
from mixguard.corpus.parts import Part
from mixguard.detectors import Recipe
from mixguard.engine.base import Judging
from mixguard.engine.keeping import Finished, JudgedRows, keep, pickled
from mixguard.engine.places import places
from mixguard.errors import UsageError
from mixguard.progress import Progress
from mixguard.run.journal import RunJournal

TRIES = 3
"""Processes that a part may kill before the run is given up."""
AHEAD = 2
"""Parts in memory per process: one is judged, one is ready."""
PATIENCE = 10
"""Seconds that a process is given to end by itself."""
CHILD = "import sys; sys.path[:] = sys.argv[1:]; from mixguard.engine.child import main; main()"
"""Imports from where this process does, and nothing from the working directory unless this process does too."""


def run(
    corpus: Corpus, recipe: Recipe, worker: Judging, journal: RunJournal, *, rows: int, progress: Progress
) -> int:
    """Annotate a corpus; see `engine/base.py`.

    Raises:
        UsageError: a part kills every process that judges it.
    """
    with Pool(recipe, places(recipe.config)) as pool:
        return keep(_finished(corpus, journal, rows, pool), journal, corpus.size, progress)


def _finished(corpus: Corpus, journal: RunJournal, rows: int, pool: Pool) -> Iterator[Finished]:
    """Each part when it is done; reading waits while enough are under way."""
    under_way: dict[Future[JudgedRows], tuple[int, Part]] = {}

    def some() -> Iterator[Finished]:
        for future in wait(under_way, return_when=FIRST_COMPLETED).done:
            yield Finished(*under_way.pop(future), future.result())

    for number, part in enumerate(corpus.parts(rows)):
        if journal.has(number, part):
            yield Finished(number, part, None)
            continue
        while len(under_way) >= AHEAD * pool.size:
            yield from some()
        under_way[pool.submit(part.frame)] = number, part
    while under_way:
        yield from some()


class Pool:
    """Processes that judge; they are started when they are needed, and gone when the block ends."""

    def __init__(self, recipe: Recipe, environments: Sequence[Mapping[str, str]]) -> None:
        self.size = len(environments)
        self._recipe = pickled(recipe)
        self._threads = ThreadPoolExecutor(self.size, "mixguard-process")
        self._lock, self._stopped = Lock(), False
        self._children = [_Child(environment) for environment in environments]
        # The one that was used last is ready; the others may not be started.
        self._idle: LifoQueue[_Child] = LifoQueue()
        for child in self._children:
            self._idle.put(child)

    def __enter__(self) -> Pool:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._lock:
            self._stopped = True
            for child in self._children:
                child.stop(0 if kind else PATIENCE)
        self._threads.shutdown(cancel_futures=True)

    def submit(self, frame: pl.DataFrame) -> Future[JudgedRows]:
        """Have a frame judged by the next process that is idle."""
        return self._threads.submit(self._judge, frame)

    def _judge(self, frame: pl.DataFrame) -> JudgedRows:
        child = self._idle.get()
        try:
            for _ in range(TRIES):
                try:
                    answer = self._started(child).ask(frame)
                except (EOFError, OSError, pickle.UnpicklingError):
                    child.stop()
                    continue
                if isinstance(answer, Exception):
                    raise answer
                return answer
        finally:
            self._idle.put(child)
        raise UsageError(
            f"run.engine: the same exchanges ended {TRIES} processes (exit code {child.code}); if memory is short,"
            " lower run.batch or run.workers"
        )

    def _started(self, child: _Child) -> _Child:
        with self._lock:
            if self._stopped:
                raise RuntimeError("the pool is stopped")
            child.start(self._recipe)
        return child


class _Child:
    """A process that judges."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment
        self._process: subprocess.Popen[bytes] | None = None
        self.code: int | None = None
        """Exit code of the last that ended."""

    def start(self, recipe: bytes) -> None:
        """Start it if it does not run."""
        if self._process is not None:
            return
        self._process = subprocess.Popen(
            [sys.executable, "-c", CHILD, *sys.path],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, **self._environment},
            start_new_session=True,  # Ctrl-C is for this process, which ends the others
        )
        self._send(recipe)

    def ask(self, frame: pl.DataFrame) -> JudgedRows | Exception:
        """What it makes of a frame, or its error.

        Raises:
            EOFError, OSError, pickle.UnpicklingError: it died.
        """
        self._send(frame)
        if self._process is None or self._process.stdout is None:
            raise EOFError
        answer: JudgedRows | Exception = pickle.load(self._process.stdout)
        return answer

    def stop(self, patience: float = 0) -> None:
        """End it: at once, or when it has had some seconds to end by itself."""
        process = self._process
        if process is None or process.stdin is None or process.stdout is None:
            return
        if not patience:
            process.kill()
        with suppress(OSError):
            process.stdin.close()  # asks it to end
        try:
            self.code = process.wait(patience or None)
        except subprocess.TimeoutExpired:
            process.kill()
            self.code = process.wait()
        process.stdout.close()
        self._process = None

    def _send(self, message: object) -> None:
        process = self._process
        if process is None or process.stdin is None:
            raise EOFError
        pickle.dump(message, process.stdin, protocol=pickle.HIGHEST_PROTOCOL)
        process.stdin.flush()
