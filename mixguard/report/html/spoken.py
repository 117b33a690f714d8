"""Prompts and responses of listed rows, with the words that decided: only for a page whose reader asked for texts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

import polars as pl

from mixguard.columns import TEXT
from mixguard.report.html.embedded import weight
from mixguard.report.html.excerpt import Span, excerpt
from mixguard.run.document import Audit
from mixguard.run.texts import read_texts

SHOWN = (1500, 800, 400)
"""Characters of a text: the most with which the texts of all rows fit on the page, else the least."""
BYTES = 800_000
"""Bytes of text in total, as encoded in the page."""
FIELDS = ("system", "prompt", "response")
EXCHANGE = ("sample_id", "exchange")

Shown: TypeAlias = dict[str, list[Any]]
"""The texts of a row by field, each in pieces: a text, or a text and what it shows."""


def spoken(audit: Audit, listed: pl.DataFrame) -> dict[str, list[Any]]:
    """By field, the text of each row in pieces, as far as there is room; None where there is none to show.

    A system prompt is shown only where words of it decided.

    Args:
        audit: whose files are read again.
        listed: `check`, `sample_id` and `exchange` of the rows.
    """
    texts = read_texts(audit, listed["sample_id"].unique().to_list(), (*EXCHANGE, *TEXT))
    there = {(row["sample_id"], row["exchange"]): row for row in texts.iter_rows(named=True)}
    decided = _decided(audit, there)
    wanted = [(check, there.get(key, {}), decided.get(key, {})) for check, *key_ in listed.select("check", *EXCHANGE).iter_rows() if (key := tuple(key_))]
    for length in SHOWN:
        found = [_shown(check, texts, row, length) for check, texts, row in wanted]
        if sum(map(weight, found)) <= BYTES:
            break
    return _columns(found)


def _shown(check: str, texts: Mapping[str, Any], row: Mapping[str, Any], length: int) -> Shown:
    spans = _spans(check, texts, row)
    return {
        field: [piece.text if piece.words is None else list(piece) for piece in excerpt(texts[field], spans[field], length)]
        for field in FIELDS
        if texts.get(field) is not None and (field != "system" or spans[field])
    }


def _spans(check: str, texts: Mapping[str, Any], row: Mapping[str, Any]) -> dict[str, list[Span]]:
    return {field: [] for field in FIELDS}


def _decided(audit: Audit, there: Mapping[Any, Any]) -> dict[Any, dict[str, Any]]:
    return {}


def _columns(found: list[Shown]) -> dict[str, list[Any]]:
    """The rows as columns, until the page is full."""
    columns: dict[str, list[Any]] = {field: [] for field in FIELDS}
    left = BYTES
    for shown in found:
        left -= weight(shown)
        for field, column in columns.items():
            column.append(shown.get(field) if left >= 0 else None)
    return columns
