"""Prompts and responses of listed rows, with the words that decided: only for a page whose reader asked for texts."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any, NamedTuple, TypeAlias

import polars as pl

from mixguard.columns import TEXT
from mixguard.errors import TaxonomyError
from mixguard.library.taxonomy import Taxonomy
from mixguard.marks import Mark, marks, with_exemplar_texts
from mixguard.report.html.embedded import weight
from mixguard.report.html.excerpt import excerpt
from mixguard.run.document import Audit
from mixguard.run.texts import read_texts

SHOWN = (1500, 800, 400)
"""Characters of a text: the most with which the texts of all rows fit on the page, else the least."""
BYTES = 800_000
"""Bytes of text in total, as encoded in the page."""
FIELDS = ("system", "prompt", "response")
EXCHANGE = ("sample_id", "exchange")

Shown: TypeAlias = dict[str, list[Any]]
"""The texts of a row by field, each in pieces: a text, or a text with what it shows and the kind of that."""


class _Row(NamedTuple):
    """The texts of a listed row, and the words that decided."""

    texts: Mapping[str, Any]
    decided: list[Mark]


def spoken(audit: Audit, listed: pl.DataFrame) -> dict[str, list[Any]]:
    """By field, the text of each row in pieces, as far as there is room; None where there is none to show.

    A system prompt is shown only where words of it decided.

    Args:
        audit: whose files are read again.
        listed: `check`, `sample_id` and `exchange` of the rows.
    """
    rows = list(_rows(audit, listed))
    for length in SHOWN:
        found = [_shown(row, length) for row in rows]
        if sum(map(weight, found)) <= BYTES:
            break
    return _columns(found)


def _rows(audit: Audit, listed: pl.DataFrame) -> Iterator[_Row]:
    ids = listed["sample_id"].unique().to_list()
    texts = _by_exchange(read_texts(audit, ids, (*EXCHANGE, *TEXT)))
    annotated = _by_exchange(_annotated(audit, ids))
    for check, *key in listed.select("check", *EXCHANGE).iter_rows():
        said = texts.get(tuple(key), {})
        yield _Row(said, marks([check], said, annotated.get(tuple(key), {})))


def _annotated(audit: Audit, ids: Collection[str]) -> pl.DataFrame:
    """The annotations of samples, with the texts of their neighbours while the taxonomy has them."""
    rows = audit.annotations.filter(pl.col("sample_id").is_in(ids)).collect()
    try:
        return with_exemplar_texts(rows, Taxonomy.load(audit.config.judge.taxonomy))
    except TaxonomyError:  # gone or changed since
        return rows


def _by_exchange(rows: pl.DataFrame) -> dict[tuple[Any, ...], dict[str, Any]]:
    return {(row["sample_id"], row["exchange"]): row for row in rows.iter_rows(named=True)}


def _shown(row: _Row, length: int) -> Shown:
    shown: Shown = {}
    for field in FIELDS:
        decided = [mark for mark in row.decided if mark.field == field]
        text = row.texts.get(field)
        if text is not None and (decided or field != "system"):
            pieces = excerpt(text, decided, length)
            shown[field] = [piece.text if piece.words is None else list(piece) for piece in pieces]
    return shown


def _columns(found: list[Shown]) -> dict[str, list[Any]]:
    """The rows as columns, until the page is full."""
    columns: dict[str, list[Any]] = {field: [] for field in FIELDS}
    left = BYTES
    for shown in found:
        left -= weight(shown)
        for field, column in columns.items():
            column.append(shown.get(field) if left >= 0 else None)
    return columns
