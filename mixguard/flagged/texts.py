"""Flagged rows with their texts, re-read from the corpus, and the words that decided."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import polars as pl

from mixguard.columns import TEXT
from mixguard.errors import UsageError
from mixguard.flagged.choose import EXCHANGE
from mixguard.library.taxonomy import Taxonomy
from mixguard.marks import Mark, marks, with_exemplar_texts
from mixguard.run.document import Audit
from mixguard.run.texts import read_texts, text_parts

SHOWN = ("prompt", "response", "reasoning", "system", "tools")
"""Texts of a row that is written."""
MARK = pl.Struct(
    {
        "field": pl.String,
        "start": pl.UInt32,
        "end": pl.UInt32,
        "words": pl.String,
        "kind": pl.String,
        "check": pl.String,
    }
)
_TEXTS = {name: pl.String() for name in SHOWN}
WRITTEN = pl.Schema(
    {
        "check": pl.String(), "checks": pl.List(pl.String), "subject": pl.String(), "score": pl.Float64(),
        "source": pl.String(), "line": pl.Int64(), "exchange": pl.UInt32(), "sample_id": pl.String(),
        "text_id": pl.String(), "hazard": pl.String(), "sub_hazard": pl.String(), "hazard_score": pl.Float32(),
        "stance": pl.String(), "stance_score": pl.Float32(), "reason": pl.String(), **_TEXTS, "marks": pl.List(MARK),
    }
)  # fmt: skip
"""The columns of a row that is written."""


def with_texts(audit: Audit, rows: pl.DataFrame) -> Iterator[pl.DataFrame]:
    """The rows with their texts and marks, part by part, in the order of the corpus.

    Those whose texts cannot be read again come last, with null in place of them.

    Args:
        audit: the run.
        rows: as `choose` returns them.

    Returns:
        Frames of `WRITTEN`.
    """
    left = _with_exemplars(audit, rows)
    for part in text_parts(audit, rows["sample_id"].unique().to_list()):
        texts = part.select(*EXCHANGE, *TEXT)
        yield _written(texts.join(left, on=EXCHANGE, maintain_order="left"))
        left = left.join(texts, on=EXCHANGE, how="anti", maintain_order="left")
    yield _written(left.with_columns(pl.lit(None, kind).alias(name) for name, kind in TEXT.items()))


def without_texts(rows: pl.DataFrame) -> pl.DataFrame:
    """The rows in the order of the corpus, with null in place of their texts."""
    ordered = rows.sort("source", "record", "exchange", maintain_order=True)
    nothing = (pl.lit(None, kind).alias(name) for name, kind in TEXT.items())
    return _written(ordered.with_columns(*nothing, exemplars=None)).drop(*SHOWN, "marks")


def cards(audit: Audit, rows: pl.DataFrame, *, show_text: bool) -> list[tuple[dict[str, Any], list[Mark]]]:
    """Each row with its marks, in the order of the rows; without texts it has none, and nothing is read."""
    if not show_text:
        return [(row, []) for row in rows.iter_rows(named=True)]
    told = _with_exemplars(audit, rows)
    texts = read_texts(audit, rows["sample_id"].unique().to_list(), (*EXCHANGE, *TEXT))
    joined = told.join(texts, on=EXCHANGE, how="left", maintain_order="left")
    return [(row, marks_of(row)) for row in joined.iter_rows(named=True)]


def marks_of(row: dict[str, Any]) -> list[Mark]:
    """The words that decided in a row with its texts, its checks and its exemplars."""
    return marks(row["checks"], row, row)


def _with_exemplars(audit: Audit, rows: pl.DataFrame) -> pl.DataFrame:
    """The rows with their nearest exemplars, if the taxonomy that judged them is there."""
    try:
        taxonomy = Taxonomy.load(audit.config.judge.taxonomy)
    except UsageError:
        return rows.with_columns(exemplars=None)
    same = taxonomy.digest() == audit.detectors.taxonomy_digest
    return with_exemplar_texts(rows, taxonomy) if same else rows.with_columns(exemplars=None)


def _written(rows: pl.DataFrame) -> pl.DataFrame:
    found = [
        [
            {name: value for name, value in mark._asdict().items() if name != "weight"}
            for mark in marks_of(row)
        ]
        for row in rows.iter_rows(named=True)
    ]
    marked = rows.with_columns(pl.Series("marks", found, WRITTEN["marks"]))
    # Every prompt has a nearest hazard; it is named only if the prompt touches it.
    named = (pl.when("hazardous").then(name).alias(name) for name in ("hazard", "sub_hazard"))
    return marked.with_columns(named).select(pl.col(name).cast(kind) for name, kind in WRITTEN.items())
