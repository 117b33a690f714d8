"""Regular expressions over columns, which cost nothing where there is nothing to search.

Compiling an expression takes as long as searching a hundred texts, and polars forgets all but the last 32: a column without
any text does not have one compiled. So a search that depends on another is given only the texts that this one found.
"""

from __future__ import annotations

from collections.abc import Callable

import polars as pl


def of_ascii(pattern: str) -> str:
    """A pattern whose words are those of ASCII: Unicode's take most of the time that compiling takes.

    A boundary between other letters takes Rust's regex off its fast path, besides, wherever a text is not ASCII.
    """
    return pattern.replace(r"\b", r"(?-u:\b)").replace(r"\w", "[[:word:]]")


def contains(text: pl.Expr, pattern: str) -> pl.Expr:
    """Whether each text holds a match; null for null."""
    return _unless_empty(text, lambda texts: texts.str.contains(pattern), pl.Boolean())


def count(text: pl.Expr, pattern: str) -> pl.Expr:
    """How many matches each text holds; null for null."""
    return _unless_empty(text, lambda texts: texts.str.count_matches(pattern), pl.UInt32())


def _unless_empty(text: pl.Expr, search: Callable[[pl.Series], pl.Series], kind: pl.DataType) -> pl.Expr:
    def searched(texts: pl.Series) -> pl.Series:
        if texts.null_count() < len(texts):
            return search(texts)
        return pl.Series(texts.name, [None], dtype=kind).new_from_index(0, len(texts))

    return text.map_batches(searched, return_dtype=kind, is_elementwise=True)
