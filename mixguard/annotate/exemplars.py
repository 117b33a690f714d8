"""A taxonomy's exemplars as arrays, and how close texts are to them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from mixguard.annotate.kernel_ridge import Floats
from mixguard.library.taxonomy import Taxonomy
from mixguard.vectors.base import Vectors
from mixguard.vectors.index import ExemplarIndex, Neighbours
from mixguard.vectors.store import VectorStore

SEARCHED = 64
"""Neighbours searched for margin and proximity."""
MARGIN_NEAREST = 3
"""Neighbours per label for the margin."""
PROXIMITY_NEAREST = 10
"""Neighbours per label for the proximity."""


class ExemplarVectors(NamedTuple):
    """The window vectors of a taxonomy's exemplars."""

    vectors: Vectors
    """Shape (windows, dimension)."""
    owner: npt.NDArray[np.int64]
    """(windows,): the exemplar, by its place in the taxonomy."""


@dataclass(frozen=True)
class Exemplars:
    """A taxonomy's exemplars as arrays by window."""

    vectors: Vectors
    owner: npt.NDArray[np.int64]
    """(windows,): the exemplar, by its place in the taxonomy."""
    hazard: npt.NDArray[np.int64]
    """(windows,): index of the hazard, -1 for plain requests and background."""
    violating: npt.NDArray[np.bool_]

    @cached_property
    def index(self) -> ExemplarIndex:
        """The index over them, built when it is first needed: a corpus whose rows are all known does without."""
        return ExemplarIndex.build(self.vectors)


def exemplar_vectors(taxonomy: Taxonomy, store: VectorStore) -> ExemplarVectors:
    """The vectors of every exemplar, in taxonomy order; a long one has several windows."""
    found = store.vectors(taxonomy.exemplars.get_column("text").to_list())
    return ExemplarVectors(found.in_order, found.owner)


def exemplar_arrays(taxonomy: Taxonomy, found: ExemplarVectors) -> Exemplars:
    """Arrays and index for a taxonomy, given its exemplars' vectors."""
    codes = {code: number for number, code in enumerate(taxonomy.codes)}
    hazard = [-1 if code is None else codes[code] for code in taxonomy.exemplars.get_column("hazard")]
    violating = (taxonomy.exemplars.get_column("label") == "violating").to_numpy()
    vectors, owner = found
    return Exemplars(vectors, owner, np.array(hazard)[owner], violating[owner])


def nearness(near: Neighbours, violating: npt.NDArray[np.bool_], k: int) -> Floats:
    """(texts,): mean cosine to the `k` nearest violating exemplars minus that to the benign ones."""
    harmful = violating[near.row]
    return _mean_top(near.similarity, harmful, k) - _mean_top(near.similarity, ~harmful, k)


def _mean_top(similarity: Floats, mine: npt.NDArray[np.bool_], k: int) -> Floats:
    """Mean of a label's `k` highest similarities; missing ones count as the farthest neighbour."""
    own = np.where(mine, similarity, similarity[:, -1:])
    top = np.partition(own, -k, axis=1)[:, -k:] if own.shape[1] > k else own
    return np.asarray(top.mean(1), dtype=np.float32)
