"""Turn similarities to a taxonomy's exemplars into calibrated hazard probabilities.

Kernel ridge regression over all exemplars: every exemplar votes for or against each hazard, with a fitted
weight and a kernel that decays with distance, so the nearest decide. Logistic calibration turns the vote into
a probability; it is fitted on votes for left-out groups of exemplars (`fit/hazard.py`).

A text is judged by its most hazardous window, and more windows are more chances: see `worst`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

import numpy as np
import numpy.typing as npt

from mixguard.annotate.kernel_ridge import Floats, kernel
from mixguard.annotate.stored import Stored
from mixguard.stats import DetectorError

WINDOW_PENALTY = 0.5
"""Log-odds deducted per log of the number of windows. Windows of one text are alike, so `n` of them are worth
about the square root of `n` chances."""


class Calibration(NamedTuple):
    """Log-odds = slope * vote + intercept."""

    slope: float
    intercept: float

    def log_odds(self, vote: Floats) -> Floats:
        """The calibrated log-odds of a vote."""
        return np.asarray(np.clip(self.slope * vote + self.intercept, -30, 30), dtype=np.float32)

    def __call__(self, vote: Floats) -> Floats:
        """The calibrated probability of a vote."""
        return np.asarray(1 / (1 + np.exp(-self.log_odds(vote))), dtype=np.float32)


class Worst(NamedTuple):
    """The most hazardous window of each text."""

    row: npt.NDArray[np.int64]
    """(texts,): which of all windows."""
    evidence: Floats
    """(texts,): its log-odds of any hazard, less the penalty for many windows."""


def worst(log_odds: Floats, starts: npt.NDArray[np.int64], counts: npt.NDArray[np.int64]) -> Worst:
    """The most hazardous window of each text.

    Args:
        log_odds: (windows,).
        starts: (texts,): first window of each text.
        counts: (texts,): number of its windows, at least 1; consecutive.
    """
    if not len(starts):
        return Worst(np.empty(0, dtype=np.int64), np.empty(0, dtype=np.float32))
    text = np.repeat(np.arange(len(starts)), counts)
    window = starts[text] + np.arange(len(text)) - (np.cumsum(counts) - counts)[text]
    order = np.lexsort((-log_odds[window], text))
    row = window[order[np.cumsum(counts) - counts]]
    return Worst(row, (log_odds[row] - WINDOW_PENALTY * np.log(counts)).astype(np.float32))


@dataclass(frozen=True)
class HazardModel(Stored):
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
    """Of the vote on a window."""
    text: Calibration
    """Of a text's evidence: its worst window's log-odds, and the earlier stage's by its share."""
    limit: float
    """Probability from which an exchange counts as touching a hazard."""
    error: DetectorError
    """Error on left-out groups at the limit: sensitivity on violating, specificity on plain exemplars."""
    errors: Mapping[str, DetectorError]
    """The same by kind of text: specificity on left-out passages of that kind."""
    proximity_limit: float
    """Proximity that nearly all plain requests stay below."""
    proximity_expected: float
    """Share of plain requests that still exceed it."""
    after: str = ""
    """Weights of the encoder of the stage before it; empty for the first stage."""
    share: float = 0.0
    """Share of the earlier stage's evidence in this one's."""
    doubted: float = 0.0
    """Probability given by the earlier stage from which a text goes on to this one."""

    @property
    def made_of(self) -> tuple[str, str, int]:
        """Digest of the exemplars, the encoder's weights, and the number of exemplar vectors."""
        return self.exemplars, self.encoder, len(self.weights)

    def votes(self, similarity: Floats) -> tuple[Floats, Floats]:
        """Probability of each hazard (windows, hazards) and log-odds of any (windows,), from (windows, exemplars)."""
        vote = kernel(similarity, self.sharpness) @ self.weights + self.bias
        return self.per_hazard(vote[:, :-1]), self.any_hazard.log_odds(vote[:, -1])

    @classmethod
    def of(cls, tree: dict[str, Any]) -> HazardModel:
        """A model from its `tree`."""
        tree = dict(tree)
        for name in ("bias", "weights"):
            tree[name] = np.array(tree[name], dtype=np.float32)
        for name in ("per_hazard", "any_hazard", "text"):
            tree[name] = Calibration(**tree[name])
        tree["error"] = DetectorError(**tree["error"])
        tree["errors"] = {kind: DetectorError(**error) for kind, error in tree["errors"].items()}
        return cls(**tree)

    def tree(self) -> dict[str, Any]:
        """What is stored: weights rounded to three decimals."""
        tree: dict[str, Any] = dict(self.__dict__)
        for name in ("bias", "weights"):
            tree[name] = tree[name].astype(float).round(3).tolist()
        for name in ("error", "per_hazard", "any_hazard", "text"):
            tree[name] = tree[name]._asdict()
        tree["errors"] = {kind: error._asdict() for kind, error in self.errors.items()}
        return tree
