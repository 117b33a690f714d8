"""The sentences of texts: all that hold one of some words, and those at the beginning and the end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import polars as pl

from mixguard.annotate.phrases import READ
from mixguard.columns import TURN

LONG = 300
"""Characters after which a sentence is cut; long enough for any phrase, short enough to be compared by meaning."""
SENTENCE = rf"[^.!?\n]{{2,{LONG}}}"
FOUND = pl.Schema({"row": pl.UInt32, "field": pl.String, "sentence": pl.String})


class Edge(NamedTuple):
    """How many sentences at the beginning and at the end of a text count."""

    first: int
    last: int


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
        Schema `FOUND`, in the order of the texts.
    """
    found = [_of(frame, field, list(words)) for field in fields]
    return pl.concat(found) if found else pl.DataFrame(schema=FOUND)


def edges(frame: pl.DataFrame, fields: Mapping[str, Edge]) -> pl.DataFrame:
    """The first and last sentences of these columns; schema `FOUND`, each sentence of a text once."""
    found = [_edge(frame, field, edge) for field, edge in fields.items()]
    return pl.concat(found) if found else pl.DataFrame(schema=FOUND)


def _of(frame: pl.DataFrame, field: str, words: list[str]) -> pl.DataFrame:
    held = pl.col("text").str.contains_any(words, ascii_case_insensitive=True)
    said = _texts(frame, field).filter(held)
    sentence = pl.col("text").str.extract_all(SENTENCE)
    return _flat(said, sentence, field).filter(
        pl.col("sentence").str.contains_any(words, ascii_case_insensitive=True)
    )


def _edge(frame: pl.DataFrame, field: str, edge: Edge) -> pl.DataFrame:
    text, read = pl.col("text"), edge.first * LONG
    begins = text.str.slice(0, read).str.extract_all(SENTENCE)
    # The end of a short text is within what was read, where its sentences are whole.
    far = pl.when(text.str.len_chars() > read).then(text.str.slice(-edge.last * LONG))
    ends = pl.coalesce(far.str.extract_all(SENTENCE), begins)
    both = pl.concat_list(begins.list.head(edge.first), ends.list.tail(edge.last))
    said = _texts(frame, field).filter(text.is_not_null())
    return _flat(said, both.list.unique(maintain_order=True), field)


def _texts(frame: pl.DataFrame, field: str) -> pl.DataFrame:
    text = turns(frame) if field == "earlier" else frame.get_column(field)
    return pl.DataFrame({"text": text.str.slice(0, READ)}).with_row_index("row")


def _flat(said: pl.DataFrame, sentence: pl.Expr, field: str) -> pl.DataFrame:
    """The sentences of texts, a row each."""
    # A system prompt is that of many rows.
    distinct = said.select("text").unique(maintain_order=True).with_columns(sentence=sentence)
    flat = distinct.explode("sentence").drop_nulls()
    named = said.join(flat, on="text", maintain_order="left_right").with_columns(field=pl.lit(field))
    return named.select(pl.col(name).cast(kind) for name, kind in FOUND.items())
