"""Annotations and texts of the rows around the one that is read, since a whole queue's would not fit in memory."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import polars as pl

from mixguard.annotate.phrases import READ
from mixguard.columns import TEXT
from mixguard.errors import UsageError
from mixguard.library.taxonomy import Taxonomy
from mixguard.marks import with_exemplar_texts
from mixguard.review.queue import KEY
from mixguard.run.document import Audit
from mixguard.run.texts import read_texts

AHEAD, BEHIND = 150, 50
"""Rows that are read after and before the one that is asked for."""
CHARS = 8 * 2**20
"""Characters of prompts and responses that are read at once, at least one row's."""

AGAIN = "your decisions are kept: end this review, audit again if need be, and begin it anew"
"""What to do if the run has changed under the review."""

Row = Mapping[str, Any]


@contextmanager
def readable(audit: Audit) -> Iterator[None]:
    """Say that a run cannot be read any more, in the words of a user.

    Raises:
        UsageError: its files are gone or damaged.
    """
    try:
        yield
    except (pl.exceptions.PolarsError, OSError):
        raise UsageError(f"{audit.folder}: cannot be read any more; {AGAIN}") from None


class Reading:
    """The rows of a queue with all that is known of them; one page is in memory."""

    def __init__(self, audit: Audit, taxonomy: Taxonomy | None) -> None:
        """Keep what rows are read from; without a taxonomy, neighbours have no texts."""
        self._audit, self._taxonomy = audit, taxonomy
        self._page: dict[str, Row] = {}

    def row(self, rows: pl.DataFrame, at: int) -> Row:
        """Annotations of a row, with `exemplars` and its texts by column; `read` says whether the texts could be read.

        Args:
            rows: the rows in the order in which they are read, as `queue.queue` gives them.
            at: the place of the row among them.
        """
        wanted = rows["text_id"][at]
        if wanted not in self._page:
            self._page = self._load(_around(rows, at))
        return self._page[wanted]

    def _load(self, page: pl.DataFrame) -> dict[str, Row]:
        ids = page["sample_id"].unique().to_list()
        with readable(self._audit):
            annotated = self._audit.annotations.filter(pl.col("sample_id").is_in(ids)).collect()
        mine = page.select(*KEY).join(annotated, on=list(KEY), how="left", maintain_order="left")
        if mine["source"].has_nulls():
            raise UsageError(f"{self._audit.folder}: was replaced by another audit; {AGAIN}")
        if self._taxonomy is not None:
            mine = with_exemplar_texts(mine, self._taxonomy)
        texts = read_texts(self._audit, ids, (*KEY, *TEXT)).unique(KEY).with_columns(read=True)
        whole = mine.join(texts, on=list(KEY), how="left").with_columns(pl.col("read").fill_null(value=False))
        return {row["text_id"]: _bounded(row) for row in whole.iter_rows(named=True)}


def _around(rows: pl.DataFrame, at: int) -> pl.DataFrame:
    """The row, those after it and those before it, as far as their texts are not too long."""
    order = [*range(at, min(at + AHEAD, rows.height)), *range(at - 1, max(at - BEHIND, 0) - 1, -1)]
    page = rows[order].with_row_index("nth")
    return page.filter((pl.col("nth") == 0) | (pl.col("chars").cast(pl.UInt64).cum_sum() <= CHARS))


def _bounded(row: dict[str, Any]) -> Row:
    """The row with the beginnings of its texts, and `cut`: characters that are left out, by column."""
    cut: dict[str, int] = {}
    for name in ("prompt", "response", "reasoning", "system", "tools"):
        text = row[name]
        if text is not None and len(text) > READ:
            row[name], cut[name] = text[:READ], len(text) - READ
    return {**row, "cut": cut}
