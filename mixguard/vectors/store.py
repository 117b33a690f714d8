"""Vectors stored on disk, so that no text is embedded twice."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from mixguard.vectors.base import Encoder, Vectors
from mixguard.vectors.shelf import LIMIT, Shelf

NONE: Mapping[bytes, bytes] = MappingProxyType({})


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

    def __init__(self, shelf: Shelf, encoder: Encoder, shipped: Mapping[bytes, bytes]) -> None:
        self._shelf = shelf
        self._shipped = shipped
        self.encoder = encoder
        self.embedded = 0
        """Texts embedded since the store was opened because they were not stored."""

    @classmethod
    def open(
        cls, cache: Path, encoder: Encoder, shipped: Mapping[bytes, bytes] = NONE, limit: int = LIMIT
    ) -> VectorStore:
        """Open or create an encoder's vector store in the cache folder; where it cannot be used, do without.

        Args:
            cache: the cache folder.
            encoder: embeds what is not stored.
            shipped: half-precision vectors by text id, which are neither embedded nor stored.
            limit: bytes that the store may take; beyond it, what was used least recently is dropped.
        """
        name = "".join(
            letter if letter.isalnum() or letter in "-._" else "_" for letter in encoder.fingerprint
        )
        shelf = Shelf(cache / "vectors" / f"{name}.sqlite", encoder.fingerprint, limit)
        return cls(shelf, encoder, shipped)

    def vectors(self, texts: Sequence[str]) -> TextVectors:
        """Vectors of every text: stored ones are read, the rest are embedded once and stored."""
        ids = [text_id(text) for text in texts]
        distinct = dict(zip(ids, texts, strict=True))
        stored = {key: self._shipped[key] for key in distinct if key in self._shipped}
        stored |= self._shelf.find(key for key in distinct if key not in stored)
        missing = [key for key in distinct if key not in stored]
        if missing:
            blocks = dict(zip(missing, self._embed([distinct[key] for key in missing]), strict=True))
            self.embedded += len(missing)
            self._shelf.keep(blocks)
            stored |= blocks
        order = {key: number for number, key in enumerate(stored)}
        lengths = np.fromiter(map(len, stored.values()), np.int64, len(stored))
        counts = lengths // (self.encoder.dimension * np.dtype(np.float16).itemsize)
        starts = np.cumsum(counts) - counts
        rows = np.array([order[key] for key in ids], dtype=np.int64)
        flat = np.frombuffer(b"".join(stored.values()), dtype=np.float16)
        vectors = flat.astype(np.float32).reshape(-1, self.encoder.dimension)
        return TextVectors(vectors, starts[rows], counts[rows])

    def first_windows(self, texts: Sequence[str]) -> Vectors:
        """One vector per text, shape (texts, dimension): that of its first window."""
        found = self.vectors(texts)
        return found.vectors[found.starts]

    def _embed(self, texts: Sequence[str]) -> list[bytes]:
        windows = self.encoder.encode(texts)
        ends = np.cumsum(windows.counts)
        halves = windows.vectors.astype(np.float16)
        return [
            halves[end - count : end].tobytes()
            for end, count in zip(ends.tolist(), windows.counts.tolist(), strict=True)
        ]
