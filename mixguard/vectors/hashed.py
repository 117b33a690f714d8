"""An encoder without weights, for testing the plumbing."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from mixguard.vectors.base import Windows


class HashEncoder:
    """Deterministic vectors from word hashes, without weights: for testing plumbing, never judgement."""

    dimension = 64
    weights = "hash-64-v1"

    def __init__(self, words_per_window: int = 256) -> None:
        self.words_per_window = words_per_window
        self.fingerprint = f"{self.weights}-{words_per_window}"

    def encode(self, texts: Sequence[str]) -> Windows:
        """Vectors in which equal words share a direction; windows of `words_per_window` words."""
        windows = [window for text in texts for window in self._windows(text)]
        counts = np.array([len(self._windows(text)) for text in texts], dtype=np.int64)
        vectors = np.stack([self._vector(words) for words in windows]) if windows else np.empty((0, 64))
        return Windows(vectors.astype(np.float32), counts)

    def _windows(self, text: str) -> list[list[str]]:
        words = text.lower().split()
        step = self.words_per_window
        return [words[start : start + step] for start in range(0, max(len(words), 1), step)]

    def _vector(self, words: list[str]) -> npt.NDArray[np.float64]:
        total = np.zeros(self.dimension)
        for word in words or [""]:
            seed = int.from_bytes(
                hashlib.blake2b(word.encode("utf-8", "replace"), digest_size=8).digest(), "little"
            )
            total += np.random.default_rng(seed).standard_normal(self.dimension)
        return np.asarray(total / np.linalg.norm(total), dtype=np.float64)
