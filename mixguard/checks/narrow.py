"""Columns of a few bytes a row, for checks that compare rows with one another.

An id takes eight bytes instead of its hex digits; what else a row says is looked up for the rows that matter.
"""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from mixguard.checks.terms import TRAINED

SAMPLE, EXCHANGE = "narrow_sample", "exchange"
"""Together they identify a row."""


def key(column: str) -> pl.Expr:
    """The first 16 hex digits of an id, as a number; null if they are not hex digits, as in a damaged file."""
    return pl.col(column).str.head(16).str.to_integer(base=16, dtype=pl.UInt64, strict=False)


def in_order(
    frame: pl.LazyFrame, *columns: pl.Expr, order: Sequence[str] = ("source", "line", EXCHANGE, SAMPLE)
) -> pl.DataFrame:
    """The exchanges trained towards, in this order: `SAMPLE`, `EXCHANGE`, and the columns asked for."""
    names = frame.select(pl.col("source").unique()).collect(engine="streaming").to_series()
    trained = frame.filter(TRAINED).select(
        pl.col("source").cast(pl.Enum(names.drop_nulls().sort())),
        "line",
        key("sample_id").alias(SAMPLE),
        EXCHANGE,
        *columns,
    )
    return trained.collect(engine="streaming").sort(order).drop("source", "line")


def spread(frame: pl.LazyFrame, marks: pl.DataFrame, mark: str) -> pl.LazyFrame:
    """All rows of `marks`; those that are marked have every column of the frame, the others nothing but the mark.

    Args:
        frame: the annotations.
        marks: columns `SAMPLE`, `EXCHANGE` and the mark.
        mark: name of the Boolean column.
    """
    theirs = marks.lazy().filter(mark).select(SAMPLE, EXCHANGE)
    whole = frame.with_columns(key("sample_id").alias(SAMPLE)).join(theirs, on=[SAMPLE, EXCHANGE], how="semi")
    others = marks.lazy().filter(~pl.col(mark)).select(mark)
    return pl.concat([whole.with_columns(pl.lit(value=True).alias(mark)), others], how="diagonal")


def commonest(frame: pl.LazyFrame, column: str, among: pl.Expr) -> object:
    """The commonest value of a column of numbers, the smallest if there are several; null counts as one."""
    values = frame.filter(among).select(column).collect(engine="streaming").to_series()
    if values.is_empty():
        return None
    runs = values.sort().rle().struct.unnest()
    return runs.sort("len", descending=True, maintain_order=True).item(0, "value")
