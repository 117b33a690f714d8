"""Narrow columns say the same as the wide ones."""

from __future__ import annotations

from typing import Any

import polars as pl
from building import evidence, flat, found, row, some_samples
from hypothesis import given, settings

from mixguard.checks.measure import meant
from mixguard.checks.narrow import SAMPLE, commonest, in_order, key, spread
from mixguard.checks.terms import TRAINED
from mixguard.signals.duplicates import DUPLICATES
from mixguard.signals.repetition import KEYS, REPETITION


def test_a_key_is_the_head_of_an_id_and_null_for_what_is_none() -> None:
    ids = pl.DataFrame({"id": ["00000000000000ff" + "7" * 16, "ffffffffffffffff", "no id", None]})
    assert ids.select(key("id")).to_series().to_list() == [255, 2**64 - 1, None, None]


def test_the_commonest_is_the_smallest_of_several_and_can_be_null() -> None:
    frame = pl.LazyFrame({"x": [5, 3, 3, 5, 1, None, None, None], "there": [True] * 5 + [False] * 3})
    assert commonest(frame, "x", pl.col("there")) == 3
    assert commonest(frame, "x", pl.lit(value=True)) is None
    assert commonest(frame, "x", pl.lit(value=False)) is None


def test_rows_come_in_the_order_of_sources_and_lines() -> None:
    rows = [
        row("a", source="b.jsonl", line=1, sample_id="2" * 16),
        row("b", source="a.jsonl", line=7, sample_id="3" * 16),
        row("c", source="a.jsonl", line=7, sample_id="1" * 16),
        row("d", source="a.jsonl", line=2, sample_id="4" * 16, polarity=-1),
    ]
    ordered = in_order(evidence(rows).frame)
    assert [f"{sample:016x}"[0] for sample in ordered[SAMPLE]] == ["1", "3", "2"]


def test_only_marked_rows_have_their_columns() -> None:
    frame = evidence([row("a"), row("b")]).frame
    ids = frame.select(key("sample_id").alias(SAMPLE), "exchange").collect()
    seen = spread(frame, ids.with_columns(found=pl.Series([True, False])), "found").collect()
    assert seen["found"].to_list() == [True, False]
    assert seen["source"].to_list() == ["data.jsonl", None]


def repeated(rows: list[dict[str, Any]]) -> list[str]:
    """Samples whose trained texts an earlier one has, told the plain way."""
    frame = evidence(rows).frame.filter(TRAINED).sort("source", "line", "sample_id", "exchange").collect()
    texts: dict[str, list[Any]] = {}
    for sample, *pair in frame.select("sample_id", "prompt_id", "response_id").iter_rows():
        texts.setdefault(sample, []).append(pair)
    every = list(texts.values())
    return [sample for number, (sample, each) in enumerate(texts.items()) if each in every[:number]]


def near(rows: list[dict[str, Any]]) -> int:
    """Distinct pairs of texts that share a band with an earlier one, told the plain way."""
    frame = evidence(rows).frame.filter(TRAINED).sort("source", "line", "exchange", "sample_id").collect()
    distinct = frame.unique(["prompt_id", "response_id"], keep="first", maintain_order=True)
    known: set[Any] = set()
    count = 0
    for each in distinct.select(KEYS).iter_rows(named=True):
        bands = {(name, value) for name, value in each.items() if value is not None}
        count += bool(bands & known)
        known |= bands
    return count


@settings(max_examples=40, deadline=None)
@given(samples=some_samples)
def test_repeats_and_near_repeats_are_those_told_the_plain_way(samples: list[list[dict[str, Any]]]) -> None:
    rows = flat(samples)
    now = evidence(rows)
    (marked,) = meant(DUPLICATES.check, now)
    assert sorted(marked.collect()["sample_id"]) == sorted(repeated(rows))
    first = next(iter(meant(REPETITION.check, now))).collect()
    assert first.height == near(rows)
    assert found(now, "MG302").count == len(repeated(rows))
