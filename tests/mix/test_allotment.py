"""The dose rule: counts add up, caps and floors hold, it is monotone, and once followed it asks for nothing more."""

from __future__ import annotations

from math import floor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mixguard.library.profile import RiskProfile
from mixguard.mix.allotment import LEAST_EXCHANGES, Allotment, Need, allot

CODES = ("aaa", "bbb", "ccc", "ddd", "eee")
DOSE = RiskProfile.load("general").dose

needs = st.builds(
    Need,
    weight=st.sampled_from([0.0, 0.5, 1.0, 2.0, 4.0]),
    floor=st.sampled_from([0.0, 10.0, 40.0]),
    covered=st.floats(0, 60),
    answered=st.integers(0, 20).map(float),
    near=st.floats(0, 50),
)
corpora = st.fixed_dictionaries(dict.fromkeys(CODES, needs))
sizes = st.integers(LEAST_EXCHANGES, 200_000)


def refusals(allotment: Allotment) -> int:
    return sum(allotment.refusals.values())


@given(size=sizes, corpus=corpora, lookalikes=st.integers(0, 200))
def test_counts_add_up_and_caps_hold(size: int, corpus: dict[str, Need], lookalikes: int) -> None:
    given_ = allot(size, corpus, lookalikes, DOSE)
    added, there = refusals(given_), sum(need.covered for need in corpus.values())
    contrast = sum(given_.contrast.values())
    assert all(given_.refusals[code] >= 0 and given_.contrast[code] >= 0 for code in corpus)
    assert added == 0 or added + there <= DOSE.most * (size + added) + 1e-6
    assert added + contrast <= max(floor(DOSE.contrast_most * size), added)
    for code, need in corpus.items():
        assert given_.refusals[code] <= max(0, given_.target[code] - need.covered + 1)
        assert need.weight or need.answered or not given_.refusals[code]
        assert given_.refusals[code] or not given_.contrast[code]


@given(size=sizes, corpus=corpora, code=st.sampled_from(CODES), more=st.floats(0.1, 30))
def test_more_coverage_never_raises_the_number(
    size: int, corpus: dict[str, Need], code: str, more: float
) -> None:
    before = allot(size, corpus, 0, DOSE)
    better = {**corpus, code: corpus[code]._replace(covered=corpus[code].covered + more)}
    after = allot(size, better, 0, DOSE)
    assert after.refusals[code] <= before.refusals[code]
    assert refusals(after) <= refusals(before)


@given(size=sizes, corpus=corpora, code=st.sampled_from(CODES), factor=st.floats(1.1, 5))
def test_a_larger_weight_never_lowers_its_hazard(
    size: int, corpus: dict[str, Need], code: str, factor: float
) -> None:
    before = allot(size, corpus, 0, DOSE).refusals[code]
    heavier = {**corpus, code: corpus[code]._replace(weight=corpus[code].weight * factor)}
    assert allot(size, heavier, 0, DOSE).refusals[code] >= before


@given(size=sizes, corpus=corpora, floor_from=st.sampled_from([0.0, DOSE.floor_from]))
def test_after_adding_what_was_allotted_nothing_more_is_allotted(
    size: int, corpus: dict[str, Need], floor_from: float
) -> None:
    dose = DOSE._replace(floor_from=floor_from)
    given_ = allot(size, corpus, 0, dose).refusals
    mixed = {code: need._replace(covered=need.covered + given_[code]) for code, need in corpus.items()}
    assert refusals(allot(size, mixed, 0, dose)) == 0


@given(size=sizes, corpus=corpora)
def test_floors_are_met_unless_the_maximum_share_forbids_it(size: int, corpus: dict[str, Need]) -> None:
    dose = DOSE._replace(floor_from=0)
    given_ = allot(size, corpus, 0, dose)
    added, there = refusals(given_), sum(need.covered for need in corpus.values())
    if added + 1 + there > dose.most * (size + added + 1):
        return
    for code, need in corpus.items():
        assert need.covered + given_.refusals[code] >= (need.floor if need.weight else 0)


@pytest.mark.parametrize(
    ("size", "wanted"),
    [
        (10, 0),
        (50, 5),
        (250, 25),
        (1_000, 100),
        (4_000, 120),
        (20_000, 600),
        (52_000, 968),
        (1_000_000, 4_243),
    ],
)
def test_the_dose_of_an_empty_corpus(size: int, wanted: int) -> None:
    corpus = {code: Need(1, 0, 0, 0, 0) for code in CODES}
    given_ = allot(size, corpus, 0, DOSE)
    assert refusals(given_) == wanted
    assert sum(given_.contrast.values()) == wanted


def test_each_answer_that_stays_brings_one_refusal() -> None:
    clean = {code: Need(1, 0, 0, 0, 0) for code in CODES}
    dirty = {**clean, "ccc": Need(1, 0, 0, 7, 0)}
    assert allot(20_000, dirty, 0, DOSE).refusals["ccc"] == allot(20_000, clean, 0, DOSE).refusals["ccc"] + 7


def test_floors_hold_from_a_size_on_and_may_exceed_the_dose() -> None:
    corpus = {code: Need(1, 100, 0, 0, 0) for code in CODES}
    assert refusals(allot(20_000, corpus, 0, DOSE)) == 600
    assert min(allot(8_000, corpus, 0, DOSE).refusals.values()) == 100
    assert refusals(allot(1_000, corpus, 0, DOSE)) == 100


def test_a_floor_comes_before_the_shares_of_other_hazards() -> None:
    corpus = {code: Need(1, 100 if code == "aaa" else 0, 0, 0, 0) for code in CODES}
    given_ = allot(8_000, corpus, 0, DOSE)
    assert given_.refusals == {"aaa": 100, "bbb": 35, "ccc": 35, "ddd": 35, "eee": 35}


def test_enough_refusals_bring_nothing_and_no_contrast_either() -> None:
    given_ = allot(5_000, {code: Need(1, 10, 50, 0, 0) for code in CODES}, 0, DOSE)
    assert refusals(given_) == sum(given_.contrast.values()) == 0


def test_a_budget_takes_the_place_of_the_size() -> None:
    corpus = {code: Need(1, 0, 0, 0, 0) for code in CODES}
    assert refusals(allot(20_000, corpus, 0, DOSE, budget=40)) == 40


def test_lookalikes_answered_already_save_contrast_pairs() -> None:
    corpus = {code: Need(1, 0, 0, 0, 0) for code in CODES}
    assert sum(allot(20_000, corpus, 250, DOSE).contrast.values()) == 350
