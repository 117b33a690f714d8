"""Rates with intervals, and rates corrected for detector errors."""

from __future__ import annotations

from math import sqrt
from statistics import NormalDist
from typing import NamedTuple


class Interval(NamedTuple):
    """A confidence interval of a rate; both ends in [0, 1]."""

    low: float
    high: float


class DetectorError(NamedTuple):
    """How often a detector is right, measured on held-out exemplars."""

    sensitivity: float
    """Share of true cases it finds."""
    specificity: float
    """Share of other cases it does not flag."""
    positives: int
    """True cases the sensitivity was measured on."""
    negatives: int
    """Other cases the specificity was measured on."""


def wilson(count: int, total: int, confidence: float = 0.95) -> Interval:
    """Wilson score interval of `count` in `total` (Wilson 1927); (0, 1) when `total` is 0."""
    if total == 0:
        return Interval(0.0, 1.0)
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    share = count / total
    centre = (share + z * z / (2 * total)) / (1 + z * z / total)
    half = z / (1 + z * z / total) * sqrt(share * (1 - share) / total + z * z / (4 * total * total))
    # Near 0 and 1, rounding can leave the rate just outside the interval.
    return Interval(min(max(0.0, centre - half), share), max(min(1.0, centre + half), share))


def corrected(count: int, total: int, error: DetectorError, confidence: float = 0.95) -> Interval:
    """Interval of the true rate when an imperfect detector called `count` of `total` positive.

    Rogan-Gladen estimate (1978), with the delta-method variance of the call rate and of both error rates.
    Error rates are smoothed by half a count, so that a perfect score on few cases is not taken at face value.
    """
    if total == 0:
        return Interval(0.0, 1.0)
    sensitivity = _smoothed(error.sensitivity, error.positives)
    specificity = _smoothed(error.specificity, error.negatives)
    youden = sensitivity + specificity - 1
    if youden <= 0:
        return Interval(0.0, 1.0)
    rate = (_smoothed(count / total, total) + specificity - 1) / youden
    bounded = min(max(rate, 0.0), 1.0)
    variance = (
        _variance(count / total, total)
        + bounded**2 * _variance(error.sensitivity, error.positives)
        + (1 - bounded) ** 2 * _variance(error.specificity, error.negatives)
    ) / youden**2
    half = NormalDist().inv_cdf((1 + confidence) / 2) * sqrt(variance)
    # Centred on the bounded rate: an estimate outside [0, 1] makes that end likely, no more than that.
    return Interval(max(0.0, bounded - half), min(1.0, bounded + half))


def _smoothed(share: float, total: int) -> float:
    return (share * total + 0.5) / (total + 1)


def _variance(share: float, total: int) -> float:
    smoothed = _smoothed(share, total)
    return smoothed * (1 - smoothed) / (total + 1)
