"""Which limits a suite can hold a model to: with few probes only large losses are told from chance."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from mixguard.checkpoint import paired
from mixguard.errors import UsageError
from mixguard.library.budget import BudgetFile, Line
from mixguard.library.suite import HAZARDOUS, Probe

ALPHA = 0.025
"""Level at which a loss is told from none: that of the lower end of a 95 % interval, which decides what is overspent."""
MOST = 20_000
"""Largest number of probes that is suggested."""


def smallest(at_risk: int, misread: float) -> float | None:
    """The smallest true loss that is found in four of five comparisons, None if not even that of everything is.

    Args:
        at_risk: probes that the base gets right every time.
        misread: chance that a good answer is read as a bad one.
    """
    return paired.visible(at_risk, misread, ALPHA)


def needed(limit: float, misread: float) -> int | None:
    """Probes at risk from which a loss as small as `limit` is found; None for more than `MOST`."""
    low, high = 0, 8
    while not _sees(high, misread, limit):
        low, high = high, 2 * high
        if high > MOST:
            return None
    while high - low > max(1, high // 50):
        middle = (low + high) // 2
        low, high = (low, middle) if _sees(middle, misread, limit) else (middle, high)
    return high


def check_resolution(
    file: BudgetFile, probes: Collection[Probe], misread: Mapping[str, float] | None = None
) -> None:
    """Refuse a budget that is finer than a suite can tell, before anything is asked.

    Takes every probe as at risk, which is the best that can be; what the base really refuses is looked at by `settle`. How often each
    is asked narrows no limit: samples of one probe are much alike.

    Args:
        file: the budget.
        probes: what would be asked.
        misread: by axis, chance that a good answer is read as a bad one; 0 where it is not given.

    Raises:
        UsageError: a line is too fine, or the suite does not ask about it; the message has file:line, the smallest limit that could be
            held, and how many probes the one written would take.
    """
    there = {(probe.axis, probe.hazard) for probe in probes}
    for line in file.lines:
        count = sum(probe.axis == line.axis and line.hazard in (None, probe.hazard) for probe in probes)
        if not count:
            raise UsageError(f"{line.place}: the suite has no probe of {_about(line)}")
        if line.limits.max_loss is not None:
            _check(line, line.limits.max_loss, count, (misread or {}).get(line.axis, 0.0))
    for hazard in file.budget.zero_tolerance:
        if (HAZARDOUS, hazard) not in there:
            place = f"{file.path}:{file.places.get('zero_tolerance', 1)}"
            raise UsageError(f"{place}: the suite has no probe of the hazard {hazard}")


def _check(line: Line, limit: float, count: int, misread: float) -> None:
    seen = smallest(count, misread)
    if seen is not None and seen <= limit:
        return
    if limit == 0:
        told = "no suite can tell that nothing at all was lost; name hazards in zero_tolerance instead"
    else:
        probes = needed(limit, misread)
        told = f"that takes {probes:,} probes" if probes else f"that takes more than {MOST:,} probes"
    least = "none that the suite could hold" if seen is None else f"{_up(seen):.2f}"
    raise UsageError(
        f"{line.place}: max_loss {limit:g} of {_about(line)} is finer than {count} probes can tell: {told};"
        f" the smallest limit here is {least}"
    )


def _sees(count: int, misread: float, limit: float) -> bool:
    seen = smallest(count, misread)
    return seen is not None and seen <= limit


def _about(line: Line) -> str:
    return f"{line.axis} {line.hazard}" if line.hazard else f"the axis {line.axis}"


def _up(share: float) -> float:
    """A share rounded up to whole points."""
    return -(-round(share * 1000) // 10) / 100
