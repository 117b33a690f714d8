from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mixguard.annotate.scan.credentials import bits, real

BOTH = ["Gr4nite!Boat", "b0athouse#77", "7d1e90ab5c2f4e88"]
USED_ONLY = ["admin99", "supersecretkey"]
NEITHER = [
    "your_password",
    "changeme",
    "password",
    "password123",
    "my-secret-key",
    "<token>",
    "${TOKEN}",
    "********",
    "xxxxxxxx",
    "db_password",
    "userName",
    "os.environ",
    "1234",
    "abc",
    "",
]


@pytest.mark.parametrize("value", BOTH)
def test_a_value_that_somebody_could_log_in_with_is_real(value: str) -> None:
    assert real(value, "used")
    assert real(value, "named")


@pytest.mark.parametrize("value", USED_ONLY)
def test_a_weak_one_counts_where_it_is_used(value: str) -> None:
    assert real(value, "used")
    assert not real(value, "named")


@pytest.mark.parametrize("value", NEITHER)
def test_a_placeholder_or_a_name_is_not(value: str) -> None:
    assert not real(value, "used")
    assert not real(value, "named")


@given(st.text(max_size=300))
def test_any_text_is_judged(value: str) -> None:
    assert real(value, "used") in (True, False)


def test_bits_are_those_of_the_letters() -> None:
    assert bits("aaaa") == 0
    assert bits("abcd") == 2
