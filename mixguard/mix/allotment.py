"""How many refusal and contrast pairs a corpus gets: one rule, in one place.

What is known and what is guessed about it, and how to refit it, is in `docs/rebalance.md`. The dose is a count that grows
more slowly than the corpus, with a floor; a cap keeps refusals a small part of it.
"""

from __future__ import annotations

import heapq
from collections.abc import Mapping
from math import ceil, floor, inf, sqrt
from typing import NamedTuple

from mixguard.library.profile import Dose

LEAST_EXCHANGES = 20
"""Below this no share means anything."""


class Need(NamedTuple):
    """What is known of one hazard in a corpus."""

    weight: float
    """How much it counts beside the others; 0 asks for nothing."""
    floor: float
    """Refusals wanted whatever the corpus's size."""
    covered: float
    """Refusals there already: lower end of their interval, partial ones by half."""
    answered: float
    """Answered exchanges that stay in."""
    near: float
    """Exchanges close to violating exemplars, beyond those expected of plain text."""


class Allotment(NamedTuple):
    """What goes in."""

    dose: float
    """Refusals wanted of an empty corpus of this size."""
    target: dict[str, float]
    """Hazard to the refusals it should have."""
    refusals: dict[str, int]
    contrast: dict[str, int]


def allot(
    exchanges: int, needs: Mapping[str, Need], lookalikes: int, dose: Dose, budget: int | None = None
) -> Allotment:
    """Give each hazard its refusal and contrast pairs.

    Args:
        exchanges: those trained towards, after removal.
        needs: by hazard.
        lookalikes: benign look-alikes already answered.
        dose: the constants.
        budget: refusals wanted, in place of what `dose` makes of the size.
    """
    nothing = dict.fromkeys(needs, 0)
    if exchanges < LEAST_EXCHANGES or not any(need.weight > 0 for need in needs.values()):
        return Allotment(0.0, dict.fromkeys(needs, 0.0), nothing, dict(nothing))
    near = sum(need.near for need in needs.values())
    wanted = _dose(exchanges, near, dose) if budget is None else float(budget)
    if budget is not None:  # what was asked for in all is not exceeded for a floor
        dose = dose._replace(floor_from=inf)
    target = _targets(exchanges, needs, wanted, near, dose)
    missing = {code: max(0, ceil(target[code] - need.covered)) for code, need in needs.items()}
    count = _count(exchanges, needs, wanted, target, missing, dose)
    refusals = _divided(count, missing, target, {code: need.covered for code, need in needs.items()})
    given = sum(refusals.values())
    covered = sum(need.covered for need in needs.values())
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
    exchanges: int, needs: Mapping[str, Need], wanted: float, near: float, dose: Dose
) -> dict[str, float]:
    """Each hazard's part of the dose by weight and proximity, one more for each answer that stays, its floor at least."""
    value = {code: need.weight * (1 + (need.near / near if near else 0.0)) for code, need in needs.items()}
    total = sum(value.values())
    held = exchanges >= dose.floor_from
    return {
        code: max(need.floor if held and need.weight else 0.0, wanted * value[code] / total + need.answered)
        for code, need in needs.items()
    }


def _count(
    exchanges: int,
    needs: Mapping[str, Need],
    wanted: float,
    target: Mapping[str, float],
    missing: Mapping[str, int],
    dose: Dose,
) -> int:
    """Refusals in all: what is missing, within the dose or the floors, and never above the share allowed."""
    answered = sum(need.answered for need in needs.values())
    # Up to the whole pair above each target: what an earlier plan gave is what this one asks for.
    there = sum(min(need.covered, ceil(target[code])) for code, need in needs.items())
    held = exchanges >= dose.floor_from
    floors = sum(max(0, ceil(need.floor - need.covered)) for need in needs.values() if held and need.weight)
    within = max(ceil(wanted + answered - there), floors)
    covered = sum(need.covered for need in needs.values())
    bearable = floor((dose.most * exchanges - covered) / (1 - dose.most))
    return max(0, min(sum(missing.values()), within, bearable))


def _divided(
    count: int, room: Mapping[str, int], target: Mapping[str, float], there: Mapping[str, float]
) -> dict[str, int]:
    """`count` seats given one at a time to the largest target per seat held.

    A divisor method (Sainte-Lague), because it is monotone: more coverage never brings a hazard more, and a larger
    weight never brings it less, which rounding by remainders does not promise.
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
