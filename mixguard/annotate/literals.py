"""Words of which every match of a regular expression holds one: text without any of them need not be searched.

A regular expression that no text of a batch can match need not even be compiled, which takes longer than searching a hundred
texts: polars forgets all but the last 32.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache, partial
from typing import Any, NamedTuple

import polars as pl

MOST = 64
"""Words that a part of an expression may be before it counts as anything."""
SHORTEST, LONG = 3, 5
"""Letters that each word needs, and from which more make no difference. Judgement."""
FOLDED = ("\u017f", "\u212a")
"""Letters beyond ASCII that count as `s` and `k` where case is ignored."""
_ONLY_RUST = re.compile(r"\[\[:|&&|\\x\{|\(\?[a-z]*x")
_OPS = re._parser  # type: ignore[attr-defined]
Words = frozenset[str]
ANYTHING: Words = frozenset([""])


class _Part(NamedTuple):
    """What is known of a part of an expression."""

    exactly: Words | None
    """All that it can be, in lower case; None if it can be too much."""
    holds: Words
    """It holds one of these; with the empty word, it need hold nothing."""


@lru_cache(4096)
def needed(pattern: str) -> tuple[str, ...]:
    """Words in lower case of which every match holds one, whatever its case; none if there are no such words.

    Args:
        pattern: in Rust's syntax; what `re` cannot read has no such words.
    """
    if _ONLY_RUST.search(pattern):
        return ()
    read = re.sub(r"\(\?-u:(\\.)\)", r"\1", pattern)
    read = re.sub(r"\\[pP]\{\w+\}", r"\\w", read).replace(r"\z", r"\Z")
    try:
        found = _sequence(_OPS.parse(read)).holds
    except (re.error, OverflowError, RecursionError):
        return ()
    return (*sorted(found), *FOLDED) if min(map(len, found)) >= SHORTEST else ()


def contains(text: pl.Expr, pattern: str) -> pl.Expr:
    """As `text.str.contains(pattern)`, for a fraction of the work where few texts can match; null for null."""
    search = partial(_contains, pattern=pattern)
    return text.map_batches(search, return_dtype=pl.Boolean, is_elementwise=True)


def _contains(texts: pl.Series, pattern: str) -> pl.Series:
    words = needed(pattern)
    may = texts.str.contains_any(list(words), ascii_case_insensitive=True) if words else texts.is_not_null()
    rows = may.arg_true()
    if len(rows) == len(texts):
        return texts.str.contains(pattern) if len(texts) else may
    return may.scatter(rows, texts.gather(rows).str.contains(pattern)) if len(rows) else may


def _sequence(parts: Iterable[tuple[Any, Any]]) -> _Part:
    """One part after another: the words that adjacent ones make, or the best of what one of them holds."""
    run, holds, known = ANYTHING, ANYTHING, True
    for operation, argument in parts:
        part = _part(str(operation), argument)
        if part.exactly is not None and len(run) * len(part.exactly) <= MOST:
            run = frozenset(before + after for before in run for after in part.exactly)
            continue
        known = False
        holds = _better(_better(holds, run), part.holds)
        run = ANYTHING if part.exactly is None else part.exactly
    return _Part(run if known else None, _better(holds, run))


def _part(operation: str, argument: Any) -> _Part:
    match operation:
        case "LITERAL":
            return _letters([argument])
        case "IN" if all(str(kind) == "LITERAL" for kind, _ in argument):
            return _letters([letter for _, letter in argument])
        case "AT":
            return _Part(ANYTHING, ANYTHING)
        case "SUBPATTERN":
            return _sequence(argument[3])
        case "BRANCH":
            return _branch([_sequence(each) for each in argument[1]])
        case "MAX_REPEAT" | "MIN_REPEAT":
            return _repeated(*argument)
    return _Part(None, ANYTHING)


def _letters(codes: Sequence[int]) -> _Part:
    letters = frozenset(chr(code).lower() for code in codes)
    # Beyond ASCII, case is not ignored when words are looked for.
    plain = all(each.isascii() or each == each.upper() for each in letters)
    return _Part(letters, letters) if plain else _Part(None, ANYTHING)


def _branch(ways: Sequence[_Part]) -> _Part:
    exact = [way.exactly for way in ways if way.exactly is not None]
    every = frozenset().union(*exact)
    known = len(exact) == len(ways) and len(every) <= MOST
    return _Part(every if known else None, frozenset().union(*(way.holds for way in ways)))


def _repeated(least: int, most: int, parts: Iterable[tuple[Any, Any]]) -> _Part:
    part = _sequence(parts)
    if (least, most) == (1, 1):
        return part
    if (least, most) == (0, 1) and part.exactly is not None:
        return _Part(part.exactly | ANYTHING, ANYTHING)
    return _Part(None, part.holds if least else ANYTHING)


def _better(one: Words, other: Words) -> Words:
    """The words that fewer texts hold: longer ones, then fewer."""
    return max(one, other, key=lambda words: (min(LONG, *map(len, words), LONG), -len(words)))
