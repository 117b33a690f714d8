"""Texts that a user names, as hashes of every few words in a row, to find long passages of them word for word."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from os import PathLike
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import orjson
import polars as pl

from mixguard import remote, urls
from mixguard.errors import ConfigError
from mixguard.files import read_bounded

TOGETHER = 13
"""Words hashed together; fewer recur by chance."""
KINDS = (".txt", ".md", ".jsonl")
MOST = 256 * 2**20
"""Bytes of all reference files that are read; each word takes 8 bytes of memory."""
PIECE, OVERLAP, AT_ONCE = 2**18, 2000, 32
"""Characters of a text that are cut at once, those that the next piece repeats, and pieces hashed at once: words take
far more memory than their hashes."""
_MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)
_WORD = r"[\p{L}\p{M}\p{N}]+"


class Run(NamedTuple):
    """The longest passage of a text that the references hold, too."""

    words: int
    start: int
    end: int
    """In characters of the text."""


def reference_files(names: Sequence[str | PathLike[str]]) -> list[Path]:
    """The files that names stand for, those of folders included, in order; remote ones are fetched.

    Raises:
        ConfigError: a path does not exist, a folder holds no text, or a file is of another kind.
    """
    found: list[Path] = []
    for path in chain.from_iterable(map(_local, names)):
        if path.is_dir():
            inside = sorted(
                each for each in path.rglob("*") if each.suffix.lower() in KINDS and each.is_file()
            )
            if not inside:
                raise ConfigError(f"judge.references: {remote.named(path)}: holds no {', '.join(KINDS)} file")
            found += inside
        elif not path.exists():
            raise ConfigError(f"judge.references: {remote.named(path)}: does not exist")
        elif path.suffix.lower() not in KINDS:
            raise ConfigError(
                f"judge.references: {remote.named(path)}: is not a {', '.join(KINDS)} file; convert it to text first"
            )
        else:
            found.append(path)
    return found


def _local(name: str | PathLike[str]) -> list[Path]:
    url = urls.url_of(name)
    if url is None:
        return [Path(name)]
    return remote.copies(url, lambda each: each.lower().endswith(KINDS), error=ConfigError)


@dataclass(frozen=True)
class References:
    """The hashes of all passages of `TOGETHER` words in the references."""

    hashes: npt.NDArray[np.uint64]
    """(passages,), sorted, each once."""

    @classmethod
    def load(cls, names: Sequence[str | PathLike[str]]) -> References | None:
        """Read the files of these names; None if there are none.

        Raises:
            ConfigError: a file cannot be read, or they are longer than `MOST` together.
        """
        left, parts = MOST, []
        for file in reference_files(names):
            content = read_bounded(file, ConfigError, max(left, 0))
            left -= len(content)
            parts += [np.unique(_passages(some).hashes) for some in _pieces(_texts(file, content))]
        return cls(np.unique(np.concatenate(parts))) if parts else None

    def longest(self, texts: pl.Series, least: int) -> list[Run | None]:
        """The longest run of each text that the references hold, if it has so many words; `least` > `TOGETHER`."""
        passages = _passages(texts)
        place = np.searchsorted(self.hashes, passages.hashes)
        held = np.zeros(len(passages.hashes), dtype=bool)
        if len(self.hashes):
            held = self.hashes[np.minimum(place, len(self.hashes) - 1)] == passages.hashes
        runs: list[Run | None] = [None] * len(texts)
        for row, first, words in _stretches(held, passages):
            best = runs[row]
            if words >= least and (best is None or words > best.words):
                runs[row] = Run(words, first, 0)
        return [run and _placed(text, run) for text, run in zip(texts, runs, strict=True)]


class _Passages(NamedTuple):
    hashes: npt.NDArray[np.uint64]
    rows: npt.NDArray[np.int64]
    """The text that each is of."""
    first: npt.NDArray[np.int64]
    """Its first word, counted within the text."""


def _passages(texts: pl.Series) -> _Passages:
    """Every `TOGETHER` words in a row of each text."""
    words = texts.fill_null("").str.extract_all(_WORD)
    counts = words.list.len().to_numpy().astype(np.int64)
    numbers = words.filter(words.list.len() > 0).explode().str.to_lowercase().hash(seed=13).to_numpy()
    if len(numbers) < TOGETHER:
        empty = np.zeros(0, dtype=np.int64)
        return _Passages(empty.astype(np.uint64), empty, empty)
    size = len(numbers) - TOGETHER + 1
    mixed = np.zeros(size, dtype=np.uint64)
    for shift in range(TOGETHER):
        mixed = mixed * _MULTIPLIER + numbers[shift : shift + size]
    starts = np.cumsum(counts) - counts
    rows = np.repeat(np.arange(len(counts)), counts)[:size]
    first = np.arange(size) - starts[rows]
    whole = first + TOGETHER <= counts[rows]
    return _Passages(mixed[whole], rows[whole], first[whole])


def _stretches(held: npt.NDArray[np.bool_], passages: _Passages) -> Iterator[tuple[int, int, int]]:
    """Row, first word and number of words of each stretch of passages that are held."""
    there = np.flatnonzero(held)
    if not len(there):
        return
    apart = (np.diff(there) > 1) | (np.diff(passages.rows[there]) > 0)
    ends = np.append(np.flatnonzero(apart), len(there) - 1)
    begins = np.append(0, ends[:-1] + 1)
    for begin, end in zip(there[begins].tolist(), there[ends].tolist(), strict=True):
        yield int(passages.rows[begin]), int(passages.first[begin]), end - begin + TOGETHER


def _placed(text: str, run: Run) -> Run:
    """The run with characters for words."""
    words = pl.Series([text]).str.extract_all(_WORD)[0]
    place, starts, ends = 0, [], []
    for word in words:
        begin = text.index(word, place)
        place = begin + len(word)
        starts.append(begin)
        ends.append(place)
    return Run(run.words, starts[run.start], ends[run.start + run.words - 1])


def _texts(file: Path, content: bytes) -> Iterator[str]:
    """The text of a file; of JSON Lines, every string value."""
    if file.suffix.lower() != ".jsonl":
        yield content.decode("utf-8", errors="replace")
        return
    for number, line in enumerate(content.split(b"\n"), start=1):
        if not line.strip():
            continue
        try:
            yield from _strings(orjson.loads(line))
        except orjson.JSONDecodeError as problem:
            raise ConfigError(
                f"judge.references: {remote.named(file)}:{number}: is not JSON: {problem}"
            ) from None


def _pieces(texts: Iterator[str]) -> Iterator[pl.Series]:
    """Texts cut into pieces, some at a time."""
    cut = (text[start : start + PIECE + OVERLAP] for text in texts for start in range(0, len(text), PIECE))
    while some := list(islice(cut, AT_ONCE)):
        yield pl.Series(some, dtype=pl.String)


def _strings(value: Any) -> Iterator[str]:
    left = [value]
    while left:
        each = left.pop()
        if isinstance(each, str):
            yield each
        elif isinstance(each, dict):
            left.extend(each.values())
        elif isinstance(each, list):
            left.extend(each)
