"""The sentences of texts that hold one of some words: what phrase lists are looked for in."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from mixguard.annotate.phrases import READ
from mixguard.columns import TURN

LONG = 300
"""Characters after which a sentence is cut; long enough for any phrase, short enough to be compared by meaning."""
SENTENCE = rf"[^.!?\n]{{2,{LONG}}}"
FOUND = pl.Schema({"row": pl.UInt32, "field": pl.String, "place": pl.UInt32, "sentence": pl.String})


def turns(frame: pl.DataFrame) -> pl.Series:
    """The earlier turns of each exchange as one text, a turn a paragraph; null if there are none."""
    rows = frame.select("earlier").with_row_index("row")
    told = rows.filter(pl.col("earlier").list.len() > 0).explode("earlier")
    # Exploded, a column without any turn has no type.
    spoken = told.select("row", pl.col("earlier").cast(TURN).struct.field("text"))
    joined = spoken.group_by("row").agg(pl.col("text").str.join("\n"))
    return rows.select("row").join(joined, on="row", how="left", maintain_order="left").get_column("text")


def sentences(frame: pl.DataFrame, fields: Sequence[str], words: Sequence[str]) -> pl.DataFrame:
    """The sentences of these columns that hold one of the words, whatever its case.

    Args:
        frame: exchanges with their texts; `earlier` may be among the columns.
        fields: columns to read.
        words: plain text, not patterns.

    Returns:
        Schema `FOUND`: row, field, the sentence's number in the field's text, and the sentence; in that order.
    """
    found = [_of(frame, field, list(words)) for field in fields]
    return pl.concat(found) if found else pl.DataFrame(schema=FOUND)


def _of(frame: pl.DataFrame, field: str, words: list[str]) -> pl.DataFrame:
    text = turns(frame) if field == "earlier" else frame.get_column(field)
    rows = pl.DataFrame({"text": text.str.slice(0, READ)}).with_row_index("row")
    said = rows.filter(pl.col("text").str.contains_any(words, ascii_case_insensitive=True))
    # A system prompt is that of many rows.
    distinct = said.select("text").unique().with_columns(sentence=pl.col("text").str.extract_all(SENTENCE))
    numbered = distinct.with_columns(place=pl.int_ranges(0, pl.col("sentence").list.len(), dtype=pl.UInt32))
    flat = numbered.explode("sentence", "place").filter(
        pl.col("sentence").str.contains_any(words, ascii_case_insensitive=True)
    )
    placed = said.join(flat, on="text").sort("row", "place")
    named = placed.with_columns(field=pl.lit(field))
    return named.select(pl.col(name).cast(kind) for name, kind in FOUND.items())
