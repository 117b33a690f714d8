"""Searches that compile nothing where there is nothing to search."""

from __future__ import annotations

import polars as pl
import pytest

from mixguard.annotate.search import contains, count

BROKEN = "(unclosed"


def test_they_are_those_of_polars() -> None:
    texts = pl.DataFrame({"text": ["an apple", None, "banana"]})
    assert texts.select(contains(pl.col("text"), "^an")).to_series().to_list() == [True, None, False]
    assert texts.select(count(pl.col("text"), "an")).to_series().to_list() == [1, None, 2]


@pytest.mark.parametrize("texts", [[], [None, None]])
def test_an_expression_is_not_compiled_for_nothing(texts: list[str | None]) -> None:
    frame = pl.DataFrame({"text": texts}, schema={"text": pl.String})
    found = frame.select(there=contains(pl.col("text"), BROKEN), many=count(pl.col("text"), BROKEN))
    assert found.schema == {"there": pl.Boolean, "many": pl.UInt32}
    assert found.rows() == [(None, None)] * len(texts)
