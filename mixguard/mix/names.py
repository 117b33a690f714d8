"""Columns that name rows: which they are."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from mixguard.mix.spelt import Column, Naming, next_number, spelt

IDS = frozenset(
    (
        *("id", "_id", "uuid", "idx", "index", "sample_id", "record_id", "conversation_id", "prompt_id"),
        *("question_id", "uid", "qid", "example_id", "row_id", "message_id", "guid"),
    )
)
"""Columns that name rows even where a name comes twice: one prompt may have several answers."""
_NAME = re.compile(
    r"(?:.*[_\W])?(?:id|ids|idx|index|uuid|guid|[qpsu]id|hash|sha\d*|md5|digest|key|no|nr|row)"
    r"|unnamed:? ?\d*|__index_level_\d+__|.*[a-z](?:Id|ID|Idx|Hash)|",  # an index column has no name in a table
)
_PERSON = re.compile(
    r"(?:.*_)?(?:ip|users?|authors?|owner|persons?|workers?|annotators?|customers?|clients?|e?mail|phone|address"
    r"|username|account|parent|reply|device|cookie)(?:_.*)?"
)
"""People, and other rows: a new row has none."""
_TIME = re.compile(r"(?:.*_)?(?:time|timestamp|date|datetime|created|updated|modified|utc)(?:_.*)?|.*_at")
_MOMENT = re.compile(
    r"\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?\s*(?:Z|UTC|[+-]\d\d:?\d\d)?)?|\d\d?[./]\d\d?[./]\d{2,4}"
)
_LIKELY = re.compile(r"(?=.*\d)[\w.:#+=-]{1,100}")
_NUMBER = re.compile(r"[+-]?\d*[.,:]\d+|\d+(?:[.:]\d+)+")
DISTINCT = 0.2
"""Minimum share of distinct values in a column that is called an ID."""
LEAST = 5
"""Minimum rows for a column of different values to name rows."""


def is_time(name: str, values: Sequence[Any]) -> bool:
    """Whether a column tells moments, by its name or its values."""
    texts = [value for value in values if isinstance(value, str) and value]
    by_value = bool(texts) and all(_MOMENT.fullmatch(text) for text in texts[:100])
    return by_value or _TIME.fullmatch(name.casefold()) is not None


def naming(name: str, values: Sequence[Any], column: Column) -> Naming | None:
    """How rows are named in a column; None if it does not name them.

    Args:
        name: of the column.
        values: of some rows in file order, without those that have none.
        column: the values of all rows.
    """
    folded = name.casefold()
    if not values or is_time(name, values) or _PERSON.fullmatch(folded):
        return None
    numbers = all(_is_number(value) for value in values)
    if not numbers and not all(isinstance(value, str) for value in values):
        return None
    different = len(set(values)) / len(values)
    called = _NAME.fullmatch(name) is not None or _NAME.fullmatch(folded) is not None
    if folded not in IDS and not (called and different >= DISTINCT):
        if called or different < 1 or len(values) < LEAST:
            return None
        if not (_in_order(values) if numbers else _names(values)):
            return None
    return next_number(column) if numbers else spelt(values, column, called=called)


def _names(values: Sequence[str]) -> bool:
    """Whether texts that are all different look like names rather than text, paths, scores or words."""
    if all(value.isdecimal() for value in values):
        return _in_order([int(value) for value in values])
    return all(_LIKELY.fullmatch(value) and not _NUMBER.fullmatch(value) for value in values)


def _in_order(values: Sequence[int]) -> bool:
    """Whether different numbers count rows, in any order."""
    return max(values) - min(values) + 1 == len(values) or list(values) == sorted(values)


def _is_number(value: object) -> bool:
    whole = isinstance(value, int) or (isinstance(value, float) and value.is_integer())
    return whole and not isinstance(value, bool)
