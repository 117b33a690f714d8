"""Whether a new row has only keys and types that the corpus has there: anything else would change its schema."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

Shape = frozenset[str]
"""Where values stand, and of which types, such as `messages[].content: str`."""


def shape_of(rows: Iterable[Any]) -> Shape:
    """The shape of rows together."""
    return frozenset(place for row in rows for place in _places(row, ""))


def _places(value: Any, path: str) -> Iterator[str]:
    """Every value that is neither null nor empty; objects and lists by what they hold."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _places(inner, f"{path}.{key}")
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _places(inner, f"{path}[]")
    elif value is not None:
        yield f"{path}: {type(value).__name__}"
