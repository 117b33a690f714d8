"""Nearest neighbours among a taxonomy's exemplars, exactly: by FAISS, on a GPU where it was built for one.

`mixguard[cpu]` brings `faiss-cpu` and `mixguard[gpu]` brings `faiss-gpu`, which are the same module. Without either, numpy
finds the same neighbours.
"""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, distribution
from importlib.util import find_spec
from typing import Any, NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from mixguard.errors import UsageError
from mixguard.vectors.base import Vectors

PACKAGES = ("faiss-cpu", "faiss-gpu")


class Neighbours(NamedTuple):
    """The nearest exemplars of each query, nearest first."""

    similarity: npt.NDArray[np.float32]
    """Shape (queries, k), cosine in [-1, 1]."""
    row: npt.NDArray[np.int64]
    """Shape (queries, k): row of the exemplar."""


class Index(Protocol):
    """What is asked of a FAISS index."""

    ntotal: int

    def search(self, queries: Vectors, k: int) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.int64]]:
        """Inner products with the `k` nearest, nearest first, and their rows."""
        ...


class ExemplarIndex:
    """An exact inner-product index."""

    def __init__(self, index: Index) -> None:
        self._index = index

    @classmethod
    def build(cls, vectors: Vectors) -> ExemplarIndex:
        """Index unit vectors of shape (exemplars, dimension).

        Raises:
            UsageError: both packages of FAISS are installed.
        """
        vectors = np.ascontiguousarray(vectors, dtype=np.float32)
        return cls(_faiss_index(vectors) if find_spec("faiss") else NumpyIndex(vectors))

    def search(self, queries: Vectors, k: int) -> Neighbours:
        """The `k` nearest exemplars of each query, or all if there are fewer."""
        queries = np.ascontiguousarray(queries, dtype=np.float32)
        return Neighbours(*self._index.search(queries, min(k, int(self._index.ntotal))))


class NumpyIndex:
    """What FAISS does, by numpy."""

    def __init__(self, vectors: Vectors) -> None:
        self._vectors = vectors
        self.ntotal = len(vectors)

    def search(self, queries: Vectors, k: int) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.int64]]:
        """Inner products with the `k` nearest, nearest first, and their rows."""
        similarity = queries @ self._vectors.T
        row = np.argpartition(-similarity, k - 1, axis=1)[:, :k]
        near = np.take_along_axis(similarity, row, axis=1)
        order = np.argsort(-near, axis=1, kind="stable")
        return np.take_along_axis(near, order, axis=1), np.take_along_axis(row, order, axis=1)


def _faiss_index(vectors: Vectors) -> Index:
    _check_single()
    import faiss

    index: Any = faiss.IndexFlatIP(vectors.shape[1])
    index.add(vectors)
    if hasattr(faiss, "index_cpu_to_all_gpus") and faiss.get_num_gpus() > 0:
        index = faiss.index_cpu_to_all_gpus(index)
    found: Index = index
    return found


def _check_single() -> None:
    """Refuse an installation with both packages: each overwrites the other's files, and removing one breaks the other."""
    if all(map(_is_installed, PACKAGES)):
        both = " ".join(PACKAGES)
        raise UsageError(
            f"{' and '.join(PACKAGES)} are both installed and overwrite each other: run `pip uninstall {both}`, then"
            " install mixguard[cpu] or mixguard[gpu]"
        )


def _is_installed(package: str) -> bool:
    try:
        distribution(package)
    except PackageNotFoundError:
        return False
    return True
