"""The encoder protocol, and the choice of one by configuration."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from mixguard.config import EncodeConfig
from mixguard.resources import cache_folder

Vectors = npt.NDArray[np.float32]


class Windows(NamedTuple):
    """Texts as vectors: a text longer than the encoder's window has several, one after the other."""

    vectors: Vectors
    """Shape (windows, dimension), unit length."""
    counts: npt.NDArray[np.int64]
    """Shape (texts,): how many consecutive windows each text has; at least 1."""


class Encoder(Protocol):
    """Turns texts into unit vectors, cutting long texts into overlapping windows."""

    @property
    def fingerprint(self) -> str:
        """Changes whenever the same text could get another vector; part of every cache key."""
        ...

    @property
    def weights(self) -> str:
        """Names what the model learnt, whatever runtime and precision it runs in."""
        ...

    @property
    def dimension(self) -> int:
        """Length of a vector."""
        ...

    def encode(self, texts: Sequence[str]) -> Windows:
        """Vectors of the texts' windows, in order; nothing is truncated."""
        ...


def load_encoder(config: EncodeConfig, *, overlap: int) -> Encoder:
    """The encoder a configuration names, on the device it names.

    Raises:
        UsageError: the model or device is not available here.
    """
    if config.model == "hash":
        return HashEncoder()
    device = _device(config.device)
    if config.model == "bundled" and device == "cpu" and config.precision == "auto":
        from mixguard.vectors.openvino import OpenVinoEncoder

        return OpenVinoEncoder.load(cache_folder(config.cache), overlap=overlap)
    from mixguard.vectors.sentence import SentenceEncoder

    half = device == "cuda" and config.precision == "auto"
    return SentenceEncoder.load(
        config.model, device=device, half=half, offline=config.offline, overlap=overlap
    )


def _device(wanted: str) -> str:
    if wanted != "auto":
        return wanted
    # Importing torch takes seconds, so it is asked only where a driver says that there is a GPU.
    from mixguard.vectors.devices import has_gpu

    return "cuda" if has_gpu() else "cpu"


class HashEncoder:
    """Deterministic vectors from word hashes, with no weights: for tests of plumbing, never of judgement."""

    dimension = 64
    fingerprint = "hash-64-v1"
    weights = "hash-64-v1"

    def __init__(self, words_per_window: int = 256) -> None:
        self.words_per_window = words_per_window

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
