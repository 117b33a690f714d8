"""Whether a model still answers as its baseline did: control limits for one run, and a running sum for slow drift.

Every line that is watched is a share of probes with a bad turn in a run; see `chance` for what is expected of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import log, log1p, sqrt

from mixguard.checkpoint.chance import Chance, Rate, Tallies, Tally, chances, tallies
from mixguard.checkpoint.monitored import Run
from mixguard.model import Model

ALPHA = 0.02
"""False alarms that control limits may give in a check of an unchanged model: half among the axes, half among the hazards. Judgement."""
CHECKS = 200
"""Checks of an unchanged model in which the running sums together give at most one false alarm, on average. Judgement."""


class Watched(Model):
    """One line: a share of probes, in the last run and over the runs since the baseline."""

    axis: str
    hazard: str | None
    """None for the whole axis."""
    rate: Rate
    count: int
    total: int
    """Probes it is counted among."""
    expected: float
    """Highest share that is plausible while nothing changes."""
    limit: int
    """Highest count within limits."""
    running: float
    """Evidence of slow drift, a log-likelihood ratio summed over runs."""
    running_limit: float
    series: tuple[float, ...]
    """The share in each run since the baseline."""

    @property
    def jumped(self) -> bool:
        """Whether the last run alone is outside the limits."""
        return self.count > self.limit

    @property
    def crept(self) -> bool:
        """Whether the runs since the baseline are, together."""
        return self.running > self.running_limit

    @property
    def drifted(self) -> bool:
        """Whether either is so."""
        return self.jumped or self.crept


def watch(baseline: Run, runs: Sequence[Run]) -> tuple[Watched, ...]:
    """Every line, each whole axis before its hazards.

    Args:
        baseline: what was promoted.
        runs: comparable runs after it, oldest first; the last one is checked. At least one.
    """
    before = baseline.frame
    return watched(chances(baseline), [tallies(before, run.frame) for run in runs])


def watched(lines: Sequence[Chance], runs: Sequence[Tallies]) -> tuple[Watched, ...]:
    """What the tallies of runs, oldest first, mean for each line."""
    return tuple(_watched(line, [run.get(line[:3], Tally(0, 0)) for run in runs]) for line in lines)


def most(expected: float, total: int, alpha: float) -> int:
    """The highest count that an unchanged model exceeds with a probability of at most `alpha`; exact binomial."""
    from scipy.stats import binom

    return int(binom.isf(alpha, total, expected)) if total else 0


def running_sums(counts: Sequence[tuple[int, int]], expected: float) -> list[float]:
    """A binomial CUSUM (Page 1954): after each run, the greatest log-likelihood ratio of a raised share since any earlier run.

    It is tuned to a share raised by one standard error of a run, the size of change that single runs cannot show.

    Args:
        counts: count and total of each run, oldest first.
        expected: share while nothing changes, in (0, 1).
    """
    total = max((total for _, total in counts), default=0)
    if not total:
        return [0.0] * len(counts)
    raised = min(expected + sqrt(expected * (1 - expected) / total), (1 + expected) / 2)
    more, fewer = log(raised / expected), log1p(-raised) - log1p(-expected)
    sums, at = [], 0.0
    for count, among in counts:
        at = max(0.0, at + count * more + (among - count) * fewer)
        sums.append(at)
    return sums


def _watched(line: Chance, among: Sequence[Tally]) -> Watched:
    count, total = among[-1]
    return Watched(
        axis=line.axis,
        hazard=line.hazard,
        rate=line.rate,
        count=count,
        total=total,
        expected=line.expected,
        limit=most(line.expected, total, ALPHA / line.lines),
        running=running_sums(among, line.expected)[-1],
        # A CUSUM with this limit runs exp(limit) runs or more before a false alarm (Lorden 1971).
        running_limit=log(CHECKS * line.lines),
        series=tuple(count / total if total else 0.0 for count, total in among),
    )
