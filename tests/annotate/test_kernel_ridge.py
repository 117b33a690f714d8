"""Kernel ridge regression against the formulas it abbreviates."""

from __future__ import annotations

import numpy as np
import pytest

from mixguard.annotate.kernel_ridge import RIDGE, inverse, kernel, left_out, regress

RNG = np.random.default_rng(3)
VECTORS = RNG.standard_normal((60, 8))
VECTORS /= np.linalg.norm(VECTORS, axis=1, keepdims=True)
KERNEL = kernel((VECTORS @ VECTORS.T).astype(np.float32), 4.0).astype(np.float64)
TARGET = RNG.random((60, 2)) < 0.4
IMPORTANCE = RNG.uniform(0.2, 3.0, 60)
FOLD = np.arange(60) % 5


def solved(rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Bias and weights of a fit on some rows, by solving the equations."""
    bias = np.average(TARGET[rows], axis=0, weights=IMPORTANCE[rows])
    system = KERNEL[np.ix_(rows, rows)] + np.diag(RIDGE / IMPORTANCE[rows])
    return bias, np.linalg.solve(system, TARGET[rows] - bias)


def test_the_fit_solves_the_equations() -> None:
    vote = regress(inverse(KERNEL.copy(), IMPORTANCE), TARGET, IMPORTANCE)
    bias, weights = solved(np.arange(60))
    assert np.allclose(vote.bias, bias, atol=1e-6)
    assert np.allclose(vote.weights, weights, atol=1e-4)


def test_left_out_votes_are_those_of_a_fit_without_the_fold() -> None:
    votes = left_out(inverse(KERNEL.copy(), IMPORTANCE), TARGET, IMPORTANCE, FOLD)
    for number in range(5):
        kept, held = np.flatnonzero(number != FOLD), np.flatnonzero(number == FOLD)
        bias, weights = solved(kept)
        assert np.allclose(votes[held], KERNEL[np.ix_(held, kept)] @ weights + bias, atol=1e-4)


def test_a_kernel_that_is_none_is_refused() -> None:
    with pytest.raises(np.linalg.LinAlgError, match="not positive definite"):
        inverse(-10 * np.eye(4), np.ones(4))
