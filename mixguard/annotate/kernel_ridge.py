"""Kernel ridge regression over exemplars: each votes with a fitted weight, decaying with distance."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]
Doubles = npt.NDArray[np.float64]

SHARPNESS = 4.0
RIDGE = 1.0
"""How fast the kernel decays, and how strongly weights are regularised. Judgement."""


class Vote(NamedTuple):
    """Fitted parameters: the vote on a text is `kernel @ weights + bias`."""

    bias: Floats
    """(targets,): the vote on a text unlike any exemplar."""
    weights: Floats
    """(exemplars, targets)."""


def kernel(similarity: Floats, sharpness: float) -> Floats:
    """Influence of an exemplar at this cosine, in (0, 1]."""
    voice = np.subtract(similarity, 1, dtype=np.float32)
    voice *= sharpness
    return np.exp(voice, out=voice)


def regress(similarity: Doubles, target: npt.NDArray[np.bool_], importance: Doubles) -> Vote:
    """Weighted kernel ridge regression of all targets; `similarity` is the kernel among the exemplars."""
    bias = np.average(target, axis=0, weights=importance)
    weights = np.linalg.solve(similarity + np.diag(RIDGE / importance), target - bias)
    return Vote(bias.astype(np.float32), weights.astype(np.float32))


def left_out(
    similarity: Doubles, target: npt.NDArray[np.bool_], importance: Doubles, fold: npt.NDArray[np.int64]
) -> Floats:
    """Votes on every exemplar by exemplars of the other folds."""
    votes = np.empty(target.shape, dtype=np.float32)
    for number in np.unique(fold):
        held, kept = np.flatnonzero(fold == number), np.flatnonzero(fold != number)
        vote = regress(similarity[np.ix_(kept, kept)], target[kept], importance[kept])
        votes[held] = similarity[np.ix_(held, kept)] @ vote.weights + vote.bias
    return votes
