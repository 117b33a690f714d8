"""Rates with intervals, and rates corrected for detector errors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import floor, log10, sqrt
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
    sensitivity_sd: float = 0.0
    """Standard deviation of the sensitivity between groups of cases: a corpus may hold one group only."""
    specificity_sd: float = 0.0
    """The same of the specificity."""


def wilson(count: float, total: float, confidence: float = 0.95) -> Interval:
    """Wilson score interval of `count` in `total` (Wilson 1927); (0, 1) when `total` is 0."""
    if total == 0:
        return Interval(0.0, 1.0)
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    share = count / total
    centre = (share + z * z / (2 * total)) / (1 + z * z / total)
    half = z / (1 + z * z / total) * sqrt(share * (1 - share) / total + z * z / (4 * total * total))
    # Near 0 and 1, rounding can leave the rate just outside the interval.
    return Interval(min(max(0.0, centre - half), share), max(min(1.0, centre + half), share))


def corrected(count: float, total: float, error: DetectorError, confidence: float = 0.95) -> Interval:
    """Interval of the true rate when an imperfect detector called `count` of `total` positive.

    Rogan-Gladen estimate (1978), with the delta-method variance of the call rate and of both error rates, between
    groups of cases included. Error rates are smoothed by half a count, so that a perfect score on few cases is not
    taken at face value. The interval always holds the share that was called, so it never contradicts it.
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
        + bounded**2 * (_variance(error.sensitivity, error.positives) + error.sensitivity_sd**2)
        + (1 - bounded) ** 2 * (_variance(error.specificity, error.negatives) + error.specificity_sd**2)
    ) / youden**2
    half = NormalDist().inv_cdf((1 + confidence) / 2) * sqrt(variance)
    # Centred on the bounded rate: an estimate outside [0, 1] makes that end likely, no more than that.
    share = count / total
    return Interval(max(0.0, min(bounded - half, share)), min(1.0, max(bounded + half, share)))


def rate(count: float, total: float) -> str:
    """A share as a percentage with the digits that so many rows support, e.g. `7 %`.

    The last digit is neither finer than one row nor finer than the interval of the share. What only rounds to none
    or to all says so: `under 1 %`, `over 99 %`.
    """
    if not total:
        return "not measured"
    low, high = wilson(count, total)
    places = _places(high - low, total)
    shown = f"{100 * count / total:.{places}f}"
    if 0 < count < total and float(shown) in (0, 100):
        return _nearly(shown, places)
    return f"{shown if float(shown) not in (0, 100) else f'{float(shown):.0f}'} %"


def span(interval: Interval, total: float) -> str:
    """Both ends of an interval of a share of `total` rows, with the digits that it supports, e.g. `2 to 6 %`."""
    low, high = interval
    places = _places(high - low, total)
    shown = [f"{100 * end:.{places}f}" for end in (low, high)]
    first, last = (f"{float(end):.0f}" if float(end) in (0, 100) else end for end in shown)
    if first != last:
        return f"{first} to {last} %"
    if low != high and float(first) in (0, 100):
        return _nearly(first, places)
    return f"{first} %" if low == high else f"about {first} %"


def _places(width: float, total: float) -> int:
    """Decimal places of a percentage: as fine as half the width of its interval, and no finer than one row."""
    rows = floor(log10(max(total, 1))) - 2
    spread = -floor(log10(max(50 * width, 1e-9)))
    return max(0, min(rows, spread))


def _nearly(shown: str, places: int) -> str:
    """What a share that rounds to none or all is, in words."""
    unit = 10.0**-places
    return f"over {100 - unit:.{places}f} %" if float(shown) else f"under {unit:.{places}f} %"


def pooled(errors: Mapping[str, DetectorError], counts: Mapping[str, int]) -> DetectorError:
    """The error on a mixture of kinds of cases, from the error on each.

    Args:
        errors: by kind; at least one.
        counts: cases of each kind; kinds without an error of their own count as the first.
    """
    (first, *_), total = errors, sum(counts.values())
    if len(errors) == 1 or not total:
        return errors[first]
    share = dict.fromkeys(errors, 0.0)
    for kind, count in counts.items():
        share[kind if kind in errors else first] += count / total
    specificity = sum(share[kind] * error.specificity for kind, error in errors.items())
    variance = sum(
        share[kind] ** 2 * _variance(error.specificity, error.negatives) for kind, error in errors.items()
    )
    smoothed = sum(
        share[kind] * _smoothed(error.specificity, error.negatives) for kind, error in errors.items()
    )
    return errors[first]._replace(
        specificity=specificity,
        # As many as would give this variance.
        negatives=max(1, round(smoothed * (1 - smoothed) / variance)),
        specificity_sd=sqrt(sum((share[kind] * error.specificity_sd) ** 2 for kind, error in errors.items())),
    )


def between(right: Sequence[bool], groups: Sequence[str]) -> float:
    """Standard deviation of a rate between groups, beyond what their sizes explain.

    Args:
        right: whether each case was judged right.
        groups: the group of each case.
    """
    tally: dict[str, list[bool]] = {}
    for case, group in zip(right, groups, strict=True):
        tally.setdefault(group, []).append(bool(case))
    whole = sum(map(sum, tally.values())) / max(len(right), 1)
    rates = [sum(cases) / len(cases) for cases in tally.values()]
    if len(rates) < 2:
        return 0.0
    spread = sum((rate - whole) ** 2 for rate in rates) / (len(rates) - 1)
    chance = sum(whole * (1 - whole) / len(cases) for cases in tally.values()) / len(tally)
    return sqrt(max(0.0, spread - chance))


def _smoothed(share: float, total: float) -> float:
    return (share * total + 0.5) / (total + 1)


def _variance(share: float, total: float) -> float:
    smoothed = _smoothed(share, total)
    return smoothed * (1 - smoothed) / (total + 1)
