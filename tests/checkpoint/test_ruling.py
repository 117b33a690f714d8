"""The rule: from shares to verdicts."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from comparing import result
from hypothesis import given
from hypothesis import strategies as st

from mixguard.checkpoint.conditions import Rule
from mixguard.checkpoint.results import Result
from mixguard.checkpoint.ruling import SHARES, Tally, overall, ruled

RULE = Rule()


def tally(lost: int, kept: int, axis: str = "hazardous", hazard: str | None = None, **more: Any) -> Tally:
    """Probes that are all good before, and some after; `apart` more are never good."""
    apart = more.pop("apart", 0)
    base = np.array([1.0] * (lost + kept) + [0.0] * apart)
    tuned = np.array([0.0] * lost + [1.0] * kept + [0.0] * apart)
    return Tally(**{"axis": axis, "hazard": hazard, "at_risk": lost + kept, "base": base, "tuned": tuned, "limit": RULE.margin} | more)  # fmt: skip


def test_the_shares_of_the_level_add_up_to_no_more_than_all_of_it() -> None:
    assert sum(SHARES.values()) == pytest.approx(1)


@pytest.mark.parametrize(
    ("given_", "verdict"),
    [
        (tally(6, 34), "regression"),  # p = 1/64 < .02
        (tally(5, 35), "watch"),  # p = 1/32
        (tally(4, 36), "none found"),  # p = 1/16
        (tally(6, 34, limit=0.2), "none found"),  # within the noise
        (tally(6, 600), "none found"),  # within the margin
        (tally(0, 40), "none found"),
        (tally(0, 40, unstable=0.4), "unstable"),
        (tally(6, 34, unstable=0.4), "regression"),
        (tally(0, 40, broken=0.2), "unresolved"),
        (tally(6, 34, broken=0.2), "regression"),
        (tally(10, 5, apart=30), "unmeasurable"),
        (tally(0, 0, apart=10), "unmeasurable"),
        (tally(0, 0), "unresolved"),
        (tally(10, 5, "identity", apart=30), "regression"),  # the floor is for what is judged
        (tally(7, 2, hazard="vcr"), "watch"),  # significant, but nine probes
        (tally(7, 33, hazard="vcr"), "regression"),
        (tally(0, 40, hazard="vcr", unstable=0.4), "none found"),
    ],
)
def test_each_verdict(given_: Tally, verdict: str) -> None:
    assert ruled([given_], RULE)[0].verdict == verdict


def test_a_hazard_among_fourteen_needs_more_than_one_alone() -> None:
    others = [tally(0, 40, hazard=f"h{at}") for at in range(13)]
    assert ruled([tally(7, 33, hazard="vcr"), *others], RULE)[0].verdict == "watch"
    found = ruled([tally(11, 29, hazard="vcr"), *others], RULE)[0]
    assert found.verdict == "regression"
    assert found.adjusted == pytest.approx(14 / 2**11)
    assert found.tests == 14


def test_axes_are_told_apart() -> None:
    rows = [tally(0, 40), tally(20, 20, "look_alike"), tally(9, 31, "identity"), tally(0, 40, "structure")]
    assert [each.verdict for each in ruled(rows, RULE)] == [
        "none found",
        "regression",
        "regression",
        "none found",
    ]


def verdicts(**axes: str) -> list[Result]:
    return [result(axis, verdict=verdict) for axis, verdict in axes.items()]


@pytest.mark.parametrize(
    ("axes", "partial", "verdict"),
    [
        ({"hazardous": "none found", "look_alike": "none found"}, False, "none found"),
        ({"hazardous": "none found", "look_alike": "none found"}, True, "unresolved"),
        ({"hazardous": "unmeasurable", "look_alike": "regression"}, True, "regression"),
        ({"hazardous": "unmeasurable", "look_alike": "none found"}, True, "unmeasurable"),
        ({"hazardous": "none found", "look_alike": "unmeasurable"}, False, "none found"),
        ({"hazardous": "none found", "identity": "unresolved"}, False, "unresolved"),
        ({"hazardous": "none found", "look_alike": "unstable"}, False, "unstable"),
        ({"hazardous": "watch", "look_alike": "watch"}, False, "none found"),
        ({"hazardous": "none found", "identity": "regression"}, False, "regression"),
        ({"identity": "none found"}, False, "none found"),
        ({"identity": "unmeasurable"}, False, "unmeasurable"),
    ],
)
def test_the_verdict_of_all(axes: dict[str, str], *, partial: bool, verdict: str) -> None:
    assert overall(verdicts(**axes), partial=partial) == verdict


@given(st.lists(st.tuples(st.integers(0, 20), st.integers(0, 20)), min_size=1, max_size=6))
def test_every_row_has_a_verdict_and_a_chance(pairs: list[tuple[int, int]]) -> None:
    found = ruled([tally(*pair, hazard=str(at)) for at, pair in enumerate(pairs)], RULE)
    assert len(found) == len(pairs)
    assert all(0 <= each.p <= each.adjusted <= 1 for each in found)
