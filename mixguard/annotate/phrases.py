"""Lists of phrases, which people edit (`taxonomies/signals/*.toml`), as one regular expression over a column."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import NamedTuple

import polars as pl

from mixguard.annotate.search import contains, count, of_ascii
from mixguard.errors import TaxonomyError
from mixguard.files import bundled, read_toml

READ = 50_000
"""Characters of a text that are searched."""
AT_ONCE = 8
"""Patterns joined into one where there are many."""


class Span(NamedTuple):
    """A place in a text of an exchange, and what it shows."""

    field: str
    """`prompt`, `response`, `system` or `tools`."""
    start: int
    end: int
    """In characters."""
    words: str
    """What is there, e.g. `pledge of obedience`."""


@dataclass(frozen=True)
class Phrases:
    """Named patterns of one signal. A space stands for any white space, ` ?` for any or none, an apostrophe for its forms.

    The patterns are case-insensitive and in the syntax that `re` and Rust's `regex` share: no look-around, no
    references. The latter runs in time linear in the text. A word boundary is one between ASCII letters.
    """

    patterns: tuple[tuple[str, str], ...]
    """(what it shows, pattern)."""

    @classmethod
    def load(cls, name: str, group: str = "phrases") -> Phrases:
        """Load a table of `taxonomies/signals/NAME.toml`, whose keys say what the patterns under them show.

        Raises:
            TaxonomyError: the file cannot be read.
        """
        return _load(name, group)

    @cached_property
    def expression(self) -> str:
        """All patterns as one."""
        return self._joined(len(self.patterns) or 1)[0]

    def _joined(self, at_once: int) -> list[str]:
        """The patterns as expressions of a few each; one if there are none."""
        every = [f"(?:{_loose(pattern)})" for _, pattern in self.patterns]
        joined = ["|".join(every[start : start + at_once]) for start in range(0, len(every) or 1, at_once)]
        # Unicode's word boundary takes Rust's regex off its fast path wherever a text is not ASCII.
        return ["(?i)" + part.replace(r"\b", r"(?-u:\b)") for part in joined]

    def within(self, text: pl.Expr) -> pl.Expr:
        """Whether a text without curly apostrophes holds a match; `^` and `$` are those of a line."""
        every = [f"(?:{pattern})" for _, pattern in self.patterns]
        joined = ("|".join(every[start : start + AT_ONCE]) for start in range(0, len(every), AT_ONCE))
        return pl.any_horizontal(*(contains(text, "(?im)" + of_ascii(part)) for part in joined))

    def count(self, column: str) -> pl.Expr:
        """How many matches the column's text holds (UInt16); 0 for null."""
        found = count(pl.col(column).str.slice(0, READ), self.expression)
        return found.fill_null(0).clip(upper_bound=65_535).cast(pl.UInt16)

    def found(self, text: pl.Expr) -> pl.Expr:
        """Whether a text holds a match; null for null.

        Reads a few patterns at a time: the regex engine is ten times slower once an expression outgrows its cache.
        """
        lean = (of_ascii(part) if part.isascii() else part for part in self._joined(AT_ONCE))
        return pl.any_horizontal(*(contains(text, part) for part in lean))

    def there(self, column: str) -> pl.Expr:
        """Whether the column's text holds a match; false for null."""
        return self.found(pl.col(column).str.slice(0, READ)).fill_null(value=False)

    def spans(self, field: str, text: str | None) -> list[Span]:
        """Every match in a text, in order, longest first where several begin together."""
        found = [
            Span(field, *match.span(), words)
            for words, pattern in self._compiled
            for match in pattern.finditer((text or "")[:READ])
        ]
        return sorted(found, key=lambda span: (span.start, -span.end))

    @cached_property
    def _compiled(self) -> tuple[tuple[str, re.Pattern[str]], ...]:
        return tuple(
            (words, re.compile(_loose(text).replace(r"\b", r"(?a:\b)"), re.IGNORECASE))
            for words, text in self.patterns
        )


@lru_cache
def _load(name: str, group: str) -> Phrases:
    table = _tables(name)[group]
    return Phrases(tuple((words, pattern) for words, patterns in table.items() for pattern in patterns))


@lru_cache
def _tables(name: str) -> dict[str, dict[str, list[str]]]:
    return read_toml(bundled("taxonomies", "signals") / f"{name}.toml", TaxonomyError)


def _loose(pattern: str) -> str:
    return pattern.replace("'", "['\u2019\u02bc`]").replace(" ?", r"\s*").replace(" ", r"\s+")
