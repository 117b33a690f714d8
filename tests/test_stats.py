from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mixguard.stats import DetectorError, Interval, between, corrected, pooled, rate, span, wilson

counts = st.integers(1, 10_000).flatmap(lambda total: st.tuples(st.integers(0, total), st.just(total)))


@given(counts)
def test_wilson_contains_the_rate_and_stays_in_range(pair: tuple[int, int]) -> None:
    count, total = pair
    low, high = wilson(count, total)
    assert 0 <= low <= count / total <= high <= 1


def test_wilson_matches_a_published_value() -> None:
    # Newcombe 1998 (Statistics in Medicine 17), table I: 81 of 263.
    low, high = wilson(81, 263)
    assert (round(low, 4), round(high, 4)) == (0.2553, 0.3662)


def test_no_observations_give_the_widest_interval() -> None:
    assert wilson(0, 0) == (0.0, 1.0)
    assert corrected(0, 0, DetectorError(0.9, 0.9, 100, 100)) == (0.0, 1.0)


@given(counts)
def test_corrected_stays_in_range(pair: tuple[int, int]) -> None:
    low, high = corrected(*pair, DetectorError(0.8, 0.97, 300, 800))
    assert 0 <= low <= high <= 1


def test_false_alarms_alone_do_not_prove_a_rate() -> None:
    error = DetectorError(sensitivity=0.9, specificity=0.99, positives=1000, negatives=1000)
    assert corrected(75, 7500, error).low == 0.0
    assert corrected(750, 7500, error).low > 0.05


@pytest.mark.parametrize("truth", [0.02, 0.2, 0.6])
def test_corrected_covers_the_truth(truth: float) -> None:
    """Simulation: nominal 95 % intervals contain the true rate in at least 92 % of corpora."""
    generator = np.random.default_rng(3)
    sensitivity, specificity, held_out, total, held = 0.85, 0.96, 400, 2000, 0
    for _ in range(400):
        found = generator.binomial(held_out, sensitivity) / held_out
        left = generator.binomial(held_out, specificity) / held_out
        positives = generator.binomial(total, truth)
        called = generator.binomial(positives, sensitivity) + generator.binomial(
            total - positives, 1 - specificity
        )
        low, high = corrected(int(called), total, DetectorError(found, left, held_out, held_out))
        held += low <= truth <= high
    assert held / 400 >= 0.92


@given(counts)
def test_corrected_is_never_certain(pair: tuple[int, int]) -> None:
    low, high = corrected(*pair, DetectorError(0.7, 0.9, 300, 800))
    assert high - low > 0


def test_an_interval_never_contradicts_the_share_it_is_of() -> None:
    error = DetectorError(0.8, 0.99, 3000, 3000)
    for count in (0, 1, 50, 67, 99, 100):
        low, high = corrected(count, 100, error)
        assert low <= count / 100 <= high


def test_the_error_on_a_mixture_lies_between_those_of_its_kinds() -> None:
    errors = {"request": DetectorError(0.8, 0.99, 3000, 2000), "document": DetectorError(0.8, 0.9, 3000, 500)}
    assert pooled(errors, {"request": 70}).specificity == pytest.approx(0.99)
    half = pooled(errors, {"request": 50, "document": 50})
    assert half.specificity == pytest.approx(0.945)
    assert (half.sensitivity, half.positives) == (0.8, 3000)
    assert pooled(errors, {"verse": 10}).specificity == pytest.approx(
        0.99
    )  # unknown kinds count as the first
    assert pooled(errors, {}) == errors["request"]


def test_a_spread_between_groups_is_what_chance_does_not_explain() -> None:
    even = [True, False] * 50
    assert between(even, ["a"] * 50 + ["b"] * 50) == 0.0
    apart = [True] * 50 + [False] * 50
    assert between(apart, ["a"] * 50 + ["b"] * 50) > 0.6
    assert between(apart, ["a"] * 100) == 0.0


def test_a_wider_spread_between_groups_widens_the_interval() -> None:
    narrow = corrected(500, 1000, DetectorError(0.8, 0.99, 3000, 3000))
    wide = corrected(500, 1000, DetectorError(0.8, 0.99, 3000, 3000, sensitivity_sd=0.1))
    assert wide.high - wide.low > 1.5 * (narrow.high - narrow.low)


@pytest.mark.parametrize(
    ("count", "total", "shown"),
    [
        (7, 100, "7 %"), (27, 400, "7 %"), (743, 10_000, "7.4 %"), (74_312, 1_000_000, "7.43 %"), (0, 400, "0 %"),
        (400, 400, "100 %"), (1, 400, "under 1 %"), (399, 400, "over 99 %"), (3, 10_000, "0.03 %"), (1, 4000, "under 0.1 %"),
        (1, 3, "33 %"), (9_999, 10_000, "99.99 %"), (0, 0, "not measured"), (1.5, 20, "8 %"),
    ],
)  # fmt: skip
def test_a_rate_has_the_digits_that_its_rows_support(count: float, total: int, shown: str) -> None:
    assert rate(count, total) == shown


@pytest.mark.parametrize(
    ("low", "high", "total", "shown"),
    [
        (0.0084, 0.0596, 400, "1 to 6 %"), (0.0, 0.0095, 400, "0 to 1 %"), (0.0, 0.0015, 10_000, "0 to 0.15 %"),
        (0.67, 1.0, 100, "67 to 100 %"), (0.0, 1.0, 0, "0 to 100 %"), (0.0, 0.002, 400, "under 1 %"),
        (0.998, 1.0, 400, "over 99 %"), (0.0699, 0.0702, 400, "about 7 %"), (0.5, 0.5, 10, "50 %"),
    ],
)  # fmt: skip
def test_an_interval_has_the_digits_that_its_rows_support(
    low: float, high: float, total: int, shown: str
) -> None:
    assert span(Interval(low, high), total) == shown


@given(counts)
def test_a_rate_is_never_shown_as_none_or_all_unless_it_is(pair: tuple[int, int]) -> None:
    count, total = pair
    assert (rate(count, total) == "0 %") == (count == 0)
    assert (rate(count, total) == "100 %") == (count == total)
