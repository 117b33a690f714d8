"""Kernel ridge regression over exemplars: each votes with a fitted weight, decaying with distance."""

from __future__ import annotations

from typing import NamedTuple, TypeVar

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]
Doubles = npt.NDArray[np.float64]
Matrix = TypeVar("Matrix", Floats, Doubles)

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


def inverse(similarity: Matrix, importance: Doubles) -> Matrix:
    """(K + D)^-1 of the kernel among the exemplars and their ridge, by Cholesky; overwrites `similarity`.

    It is the costly part, in the cube of the exemplars, and all that `regress` and `left_out` need. In single precision
    it takes half as long.
    """
    from scipy.linalg import get_lapack_funcs

    similarity[np.diag_indices_from(similarity)] += RIDGE / importance
    factorise, invert = get_lapack_funcs(("potrf", "potri"), (similarity,))
    factor, failed = factorise(similarity.T, overwrite_a=True, clean=False)
    found, failed_too = invert(factor, overwrite_c=True)
    if failed or failed_too:
        raise np.linalg.LinAlgError("the kernel among the exemplars is not positive definite")
    whole: Matrix = np.triu(found)
    whole += np.triu(found, 1).T
    return whole


def regress(inverse: Matrix, target: npt.NDArray[np.bool_], importance: Doubles) -> Vote:
    """Weighted kernel ridge regression of all targets; `inverse` as the function of that name gives it."""
    bias = np.average(target, axis=0, weights=importance)
    return Vote(bias.astype(np.float32), (inverse @ (target - bias)).astype(np.float32))


def left_out(
    inverse: Matrix, target: npt.NDArray[np.bool_], importance: Doubles, fold: npt.NDArray[np.int64]
) -> Floats:
    """Votes on every exemplar by exemplars of the other folds.

    All folds share one inverse: leaving out block S of (K + D)^-1 = M changes its votes to y - M[S,S]^-1 (M y)[S]
    (Rasmussen and Williams, Gaussian Processes for Machine Learning, 2006, section 5.4.2, for blocks).
    """
    pull, level = inverse @ target, inverse.sum(axis=1, keepdims=True)
    votes = np.empty(target.shape, dtype=np.float32)
    for number in np.unique(fold):
        held, kept = fold == number, fold != number
        bias = np.average(target[kept], axis=0, weights=importance[kept])
        votes[held] = target[held] - np.linalg.solve(
            inverse[np.ix_(held, held)], pull[held] - level[held] * bias
        )
    return votes
