from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from monitoring import run

from mixguard.checkpoint.chance import chances
from mixguard.checkpoint.drift import Watched, most, running_sums, watch


def line(lines: tuple[Watched, ...], axis: str, rate: str = "lost", hazard: str | None = None) -> Watched:
    return next(each for each in lines if (each.axis, each.rate, each.hazard) == (axis, rate, hazard))


def test_the_same_again_is_within_limits() -> None:
    lines = watch(run("a"), [run("b"), run("c")])
    assert not any(each.drifted for each in lines)
    assert {(each.axis, each.hazard) for each in lines} >= {
        ("hazardous", None),
        ("hazardous", "vcr"),
        ("injection", None),
    }


def test_lost_counts_probes_that_the_baseline_always_refused() -> None:
    found = line(watch(run("a"), [run("b", bad=5)]), "hazardous")
    assert (found.count, found.total) == (10, 76)  # 5 in each of two hazards, of 2 x 38


def test_many_lost_at_once_are_outside_the_limits() -> None:
    lines = watch(run("a"), [run("b", bad=12)])
    assert line(lines, "hazardous").jumped
    assert line(lines, "look_alike").jumped
    assert not line(lines, "injection").drifted


def test_a_few_lost_each_time_creep_over_the_limit() -> None:
    few = line(watch(run("a"), [run("b", bad=3)]), "hazardous")
    assert not few.drifted
    found = line(watch(run("a"), [run(str(number), bad=3) for number in range(30)]), "hazardous")
    assert found.crept
    assert not found.jumped
    assert len(found.series) == 30


def test_samples_that_disagree_more_than_in_the_baseline_are_seen() -> None:
    assert line(watch(run("a"), [run("b", mixed=20)]), "hazardous", "unstable").jumped
    rates = {each.rate for each in watch(run("a", samples=1), [run("b", samples=1)])}
    assert rates == {"lost", "incoherent"}


def test_a_baseline_that_wavers_is_expected_to_lose_more() -> None:
    def expected(mixed: int) -> float:
        return next(each.expected for each in chances(run("a", mixed=mixed)) if each.rate == "lost")

    assert expected(2) < expected(25)


def test_where_samples_cannot_disagree_the_misread_share_stands_in() -> None:
    def expected(**asked: Any) -> float:
        return next(each.expected for each in chances(run("a", mixed=0, **asked)) if each.rate == "lost")

    assert expected(temperature=0) > 0.03 > 0.9 * expected(temperature=0.7)


@given(total=st.integers(1, 600), expected=st.floats(0.001, 0.5), alpha=st.floats(1e-4, 0.1))
def test_an_unchanged_model_exceeds_the_limit_as_seldom_as_said(
    total: int, expected: float, alpha: float
) -> None:
    limit = most(expected, total, alpha)
    above = [
        math.comb(total, count) * expected**count * (1 - expected) ** (total - count)
        for count in range(limit + 1, total + 1)
        if total <= 60
    ]
    assert sum(above) <= alpha * 1.0001
    assert 0 <= limit <= total


def test_the_running_sum_grows_with_a_raised_share_and_never_falls_below_zero() -> None:
    assert running_sums([(0, 100)] * 5, 0.05) == [0.0] * 5
    sums = running_sums([(9, 100)] * 4, 0.05)
    assert sums == sorted(sums)
    assert sums[0] == pytest.approx(9 * math.log(1.43589) + 91 * math.log(0.978206 / 1.0011), rel=0.5)
    assert running_sums([(0, 0)], 0.05) == [0.0]
