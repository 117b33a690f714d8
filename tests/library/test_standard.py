"""Standards and laws: every check they name exists, and every row says what serves it or why nothing does."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from mixguard.catalogue import BY_ID
from mixguard.library.standard import Clause, Standard, standards

IDS = [standard.id for standard in standards()]


def test_both_are_there() -> None:
    assert IDS == ["aisvs-1.0", "eu-ai-act"]


@pytest.mark.parametrize("standard", standards(), ids=IDS)
def test_every_check_exists_and_no_row_is_twice(standard: Standard) -> None:
    assert {name for clause in standard.clause for name in clause.checks} <= set(BY_ID)
    assert len({clause.id for clause in standard.clause}) == len(standard.clause)
    for clause in standard.clause:
        assert clause.checks or clause.by or clause.gap
        assert len(set(clause.checks)) == len(clause.checks)
        assert "|" not in f"{clause.asks}{clause.by}{clause.gap}"  # shown in tables, as it is


def test_a_row_that_nothing_serves_says_why() -> None:
    with pytest.raises(ValidationError, match="needs `checks`, `by` or `gap`"):
        Clause(id="1", asks="something")
    assert Clause(id="1", asks="something", gap="not looked for").checks == ()


def test_the_promised_rows_are_there() -> None:
    aisvs, act = ({clause.id: clause for clause in standard.clause} for standard in standards())
    assert {
        "1.1.2",
        "1.1.3",
        "1.1.4",
        "1.3.1",
        "1.3.4",
        "1.3.5",
        "3.2.1",
        "3.2.2",
        "3.2.3",
        "3.5.3",
        "11.1.2",
        "11.1.5",
        "AC.6.4",
    } <= set(aisvs)
    assert aisvs["1.3.5"].gap.startswith("All of it")
    assert not aisvs["1.3.5"].checks
    assert {"Art. 10(3)", "Art. 15(5)", "Art. 53(1)(d)"} <= set(act)
