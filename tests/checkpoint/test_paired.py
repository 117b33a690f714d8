"""Statistics of pairs: published values, exact sums by hand, symmetry and bounds."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from mixguard.checkpoint import paired
from mixguard.stats import DetectorError

SHARE = st.sampled_from([0.0, 1 / 3, 2 / 3, 1.0])
PAIRS = st.lists(st.tuples(SHARE, SHARE), min_size=1, max_size=40)
PUBLISHED = {
    0.0: ("12.5 (1)", "7.7 (1)", "3.9 (1)", "1.6 (1)", "0.8 (1)", "0.5 (1)", "0.3 (1)"),
    0.02: ("21.8 (2)", "19.0 (3)", "8.7 (3)", "6.0 (6)", "3.2 (8)", "2.6 (11)", "1.9 (16)"),
    0.04: ("30.8 (3)", "17.6 (3)", "13.3 (5)", "6.6 (8)", "4.8 (14)", "3.8 (19)", "2.6 (28)"),
    0.08: ("39.6 (4)", "27.8 (5)", "16.4 (7)", "10.3 (14)", "6.9 (24)", "5.3 (33)", "3.9 (51)"),
}
SIZES = (12, 20, 40, 100, 200, 300, 500)


def shares(pairs: list[tuple[float, float]]) -> tuple[paired.Shares, paired.Shares]:
    base, tuned = zip(*pairs, strict=True)
    return np.array(base), np.array(tuned)


@pytest.mark.parametrize("misread", PUBLISHED)
def test_the_smallest_loss_seen_is_that_of_the_exact_table(misread: float) -> None:
    for size, expected in zip(SIZES, PUBLISHED[misread], strict=True):
        seen = paired.least_seen(size, misread)
        assert seen is not None
        points, flips = expected.rstrip(")").split(" (")
        assert 100 * seen.loss == pytest.approx(float(points), abs=0.2)
        assert seen.flips == int(flips)


def test_a_test_that_no_loss_can_pass_sees_nothing() -> None:
    assert paired.least_seen(3, 0.6) is None
    assert paired.visible(4, 0.0) is None  # four lost of four: p is 1/16
    assert paired.visible(0, 0.0) is None


def test_what_is_visible_by_hand() -> None:
    # Five of five lost give p = 1/32, four 1/16: all must be lost, and all are with chance .8.
    seen = paired.visible(5, 0.0)
    assert seen == pytest.approx(0.8 ** (1 / 5), abs=1e-3)


@given(st.integers(20, 200), st.floats(0, 0.2))
def test_more_misreading_hides_more(at_risk: int, misread: float) -> None:
    clean, noisy = paired.visible(at_risk, 0.0), paired.visible(at_risk, misread)
    assert clean is not None
    assert noisy is None or clean <= noisy + 1e-3


@given(PAIRS.filter(lambda pairs: len(pairs) <= 10))
def test_the_exact_test_counts_every_way_to_swap_the_models(pairs: list[tuple[float, float]]) -> None:
    base, tuned = shares(pairs)
    steps = np.rint((base - tuned) * 3)
    sums = [float((steps * np.array(signs)).sum()) for signs in product((1, -1), repeat=len(steps))]
    expected = np.mean(np.array(sums) >= steps.sum())
    assert paired.fallen(base, tuned) == pytest.approx(expected)


@given(st.integers(0, 30), st.integers(0, 30))
def test_with_one_sample_it_is_the_exact_test_of_mcnemar(lost: int, gained: int) -> None:
    expected = binomtest(lost, lost + gained, alternative="greater").pvalue if lost + gained else 1.0
    base, tuned = np.array([1.0] * lost + [0.0] * gained), np.array([0.0] * lost + [1.0] * gained)
    assert paired.fallen(base, tuned) == pytest.approx(expected)


def test_long_distributions_give_the_same_p_values(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = np.random.default_rng(7)
    base, tuned = (drawn.binomial(7, chance, 500) / 7 for chance in (0.80, 0.77))
    direct = paired.fallen(base, tuned)
    monkeypatch.setattr(paired, "DIRECT", 0)
    paired._swapped.cache_clear()
    assert paired.fallen(base, tuned) == pytest.approx(direct, abs=1e-12)
    assert 0.001 < direct < 0.3


@given(PAIRS)
def test_p_values_are_chances_and_a_fall_one_way_is_a_rise_the_other(
    pairs: list[tuple[float, float]],
) -> None:
    base, tuned = shares(pairs)
    fell, rose = paired.fallen(base, tuned), paired.fallen(tuned, base)
    assert 0 < fell <= 1
    assert fell + rose >= 1 - 1e-9  # both contain what was seen


@given(st.lists(st.floats(0, 1), min_size=1, max_size=14))
def test_holm_keeps_order_and_never_lowers(values: list[float]) -> None:
    adjusted = paired.holm(values)
    assert all(after >= before for before, after in zip(values, adjusted, strict=True))
    assert sorted(range(len(values)), key=lambda at: (values[at], adjusted[at])) == sorted(
        range(len(values)), key=lambda at: (adjusted[at], values[at])
    ) or len(set(adjusted)) < len(adjusted)
    assert max(adjusted) <= 1


def test_holm_by_hand() -> None:
    assert paired.holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])


def test_the_interval_is_that_of_newcombe() -> None:
    # Newcombe 1998, table II, method 10.
    assert paired.newcombe(36, 12, 2, 0).bounds == pytest.approx((0.0569, 0.3404), abs=1e-4)


@given(PAIRS)
def test_the_interval_holds_the_change_and_turns_with_it(pairs: list[tuple[float, float]]) -> None:
    base, tuned = shares(pairs)
    found, back = paired.change(base, tuned), paired.change(tuned, base)
    assert -1 <= found.bounds.low <= found.share + 1e-9
    assert found.share - 1e-9 <= found.bounds.high <= 1
    assert found.share == pytest.approx(float((tuned - base).mean()))
    assert (back.share, back.bounds.low) == pytest.approx((-found.share, -found.bounds.high))


@given(PAIRS, st.floats(0.5, 1), st.floats(0.5, 1), st.integers(10, 500))
def test_an_imperfect_detector_widens_the_interval(
    pairs: list[tuple[float, float]], sensitivity: float, specificity: float, cases: int
) -> None:
    raw = paired.change(*shares(pairs))
    found = paired.corrected(raw, DetectorError(sensitivity, specificity, cases, cases))
    assert -1 <= found.bounds.low <= raw.share + 1e-9
    assert raw.share - 1e-9 <= found.bounds.high <= 1
    width, before = (each.bounds.high - each.bounds.low for each in (found, raw))
    assert width >= before - 1e-6 or found.bounds.low == -1 or found.bounds.high == 1


def test_a_detector_that_sees_half_of_it_halves_a_change() -> None:
    raw = paired.change(np.ones(400), np.array([0.0] * 80 + [1.0] * 320))
    found = paired.corrected(raw, DetectorError(0.75, 0.75, 10**6, 10**6))
    assert found.share == pytest.approx(-0.2)
    # Twice the change, and twice as far from it as the interval of what was judged; but it holds that, too.
    assert found.bounds.low == pytest.approx(-0.484, abs=1e-3)
    assert found.bounds.high == pytest.approx(-0.2)


def test_a_detector_no_better_than_chance_says_nothing() -> None:
    raw = paired.change(np.ones(40), np.ones(40))
    assert paired.corrected(raw, DetectorError(0.5, 0.5, 100, 100)).bounds == (-1, 1)


def test_the_mean_change_has_a_t_interval() -> None:
    found = paired.mean_change(np.array([0.0, 0.0, 0.0]), np.array([-1.0, -2.0, -3.0]))
    assert found is not None
    assert found.share == -2
    assert found.bounds == pytest.approx((-2 - 2.484, -2 + 2.484), abs=1e-3)
    assert paired.mean_change(np.zeros(1), np.ones(1)) is None
