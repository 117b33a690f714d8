"""Turn similarities to a taxonomy's exemplars into calibrated hazard probabilities.

Kernel ridge regression over all exemplars: every exemplar votes for or against each hazard, with a fitted
weight and a kernel that decays with distance, so the nearest decide. Logistic calibration turns the vote into
a probability; it is fitted on votes for left-out groups of exemplars (`fit/hazard.py`).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, NamedTuple

import numpy as np
import orjson

from mixguard.annotate.kernel_ridge import Floats, kernel
from mixguard.files import write_atomically
from mixguard.stats import DetectorError


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

    name: ClassVar[str] = "hazard"
    exemplars: str
    """Digest of the taxonomy it was fitted on."""
    encoder: str
    """Weights of the encoder it was fitted with."""
    sharpness: float
    """Kernel = exp(sharpness * (cosine - 1))."""
    bias: Floats
    """(hazards + 1,): the vote on a text unlike any exemplar; the last column is `any hazard`."""
    weights: Floats
    """(exemplars, hazards + 1): weight of each exemplar's vote."""
    per_hazard: Calibration
    any_hazard: Calibration
    limit: float
    """Probability from which an exchange counts as touching a hazard."""
    error: DetectorError
    """Error on left-out groups at the limit: sensitivity on violating, specificity on plain exemplars."""
    proximity_limit: float
    """Proximity that nearly all plain requests stay below."""
    proximity_expected: float
    """Share of plain requests that still exceed it."""

    def probabilities(self, similarity: Floats) -> tuple[Floats, Floats]:
        """Probability of each hazard (texts, hazards) and any hazard (texts,), from (texts, exemplars)."""
        vote = kernel(similarity, self.sharpness) @ self.weights + self.bias
        return self.per_hazard(vote[:, :-1]), self.any_hazard(vote[:, -1])

    @classmethod
    def load(cls, path: Path) -> HazardModel:
        """Read a model written by `save`."""
        tree = orjson.loads(path.read_bytes())
        for name in ("bias", "weights"):
            tree[name] = np.array(tree[name], dtype=np.float32)
        for name in ("per_hazard", "any_hazard"):
            tree[name] = Calibration(**tree[name])
        tree["error"] = DetectorError(**tree["error"])
        return cls(**tree)

    def save(self, path: Path) -> None:
        """Write it as JSON, weights rounded to three decimals."""
        tree: dict[str, Any] = dict(self.__dict__)
        for name in ("bias", "weights"):
            tree[name] = tree[name].astype(float).round(3).tolist()
        for name in ("error", "per_hazard", "any_hazard"):
            tree[name] = tree[name]._asdict()
        write_atomically(path, orjson.dumps(tree) + b"\n")
