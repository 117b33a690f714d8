from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest
from building import exchange_frame, hashed_batch
from hypothesis import given
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from mixguard.annotate.base import Expressions, ordered, spread
from mixguard.columns import TEXT


def made(name: str, *reads: str) -> Expressions:
    """An annotator that writes one column."""
    return Expressions(reads, pl.Schema({name: pl.Int64}), {name: pl.lit(1)})


A, B, C, D = made("a", "prompt"), made("b", "a"), made("c", "a", "b", "response"), made("d")


@given(listed=st.permutations([A, B, C, D]))
def test_each_annotator_runs_after_those_whose_columns_it_reads(listed: list[Expressions]) -> None:
    there, found = set(TEXT), ordered(listed, given=TEXT)
    assert sorted(map(id, found)) == sorted(map(id, listed))
    for annotator in found:
        assert there >= set(annotator.reads)
        there |= set(annotator.writes)


def test_annotators_keep_their_order_where_possible() -> None:
    assert ordered([D, A, B, C], given=TEXT) == (D, A, B, C)
    assert ordered([A, B, D, C], given=TEXT) == (A, B, D, C)
    assert ordered([C, B, D, A], given=TEXT) == (D, A, B, C)


def test_a_column_that_nothing_writes_is_reported() -> None:
    with pytest.raises(ValueError, match=r"no order of annotators .*'a'"):
        ordered([B, D], given=TEXT)
    with pytest.raises(ValueError, match=r"no order of annotators .*'response'"):
        ordered([A, B, C], given=["prompt"])


def test_circular_annotators_are_reported() -> None:
    with pytest.raises(ValueError, match="'one'"):
        ordered([made("one", "other"), made("other", "one")], given=TEXT)


@given(mask=st.lists(st.booleans(), max_size=12))
def test_spread_columns_are_null_outside_the_mask(mask: list[bool]) -> None:
    judged = pl.Series(mask, dtype=pl.Boolean)
    schema = pl.Schema({"number": pl.UInt32(), "word": pl.String(), "list": pl.List(pl.Float32)})
    rows = [(number, f"text {number}", [number / 2]) for number in range(len(mask))]
    every = pl.DataFrame(rows, schema, orient="row")
    expected = pl.DataFrame([row if yes else (None,) * 3 for row, yes in zip(rows, mask, strict=True)], schema, orient="row")  # fmt: skip
    assert_frame_equal(spread(every.filter(judged), judged), expected)


def test_expressions_write_their_declared_types(tmp_path: Path) -> None:
    batch = hashed_batch(tmp_path, exchange_frame([("one two", None)]), violating=["x"], benign=["y"])
    words = Expressions(
        ("prompt",), pl.Schema({"words": pl.UInt8}), {"words": pl.col("prompt").str.count_matches(" ") + 1}
    )
    assert_frame_equal(words(batch), pl.DataFrame({"words": [2]}, schema=words.writes))
