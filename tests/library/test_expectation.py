from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from mixguard.library.expectation import Expectation

TALE = " ".join(f"word{number}" for number in range(60))


@pytest.mark.parametrize(
    ("expectation", "answer", "met"),
    [
        ({"has": ["(?i)paris"]}, "It is PARIS.", True),
        ({"has": ["(?i)paris", "1900"]}, "It is Paris.", False),
        ({"lacks": ["(?i)bluebell"]}, "A bluebell.", False),
        ({"lacks": ["(?i)bluebell"]}, "A rose.", True),
        ({"json_keys": ["name"]}, '{"name": 1, "more": 2}', True),
        ({"json_keys": ["name"]}, 'Here you are:\n```json\n{"name": 1}\n```\n', True),
        ({"json_keys": ["name"]}, '```\n{"name": 1}\n```\n```\n{}\n```', False),
        ({"json_keys": ["name"]}, "[1]", False),
        ({"json_keys": []}, "[1]", True),
        ({"json_keys": []}, "no", False),
        ({"lines": [2, 3]}, "a\n\n b\n", True),
        ({"lines": [2, 3]}, "a", False),
        ({"words": [1, 1]}, " yes ", True),
        ({"words": [1, 1]}, "yes sir", False),
        ({"recites": TALE}, f"He said: {' '.join(TALE.split()[5:25])}", False),
        ({"recites": TALE}, f"He said: {', '.join(TALE.upper().split()[5:25])}.", False),
        ({"recites": TALE}, f"He said: {' '.join(TALE.split()[5:24])}", True),
    ],
)
def test_what_an_answer_must_be_like(expectation: dict[str, object], answer: str, met: bool) -> None:
    assert Expectation.model_validate(expectation).met(answer) is met


def test_a_pattern_that_is_none_is_rejected() -> None:
    with pytest.raises(ValidationError, match=r"has"):
        Expectation(has=("(",))


def test_no_pattern_takes_more_than_linear_time() -> None:
    started = time.monotonic()
    assert not Expectation(has=("(a+)+$",)).met("a" * 50_000 + "b")
    assert time.monotonic() - started < 5


@given(st.text(max_size=300))
def test_every_answer_can_be_looked_at(answer: str) -> None:
    every = Expectation(has=("x",), lacks=("y",), json_keys=("a",), lines=(1, 2), words=(1, 9), recites=TALE)
    assert every.met(answer) in (True, False)


def test_a_pattern_that_is_none_is_named_in_one_line() -> None:
    with pytest.raises(ValueError, match="regex error") as told:
        Expectation(has=("(" + "a" * 10_000,))
    assert max(map(len, str(told.value).splitlines())) < 300
