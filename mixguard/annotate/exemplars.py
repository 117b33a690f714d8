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
GROUPS_EACH = 4
"""Groups into which exemplars are put for each neighbour that is searched."""
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
        """The index over them, built when it is first needed: most runs do without."""
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


def nearest(similarity: Floats, k: int) -> Neighbours:
    """The `k` nearest exemplars of each text, or all if there are fewer; of equals the earlier.

    Sorts only what is as near as the `k`-th nearest of the groups' nearest: at least `k` exemplars are.

    Args:
        similarity: (texts, exemplars).
        k: how many.
    """
    texts, exemplars = similarity.shape
    k, size = min(k, exemplars), exemplars // (GROUPS_EACH * k)
    if not texts or size < 2:
        row = np.argsort(-similarity, axis=1, kind="stable")[:, :k]
        return Neighbours(np.take_along_axis(similarity, row, axis=1), row)
    groups = similarity[:, : GROUPS_EACH * k * size].reshape(texts, size, -1).max(axis=1)
    least = np.partition(groups, -k, axis=1)[:, -k]
    text, row = np.nonzero(similarity >= least[:, None])
    near = similarity[text, row]
    order = np.lexsort((-near, text))
    counts = np.bincount(text, minlength=texts)
    kept = order[(np.cumsum(counts) - counts)[:, None] + np.arange(k)]
    return Neighbours(near[kept], row[kept])


def nearness(near: Neighbours, violating: npt.NDArray[np.bool_], k: int) -> Floats:
    """(texts,): mean cosine to the `k` nearest violating exemplars minus that to the benign ones."""
    harmful = violating[near.row]
    return _mean_top(near.similarity, harmful, k) - _mean_top(near.similarity, ~harmful, k)


def _mean_top(similarity: Floats, mine: npt.NDArray[np.bool_], k: int) -> Floats:
    """Mean of a label's `k` highest similarities; missing ones count as the farthest neighbour."""
    own = np.where(mine, similarity, similarity[:, -1:])
    top = np.partition(own, -k, axis=1)[:, -k:] if own.shape[1] > k else own
    return np.asarray(top.mean(1), dtype=np.float32)
