"""Detect a file's format: many rows vote; a row that does not fit is detected on its own."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from mixguard.corpus.formats import FORMATS, Format
from mixguard.corpus.formats.base import shape
from mixguard.corpus.records import Row
from mixguard.errors import RecordError


def vote(rows: Sequence[Row]) -> Format | None:
    """The format of most rows, the more specific one in a tie; None if no row matches any.

    Each row votes for the most specific format it matches.
    """
    counts = Counter(form.id for row in rows if (form := _first(row)) is not None)
    return max(FORMATS, key=lambda form: counts[form.id]) if counts else None


def choose(row: Row, preferred: Format | None) -> Format:
    """The preferred format if the row matches it, else the most specific match.

    Raises:
        RecordError: no format matches.
    """
    if preferred is not None and preferred.matches(row):
        return preferred
    form = _first(row)
    if form is None:
        raise RecordError(
            f"no known format has the keys {shape(row)}; say what they hold with --columns, or name a format with --format"
        )
    return form


def _first(row: Row) -> Format | None:
    return next((form for form in FORMATS if form.matches(row)), None)
