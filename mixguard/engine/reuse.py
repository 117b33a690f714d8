"""Rows that the run which is replaced has judged already: what is the same in both is not judged again.

A run's annotations are only used if this user's cache vouches for them: it has the checksums of their files, sealed with
its secret, and what they were made of. A folder that came from elsewhere is never believed.
"""

from __future__ import annotations

import hashlib
import io
import os
from collections.abc import Iterator, Mapping
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import orjson
import polars as pl

from mixguard.annotate.content import CONTENT, content_ids
from mixguard.columns import EXCHANGE
from mixguard.detectors import Worker
from mixguard.files import seal, trusted, write_atomically
from mixguard.run.folder import ANNOTATIONS
from mixguard.run.provenance import Detectors
from mixguard.run.unfinished import Unfinished

RUNS = "runs"
"""Folder of the cache with a file for each run folder."""
LARGEST = 64 * 2**20
"""Bytes of the largest of these files that is read."""
FEWEST = 16
"""Rows taken from one part at a time: reading it for fewer costs more than judging them."""
_ANY = ("corpus", "run.batch", "run.shard", "digest of the screen")
"""What decides which rows there are, where parts are cut and what is screened, but no annotation of a judged row."""


class Vouched(NamedTuple):
    """What the cache says of a run folder."""

    made_of: str
    """Digest of all that decides annotations."""
    parts: dict[str, str]
    """SHA-256 by name of each file of annotations, as the map wrote it: not of those that were changed afterwards."""


def vouch(cache: Path, run: Path, made_of: Mapping[str, str], parts: Mapping[str, str]) -> None:
    """Remember the annotations of a finished run; where nothing can be kept, do without."""
    tree = Vouched(_digest(made_of), dict(parts))._asdict()
    with suppress(OSError):
        write_atomically(_file(cache, run), orjson.dumps({"seal": _sealed(cache, run, tree), **tree}))


class Earlier:
    """The rows of an earlier run, found by their content."""

    def __init__(self, folder: Path, parts: Mapping[str, str]) -> None:
        self._files = [(folder / ANNOTATIONS / name, digest) for name, digest in sorted(parts.items())]
        self._read = lru_cache(2)(lambda number: _rows(*self._files[number]))
        hashes = [_ids(*file).hash().to_numpy() for file in self._files]
        self._starts = np.cumsum([0, *map(len, hashes)])
        every = np.concatenate(hashes) if hashes else np.empty(0, dtype=np.uint64)
        self._order = np.argsort(every, kind="stable")
        self._hashes = every[self._order]

    @classmethod
    def open(cls, cache: Path, run: Path, made_of: Mapping[str, str]) -> Earlier | None:
        """The rows of a finished run made of the same; None without one that the cache vouches for."""
        known = _vouched(cache, run)
        return cls(run, known.parts) if known is not None and known.made_of == _digest(made_of) else None

    def __len__(self) -> int:
        return len(self._hashes)

    def known(self, ids: pl.Series) -> Iterator[tuple[npt.NDArray[np.int64], pl.DataFrame]]:
        """Which of these contents were judged before, some at a time: their numbers, and their annotations."""
        wanted = ids.hash().to_numpy()
        place = np.minimum(np.searchsorted(self._hashes, wanted), max(len(self) - 1, 0))
        rows = np.flatnonzero(self._hashes[place] == wanted) if len(self) else np.empty(0, dtype=np.int64)
        at = self._order[place[rows]]
        part = np.searchsorted(self._starts, at, side="right") - 1
        for number in np.unique(part):
            mine = part == number
            annotations = self._read(int(number)) if mine.sum() >= FEWEST else None
            if annotations is not None:
                found = annotations[at[mine] - self._starts[number]]
                same = found.get_column(CONTENT) == ids.gather(rows[mine])  # hashes may collide
                same &= found.get_column("screen").is_null()  # what was not judged is no verdict
                yield rows[mine][same.to_numpy()], found.filter(same)


class Reusing:
    """A worker that only judges what the earlier run has not."""

    def __init__(self, worker: Worker, earlier: Earlier | None) -> None:
        self._worker, self._earlier = worker, earlier
        self.reused = 0
        """Exchanges that were not judged again."""

    @classmethod
    def of(cls, worker: Worker, cache: Path, target: Path, run: Unfinished) -> Reusing:
        """A worker for a run that takes the place of the one at `target`, if there is one."""
        return cls(worker, None if run.config.run.fresh else Earlier.open(cache, target, run.made_of))

    @property
    def detectors(self) -> Detectors:
        """The worker's detectors."""
        return self._worker.detectors

    @property
    def embedded(self) -> int:
        """Texts that were embedded because no store had them."""
        return self._worker.embedded

    def __call__(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Annotate a frame as the worker does."""
        before = list(self._earlier.known(content_ids(frame))) if self._earlier is not None else []
        if not before:
            return self._worker(frame)
        rows = np.concatenate([numbers for numbers, _ in before])
        self.reused += len(rows)
        places = frame[rows].select(EXCHANGE.names())
        added = pl.concat([annotations for _, annotations in before]).drop(EXCHANGE.names())
        fresh = np.setdiff1d(np.arange(frame.height), rows)
        judged = [places.hstack(added), *([self._worker(frame[fresh])] if len(fresh) else [])]
        return pl.concat(judged)[np.argsort(np.concatenate([rows, fresh]))]


def _rows(file: Path, digest: str) -> pl.DataFrame | None:
    """A part's annotations; None if it is not the file that the cache vouches for."""
    content = _content(file, digest)
    return None if content is None else pl.read_parquet(content)


def _ids(file: Path, digest: str) -> pl.Series:
    content = _content(file, digest)
    if content is None:
        return pl.Series(CONTENT, [], dtype=pl.String)
    return pl.read_parquet(content, columns=[CONTENT]).get_column(CONTENT)


def _content(file: Path, digest: str) -> io.BytesIO | None:
    try:
        content = file.read_bytes()
    except OSError:
        return None
    return io.BytesIO(content) if hashlib.sha256(content).hexdigest() == digest else None


def _vouched(cache: Path, run: Path) -> Vouched | None:
    file = _file(cache, run)
    try:
        if not trusted(file) or file.stat().st_size > LARGEST:
            return None
        tree: dict[str, Any] = orjson.loads(file.read_bytes())
        known = Vouched(tree["made_of"], tree["parts"])
        return known if tree["seal"] == _sealed(cache, run, known._asdict()) else None
    except (OSError, ValueError, LookupError, TypeError):
        return None


def _file(cache: Path, run: Path) -> Path:
    return cache / RUNS / f"{hashlib.sha256(os.fsencode(os.path.realpath(run))).hexdigest()[:32]}.json"


def _sealed(cache: Path, run: Path, tree: Mapping[str, Any]) -> str:
    return seal(cache, orjson.dumps([os.path.realpath(run), tree], option=orjson.OPT_SORT_KEYS))


def _digest(made_of: Mapping[str, str]) -> str:
    kept = {name: value for name, value in made_of.items() if name not in _ANY}
    return hashlib.sha256(orjson.dumps(kept, option=orjson.OPT_SORT_KEYS)).hexdigest()
