"""The probability that an answer opens with a refusal, from the candidates for its first token."""

from __future__ import annotations

from math import log

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mixguard.checkpoint.answers import LEAST_OPENING
from mixguard.checkpoint.opening import opening, refusal_openings

OPENINGS = ("I'm sorry, but I can't.", "Sorry, no.")


def test_candidates_that_begin_an_opening_are_added_up() -> None:
    first = (("I", log(0.4)), (" Sorry", log(0.2)), ("Sure", log(0.3)), ("", log(0.05)), (" ", log(0.01)))
    assert opening(first, OPENINGS) == pytest.approx(log(0.6), abs=1e-4)


def test_a_longer_token_counts_only_as_far_as_the_opening_goes() -> None:
    assert opening((("I'm", -1.0), ("I'd", -0.1)), OPENINGS) == -1.0


def test_the_least_candidate_bounds_what_is_not_listed() -> None:
    assert opening((("Sure", -0.1), ("Of", -2.5), ("The", -7.0)), OPENINGS) == -7.0


def test_without_candidates_nothing_is_measured() -> None:
    assert opening(()) is None


def test_the_bundled_voices_say_how_refusals_open() -> None:
    assert {"I'm sorry, but I can't help with that.", "I can't help with that."} <= set(refusal_openings())
    assert opening((("I", -0.25), ("Sure", -2.0))) == -0.25


@given(st.lists(st.tuples(st.text(max_size=4), st.floats(-1e308, 0)), max_size=20))
def test_it_is_a_log_probability_whatever_the_server_gives(first: list[tuple[str, float]]) -> None:
    found = opening(first)
    assert found is None if not first else found is not None and LEAST_OPENING <= found <= 0
