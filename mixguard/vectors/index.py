"""Nearest neighbours among a taxonomy's exemplars, by FAISS."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from mixguard.vectors.base import Vectors


class Neighbours(NamedTuple):
    """The nearest exemplars of each query, nearest first."""

    similarity: npt.NDArray[np.float32]
    """Shape (queries, k), cosine in [-1, 1]."""
    row: npt.NDArray[np.int64]
    """Shape (queries, k): row of the exemplar."""


class ExemplarIndex:
    """An exact inner-product index; on a GPU if FAISS was built for one."""

    def __init__(self, index: Any) -> None:
        self._index = index

    @classmethod
    def build(cls, vectors: Vectors) -> ExemplarIndex:
        """Index unit vectors of shape (exemplars, dimension)."""
        import faiss

        index: Any = faiss.IndexFlatIP(vectors.shape[1])
        index.add(np.ascontiguousarray(vectors, dtype=np.float32))
        if hasattr(faiss, "index_cpu_to_all_gpus") and faiss.get_num_gpus() > 0:
            index = faiss.index_cpu_to_all_gpus(index)
        return cls(index)

    def search(self, queries: Vectors, k: int) -> Neighbours:
        """The `k` nearest exemplars of each query, or all if there are fewer."""
        similarity, row = self._index.search(
            np.ascontiguousarray(queries, dtype=np.float32), min(k, int(self._index.ntotal))
        )
        return Neighbours(similarity, row)
