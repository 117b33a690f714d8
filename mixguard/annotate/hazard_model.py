"""From similarities to a taxonomy's exemplars to calibrated hazard probabilities.

Kernel ridge regression over all exemplars: every exemplar votes for or against each hazard, with a weight that was fitted
and a kernel that falls with distance, so that the nearest decide. Logistic calibration turns the vote into a
probability; it is fitted on votes for groups of exemplars that were left out (`fit/hazard.py`).
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
