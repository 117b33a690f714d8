"""Vectors stored on disk, so that no text is embedded twice."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from mixguard.errors import UsageError
from mixguard.vectors.base import Encoder, Vectors

NONE: Mapping[bytes, bytes] = MappingProxyType({})
IDS_PER_QUERY = 500
"""Below the 999 query variables of the oldest supported SQLite."""


class TextVectors(NamedTuple):
    """The window vectors of a column of texts."""

    vectors: Vectors
    """Shape (windows of all distinct texts, dimension), unit length."""
    starts: npt.NDArray[np.int64]
    """Shape (texts,): row of each text's first window."""
    counts: npt.NDArray[np.int64]
    """Shape (texts,): how many consecutive rows each text has."""

    @property
    def owner(self) -> npt.NDArray[np.int64]:
        """Shape (windows of the texts in order,): the text that each belongs to."""
        return np.repeat(np.arange(len(self.counts)), self.counts)

    @property
    def in_order(self) -> Vectors:
        """The windows of the texts in order, those of a repeated text repeated."""
        owner, first = self.owner, np.cumsum(self.counts) - self.counts
        return self.vectors[self.starts[owner] + np.arange(len(owner)) - first[owner]]


def text_id(text: str) -> bytes:
    """16 bytes that identify a text.

    A cryptographic hash, because a corpus is hostile input: a harmful text must not get a benign vector.
    """
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()


class VectorStore:
    """Half-precision vectors of one encoder, in a SQLite file that several runs may share."""

    def __init__(
        self, database: sqlite3.Connection, encoder: Encoder, shipped: Mapping[bytes, bytes]
    ) -> None:
        self._database = database
        self._shipped = shipped
        self.encoder = encoder
        self.embedded = 0
        """Texts embedded since the store was opened because they were not stored."""

    @classmethod
    def open(cls, cache: Path, encoder: Encoder, shipped: Mapping[bytes, bytes] = NONE) -> VectorStore:
        """Open or create an encoder's vector store in the cache folder.

        Args:
            cache: the cache folder.
            encoder: embeds what is not stored.
            shipped: half-precision vectors by text id, which are neither embedded nor stored.

        Raises:
            UsageError: the file cannot be written or is not a store.
        """
        name = "".join(
            letter if letter.isalnum() or letter in "-._" else "_" for letter in encoder.fingerprint
        )
        file = cache / "vectors" / f"{name}.sqlite"
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            # `check_same_thread` off: an engine may move its worker to another thread, but never share it.
            database = sqlite3.connect(file, timeout=60, isolation_level=None, check_same_thread=False)
            database.execute("PRAGMA journal_mode = WAL")
            database.execute("PRAGMA synchronous = NORMAL")
            database.execute("CREATE TABLE IF NOT EXISTS texts (id BLOB PRIMARY KEY, windows BLOB NOT NULL)")
        except (OSError, sqlite3.Error) as error:
            raise UsageError(
                f"{file}: cannot use the vector store ({error}); set encode.cache to another folder"
            ) from None
        return cls(database, encoder, shipped)

    def vectors(self, texts: Sequence[str]) -> TextVectors:
        """Vectors of every text: stored ones are read, the rest are embedded once and stored."""
        ids = [text_id(text) for text in texts]
        distinct = dict(zip(ids, texts, strict=True))
        stored = dict(self._find(distinct))
        missing = [key for key in distinct if key not in stored]
        if missing:
            stored |= self._embed(missing, [distinct[key] for key in missing])
        order = {key: number for number, key in enumerate(stored)}
        blocks = [np.frombuffer(block, dtype=np.float16) for block in stored.values()]
        counts = np.array([len(block) // self.encoder.dimension for block in blocks], dtype=np.int64)
        starts = np.concatenate([[0], np.cumsum(counts)[:-1]]) if blocks else np.empty(0)
        rows = np.array([order[key] for key in ids], dtype=np.int64)
        flat = np.concatenate(blocks) if blocks else np.empty(0)
        vectors = flat.astype(np.float32).reshape(-1, self.encoder.dimension)
        return TextVectors(vectors, starts.astype(np.int64)[rows], counts[rows])

    def first_windows(self, texts: Sequence[str]) -> Vectors:
        """One vector per text, shape (texts, dimension): that of its first window."""
        found = self.vectors(texts)
        return found.vectors[found.starts]

    def _find(self, ids: Iterable[bytes]) -> Iterator[tuple[bytes, bytes]]:
        ids = list(ids)
        yield from ((key, self._shipped[key]) for key in ids if key in self._shipped)
        remaining = (key for key in ids if key not in self._shipped)
        while some := list(islice(remaining, IDS_PER_QUERY)):
            marks = ",".join("?" * len(some))
            yield from self._database.execute(f"SELECT id, windows FROM texts WHERE id IN ({marks})", some)

    def _embed(self, ids: list[bytes], texts: list[str]) -> dict[bytes, bytes]:
        windows = self.encoder.encode(texts)
        self.embedded += len(texts)
        ends = np.cumsum(windows.counts)
        halves = windows.vectors.astype(np.float16)
        blocks = {
            key: halves[end - count : end].tobytes()
            for key, end, count in zip(ids, ends.tolist(), windows.counts.tolist(), strict=True)
        }
        # One transaction: a killed run leaves all of these texts or none.
        self._database.execute("BEGIN IMMEDIATE")
        self._database.executemany("INSERT OR IGNORE INTO texts VALUES (?, ?)", blocks.items())
        self._database.execute("COMMIT")
        return blocks
