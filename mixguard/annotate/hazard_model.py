"""From similarities to a taxonomy's exemplars to calibrated hazard probabilities.

Kernel ridge regression over all exemplars: every exemplar votes for or against each hazard, with a weight that was fitted
and a kernel that falls with distance, so that the nearest decide. Logistic calibration turns the vote into a
probability; it is fitted on votes for groups of exemplars that were left out (`fit/hazard.py`).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import orjson

from mixguard.annotate.kernel_ridge import Floats, kernel
from mixguard.files import write_atomically
from mixguard.library.taxonomy import Taxonomy
from mixguard.stats import DetectorError
from mixguard.vectors.base import Vectors
from mixguard.vectors.index import ExemplarIndex, Neighbours
from mixguard.vectors.store import VectorStore

SEARCHED = 64
"""Neighbours looked at for margin and proximity."""
NEAREST = 3
"""Neighbours of a label whose mean similarity is that label's nearness."""
PROXIMITY_NEAREST = 10
"""Neighbours per label of the proximity measure."""


class Calibration(NamedTuple):
    """Probability = logistic(slope * vote + intercept)."""

    slope: float
    intercept: float

    def __call__(self, vote: Floats) -> Floats:
        """The calibrated probability of a vote."""
        logit = np.clip(self.slope * vote + self.intercept, -30, 30)
        return np.asarray(1 / (1 + np.exp(-logit)), dtype=np.float32)


@dataclass(frozen=True)
class HazardModel:
    """Everything fitted on a taxonomy's exemplars."""

    taxonomy: str
    """Digest of the exemplars it was fitted on."""
    encoder: str
    """Weights of the encoder it was fitted with."""
    sharpness: float
    """Kernel = exp(sharpness * (cosine - 1))."""
    bias: Floats
    """(hazards + 1,): the vote of a text like none of the exemplars; the last column is `any hazard`."""
    weights: Floats
    """(exemplars, hazards + 1): what each exemplar's vote weighs."""
    per_hazard: Calibration
    any_hazard: Calibration
    limit: float
    """Probability from which an exchange counts as touching a hazard."""
    error: DetectorError
    """Error at the limit on left-out groups: sensitivity on violating exemplars, specificity on plain requests."""
    proximity_limit: float
    """Proximity that nearly all plain requests stay below."""
    proximity_expected: float
    """Share of plain requests that lie above it all the same."""

    def probabilities(self, similarity: Floats) -> tuple[Floats, Floats]:
        """Probability of each hazard (texts, hazards) and of any (texts,), from (texts, exemplars) cosines."""
        vote = kernel(similarity, self.sharpness) @ self.weights + self.bias
        return self.per_hazard(vote[:, :-1]), self.any_hazard(vote[:, -1])

    @classmethod
    def load(cls, path: Path) -> HazardModel:
        """Read a model that `save` wrote."""
        tree = orjson.loads(path.read_bytes())
        for name in ("bias", "weights"):
            tree[name] = np.array(tree[name], dtype=np.float32)
        for name in ("per_hazard", "any_hazard"):
            tree[name] = Calibration(**tree[name])
        tree["error"] = DetectorError(**tree["error"])
        return cls(**tree)

    def save(self, path: Path) -> None:
        """Write it as JSON, weights to three decimals."""
        tree: dict[str, Any] = dict(self.__dict__)
        for name in ("bias", "weights"):
            tree[name] = tree[name].astype(float).round(3).tolist()
        for name in ("error", "per_hazard", "any_hazard"):
            tree[name] = tree[name]._asdict()
        write_atomically(path, orjson.dumps(tree) + b"\n")


@dataclass(frozen=True)
class Exemplars:
    """A taxonomy's exemplars as arrays, with the index over them."""

    vectors: Vectors
    index: ExemplarIndex
    hazard: npt.NDArray[np.int64]
    """(exemplars,): number of the hazard, -1 for plain requests."""
    violating: npt.NDArray[np.bool_]


def exemplar_vectors(taxonomy: Taxonomy, store: VectorStore) -> Vectors:
    """One vector per exemplar, in taxonomy order; of a long exemplar its first window."""
    found = store.vectors(taxonomy.exemplars.get_column("text").to_list())
    return found.vectors[found.starts]


def exemplar_arrays(taxonomy: Taxonomy, vectors: Vectors) -> Exemplars:
    """Arrays and index of a taxonomy whose exemplars have these vectors."""
    codes = {code: number for number, code in enumerate(taxonomy.codes)}
    hazard = [-1 if code is None else codes[code] for code in taxonomy.exemplars.get_column("hazard")]
    violating = (taxonomy.exemplars.get_column("label") == "violating").to_numpy()
    return Exemplars(vectors, ExemplarIndex.build(vectors), np.array(hazard), violating)


class Nearness(NamedTuple):
    """How near a text is to violating exemplars, beyond how near it is to benign ones; both in cosine."""

    margin: Floats
    """(texts,): by the 3 nearest of each label."""
    proximity: Floats
    """(texts,): by the 10 nearest of each label (mechanisms: mean cosine to violating less mean to benign)."""


def nearness(near: Neighbours, violating: npt.NDArray[np.bool_]) -> Nearness:
    """Margin and proximity of texts with these neighbours."""
    harmful = violating[near.row]
    margin, proximity = (
        _mean_top(near.similarity, harmful, k) - _mean_top(near.similarity, ~harmful, k)
        for k in (NEAREST, PROXIMITY_NEAREST)
    )
    return Nearness(margin, proximity)


def _mean_top(similarity: Floats, mine: npt.NDArray[np.bool_], k: int) -> Floats:
    """Mean of a label's `k` highest similarities; one not among the neighbours counts as the farthest of them."""
    own = np.where(mine, similarity, similarity[:, -1:])
    top = np.partition(own, -k, axis=1)[:, -k:] if own.shape[1] > k else own
    return np.asarray(top.mean(1), dtype=np.float32)
