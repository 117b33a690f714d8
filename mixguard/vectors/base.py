"""The encoder protocol, and the vectors an encoder returns."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

Vectors = npt.NDArray[np.float32]


class Windows(NamedTuple):
    """Texts as vectors: a text longer than the encoder's window has several consecutive ones."""

    vectors: Vectors
    """Shape (windows, dimension), unit length."""
    counts: npt.NDArray[np.int64]
    """Shape (texts,): how many consecutive windows each text has; at least 1."""


class Encoder(Protocol):
    """Turns texts into unit vectors, cutting long texts into overlapping windows."""

    @property
    def fingerprint(self) -> str:
        """Changes whenever the same text could get a different vector; part of every cache key."""
        ...

    @property
    def weights(self) -> str:
        """Identifies the trained weights, regardless of runtime and precision."""
        ...

    @property
    def dimension(self) -> int:
        """Length of a vector."""
        ...

    def encode(self, texts: Sequence[str]) -> Windows:
        """Vectors of the texts' windows, in order; nothing is truncated."""
        ...
