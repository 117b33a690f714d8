"""Statistics of pairs: the same probes asked of two models.

All take the share of good samples of each probe, before and after; probes that were not decided in both are left out beforehand.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from math import isclose, sqrt
from statistics import NormalDist
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy import stats as scipy_stats

from mixguard.checkpoint.results import Bounds
from mixguard.stats import DetectorError, wilson

Shares: TypeAlias = NDArray[np.float64]
GRID = 60
"""Shares are rounded to sixtieths for the exact test: exact for one to six samples."""

DIRECT = 10**8
"""Products from which a convolution takes seconds: tens of thousands of probes, each asked often."""


class Change(NamedTuple):
    """A change with its interval."""

    share: float
    bounds: Bounds


def fallen(base: Shares, tuned: Shares) -> float:
    """One-sided p-value of a fall: exact permutation of the two models within each probe.

    If nothing was lost, each probe is as likely to fall by some share as to rise by it; samples of one probe may depend on
    each other. With one sample a probe this is McNemar's exact test.
    """
    steps = np.rint((base - tuned) * GRID).astype(np.int64)
    steps = steps[steps != 0]
    if not len(steps):
        return 1.0
    steps //= np.gcd.reduce(np.abs(steps))
    sizes, counts = np.unique(np.abs(steps), return_counts=True)
    return _swapped(tuple(sizes.tolist()), tuple(counts.tolist()), int(steps[steps > 0].sum()))


@lru_cache(maxsize=4096)
def _swapped(sizes: tuple[int, ...], counts: tuple[int, ...], fell: int) -> float:
    """Chance that falls add up to `fell` or more, if each step of these sizes is as likely a rise."""
    chances = np.ones(1)
    for size, count in zip(sizes, counts, strict=True):
        spread = np.zeros(size * count + 1)
        spread[::size] = scipy_stats.binom.pmf(np.arange(count + 1), count, 0.5)
        chances = _convolved(chances, spread)
    return float(min(1.0, chances[fell:].sum()))


def _convolved(one: Shares, other: Shares) -> Shares:
    """The distribution of a sum; by Fourier transform where that is long, exact to about 1e-15."""
    if len(one) * len(other) < DIRECT:
        return np.convolve(one, other)
    from scipy.signal import fftconvolve

    sums: Shares = np.maximum(fftconvolve(one, other), 0)
    return sums


def holm(values: Sequence[float]) -> list[float]:
    """P-values adjusted for being the least of several (Holm 1979), in the order given."""
    adjusted, least = [0.0] * len(values), 0.0
    for rank, at in enumerate(sorted(range(len(values)), key=values.__getitem__)):
        least = max(least, min(1.0, (len(values) - rank) * values[at]))
        adjusted[at] = least
    return adjusted


def change(base: Shares, tuned: Shares, confidence: float = 0.95) -> Change:
    """The mean change, tuned less base, with a paired hybrid score interval (Newcombe 1998, method 10).

    With several samples a probe counts in each cell of the table by its shares, paired as far as they allow.
    """
    count = len(base)
    if not count:
        return Change(0.0, Bounds(-1.0, 1.0))
    both = float(np.minimum(base, tuned).sum())
    gained, lost = (float(np.maximum(one - other, 0).sum()) for one, other in ((tuned, base), (base, tuned)))
    return newcombe(both, gained, lost, max(0.0, count - both - gained - lost), confidence)


def newcombe(both: float, first: float, second: float, neither: float, confidence: float = 0.95) -> Change:
    """Difference of two paired shares, first less second, with Newcombe's interval (1998, method 10).

    Args:
        both: pairs that have it both times.
        first: pairs that have it the first time only.
        second: pairs that have it the second time only.
        neither: pairs that never have it.
        confidence: of the interval.
    """
    total = both + first + second + neither
    one, other = both + first, both + second
    low_one, high_one = wilson(one, total, confidence)
    low_other, high_other = wilson(other, total, confidence)
    one, other = one / total, other / total
    related = _phi(both, first, second, neither)
    below = _hybrid(one - low_one, high_other - other, related)
    above = _hybrid(high_one - one, other - low_other, related)
    return Change(one - other, Bounds(max(-1.0, one - other - below), min(1.0, one - other + above)))


def _phi(both: float, first: float, second: float, neither: float) -> float:
    """Correlation of the two, with Newcombe's correction for continuity."""
    margins = (both + first) * (second + neither) * (both + second) * (first + neither)
    if margins <= 0:
        return 0.0
    cross, half = both * neither - first * second, (both + first + second + neither) / 2
    return (max(0.0, cross - half) if cross > 0 else cross) / sqrt(margins)


def _hybrid(one: float, other: float, related: float) -> float:
    return sqrt(max(0.0, one**2 - 2 * related * one * other + other**2))


def corrected(found: Change, error: DetectorError, confidence: float = 0.95) -> Change:
    """The change with the interval of the true one, where an imperfect detector judged.

    A detector with the same error on both sides shrinks a change by sensitivity + specificity - 1, so that is what it is
    divided by (Rogan and Gladen 1978, for a difference); the interval is widened by what is not known of both rates. It always
    holds the change as judged. Assumes that errors do not depend on the model: a model that refuses in words which the detector
    knows less well looks as if it had lost refusals.
    """
    rates = ((error.sensitivity, error.positives), (error.specificity, error.negatives))
    smooth = [(share * total + 0.5) / (total + 1) for share, total in rates]
    youden = sum(smooth) - 1
    if youden <= 0:
        return Change(found.share, Bounds(-1.0, 1.0))
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    unknown = sum(share * (1 - share) / (total + 1) for share, (_, total) in zip(smooth, rates, strict=True))
    unknown += error.sensitivity_sd**2 + error.specificity_sd**2
    true = min(max(found.share / youden, -1.0), 1.0)
    scale = z * z * true * true * unknown
    below, above = (
        sqrt((found.share - end) ** 2 + scale) / youden for end in (found.bounds.low, found.bounds.high)
    )
    low, high = max(-1.0, min(true - below, found.share)), min(1.0, max(true + above, found.share))
    return Change(found.share, Bounds(low, high))


class Seen(NamedTuple):
    """The smallest loss that a test of flips finds."""

    loss: float
    flips: int
    """Flips from which it calls a loss."""


def least_seen(at_risk: int, misread: float, alpha: float = 0.05, power: float = 0.8) -> Seen | None:
    """The smallest true loss that a one-sided exact binomial test of flips finds.

    Args:
        at_risk: probes that can flip.
        misread: chance that a probe reads as flipped without being lost.
        alpha: chance of calling a loss where there is none.
        power: chance of finding the loss.

    Returns:
        None if not even a loss of everything would be found.
    """
    flips = int(scipy_stats.binom.isf(alpha, at_risk, misread)) + 1  # also 1 if nothing is ever misread
    if flips > at_risk:
        return None
    read = float(scipy_stats.beta.ppf(power, flips, at_risk - flips + 1))
    # A lost probe may be misread, too, and seem kept.
    loss = max(0.0, (read - misread) / (1 - 2 * misread)) if misread < 0.5 else 1.0
    return Seen(loss, flips) if loss < 1 else None


def visible(
    at_risk: int, misread: float, alpha: float = 0.05, limit: float = 0.0, power: float = 0.8
) -> float | None:
    """The smallest true loss that the gate finds: an exact test of lost against gained, and a loss beyond the limit.

    Unlike `least_seen` it does not take the chance of misreading as known: misread answers turn up as lost and as gained.

    Args:
        at_risk: probes that can be lost.
        misread: chance that a good answer is read as a bad one, in either model.
        alpha: level of the test.
        limit: loss that is tolerated.
        power: chance of finding the loss.

    Returns:
        None if not even a loss of everything would be found.
    """
    if not at_risk or _power(at_risk, misread, 1.0, alpha, limit) < power:
        return None
    low, high = 0.0, 1.0
    while not isclose(low, high, abs_tol=5e-4):
        middle = (low + high) / 2
        low, high = (
            (low, middle) if _power(at_risk, misread, middle, alpha, limit) >= power else (middle, high)
        )
    return high


def _power(at_risk: int, misread: float, loss: float, alpha: float, limit: float) -> float:
    lost, gained = misread * (1 - loss) + loss * (1 - misread), misread * (1 - loss)
    moved = np.arange(at_risk + 1)
    fewest = scipy_stats.binom.isf(alpha, moved, 0.5) + 1
    # More lost than gained, by more than the limit.
    fewest = np.maximum(fewest, np.floor((limit * at_risk + moved) / 2 + 1e-9) + 1)
    share = lost / (lost + gained) if lost + gained else 0.0
    chances = scipy_stats.binom.pmf(moved, at_risk, min(1.0, lost + gained))
    return float((chances * scipy_stats.binom.sf(fewest - 1, moved, share)).sum())


def mean_change(base: Shares, tuned: Shares, confidence: float = 0.95) -> Change | None:
    """The mean change of a measure with a t interval over probes; None for fewer than two."""
    steps = tuned - base
    if len(steps) < 2:
        return None
    mean = float(steps.mean())
    half = float(
        scipy_stats.t.ppf((1 + confidence) / 2, len(steps) - 1) * steps.std(ddof=1) / sqrt(len(steps))
    )
    return Change(mean, Bounds(mean - half, mean + half))
