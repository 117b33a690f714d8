"""How many refusal and contrast pairs a corpus gets: the one place for this rule.

The dose is a count that grows more slowly than the corpus, with a floor and a cap on the share of refusals.
`docs/rebalance.md` says what is known, what is a guess, and how to refit it.
"""

from __future__ import annotations

import heapq
from collections.abc import Mapping
from math import ceil, floor, inf, sqrt
from typing import NamedTuple

from mixguard.library.profile import Dose

LEAST_EXCHANGES = 20
"""Below this, shares are meaningless."""


class Need(NamedTuple):
    """What is known about one hazard in a corpus."""

    weight: float
    """Relative weight; 0 asks for nothing."""
    floor: float
    """Minimum refusals, whatever the corpus size."""
    covered: float
    """Existing refusals: lower end of the interval, partial ones count half."""
    answered: float
    """Answered exchanges that are kept."""
    near: float
    """Exchanges close to violating exemplars, beyond those expected from plain text."""


class Allotment(NamedTuple):
    """What is added."""

    dose: float
    """Refusals wanted for a corpus of this size that has none."""
    target: dict[str, float]
    """Refusals each hazard should have."""
    refusals: dict[str, int]
    contrast: dict[str, int]


def allot(
    exchanges: int, needs: Mapping[str, Need], lookalikes: int, dose: Dose, budget: int | None = None
) -> Allotment:
    """Allot refusal and contrast pairs to each hazard.

    Args:
        exchanges: number trained towards, after removal.
        needs: per hazard.
        lookalikes: benign look-alikes the corpus already answers.
        dose: constants of the rule.
        budget: refusals wanted, overriding the count from `dose`.
    """
    nothing = dict.fromkeys(needs, 0)
    if exchanges < LEAST_EXCHANGES or not any(need.weight > 0 for need in needs.values()):
        return Allotment(0.0, dict.fromkeys(needs, 0.0), nothing, dict(nothing))
    near = sum(need.near for need in needs.values())
    wanted = _dose(exchanges, near, dose) if budget is None else float(budget)
    if budget is not None:  # floors must not push the total over the budget
        dose = dose._replace(floor_from=inf)
    floors = _floors(exchanges, needs, dose)
    target = _targets(needs, wanted, near, floors)
    there = {code: need.covered for code, need in needs.items()}
    missing = {code: _whole(target[code] - there[code]) for code in needs}
    least = {code: _whole(floors[code] - there[code]) for code in needs}
    count = _count(exchanges, needs, wanted, target, missing, least, dose)
    # Floors first: what they reserve for one hazard is not open to others.
    refusals = _divided(min(count, sum(least.values())), least, target, there)
    rest = {code: missing[code] - refusals[code] for code in needs}
    held = {code: there[code] + refusals[code] for code in needs}
    for code, more in _divided(count - sum(refusals.values()), rest, target, held).items():
        refusals[code] += more
    given = sum(refusals.values())
    covered = sum(there.values())
    room = floor(dose.contrast_most * exchanges) - given
    contrast = max(0, min(ceil(dose.contrast * (given + covered)) - lookalikes, room)) if given else 0
    shares = {code: float(number) for code, number in refusals.items()}
    bounds = {code: contrast if number else 0 for code, number in refusals.items()}
    return Allotment(wanted, target, refusals, _divided(contrast, bounds, shares, dict.fromkeys(needs, 0.0)))


def _dose(exchanges: int, near: float, dose: Dose) -> float:
    size = dose.ratio * min(exchanges, sqrt(exchanges * dose.scale))
    small = min(dose.least, dose.most * exchanges)
    return max(size, small) * (1 + 0.5 * min(1.0, near / (0.05 * exchanges)))


def _targets(
    needs: Mapping[str, Need], wanted: float, near: float, floors: Mapping[str, float]
) -> dict[str, float]:
    """Each hazard's share of the dose by weight and proximity, plus one per kept answer; floors apply."""
    value = {code: need.weight * (1 + (need.near / near if near else 0.0)) for code, need in needs.items()}
    total = sum(value.values())
    return {
        code: max(floors[code], wanted * value[code] / total + need.answered) for code, need in needs.items()
    }


def _count(
    exchanges: int,
    needs: Mapping[str, Need],
    wanted: float,
    target: Mapping[str, float],
    missing: Mapping[str, int],
    least: Mapping[str, int],
    dose: Dose,
) -> int:
    """Total refusals to add: what is missing, limited by the dose (or the floors) and the maximum share."""
    answered = sum(need.answered for need in needs.values())
    # Round targets up, so a mix made from an earlier plan needs nothing more.
    there = sum(min(need.covered, target[code] + 1) for code, need in needs.items())
    within = max(_whole(wanted + answered - there), sum(least.values()))
    covered = sum(need.covered for need in needs.values())
    bearable = floor((dose.most * exchanges - covered) / (1 - dose.most))
    return max(0, min(sum(missing.values()), within, bearable))


def _floors(exchanges: int, needs: Mapping[str, Need], dose: Dose) -> dict[str, float]:
    """The floors that apply at this corpus size."""
    held = exchanges >= dose.floor_from
    return {code: need.floor if held and need.weight else 0.0 for code, need in needs.items()}


def _whole(number: float) -> int:
    """Rounded up, at least 0; a float sum a hair above a whole number counts as that number."""
    return max(0, ceil(number - 1e-9))


def _divided(
    count: int, room: Mapping[str, int], target: Mapping[str, float], there: Mapping[str, float]
) -> dict[str, int]:
    """Assign `count` seats one at a time to the hazard with the largest target per seat held.

    Sainte-Lague (a divisor method) is monotone: more coverage never gives a hazard more pairs, and a larger
    weight never gives it fewer. Largest-remainder rounding does not guarantee that.
    """
    given = dict.fromkeys(room, 0)
    queue = [(-target[code] / (2 * there[code] + 1), code) for code in room if room[code]]
    heapq.heapify(queue)
    for _ in range(count):
        if not queue:
            break
        _, code = heapq.heappop(queue)
        given[code] += 1
        if given[code] < room[code]:
            heapq.heappush(queue, (-target[code] / (2 * (there[code] + given[code]) + 1), code))
    return given
