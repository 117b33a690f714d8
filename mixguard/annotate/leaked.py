"""Whether an answer repeats its system prompt word for word."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

RUN = 30
"""Consecutive words that are no coincidence and no answer's form. Judgement."""
_KEY = 8
_WORD = re.compile(r"\w+")


class Said(NamedTuple):
    """The words of a text, and where they stand."""

    words: tuple[str, ...]
    spans: tuple[tuple[int, int], ...]


def said(text: str) -> Said:
    """The words of a text in lower case."""
    found = list(_WORD.finditer(text))
    return Said(tuple(each[0].lower() for each in found), tuple(each.span() for each in found))


def repeated(system: str, answer: str) -> tuple[int, int] | None:
    """The place in an answer of the first `RUN` or more words that stand in the system prompt in the same order."""
    there, words = _places(system), said(answer)
    # A long enough run holds a key at one of these places, so that few are looked up.
    for at in range(0, len(words.words) - _KEY + 1, RUN - _KEY + 1):
        start = there.places.get(words.words[at : at + _KEY])
        if start is not None:
            first, last = _grown(there.words, start, words.words, at)
            if last - first >= RUN:
                return words.spans[first][0], words.spans[last - 1][1]
    return None


class _Keys(NamedTuple):
    words: tuple[str, ...]
    places: dict[tuple[str, ...], int]
    """First place of each run of `_KEY` words."""


@lru_cache(64)
def _places(system: str) -> _Keys:
    words = said(system).words
    places: dict[tuple[str, ...], int] = {}
    for at in range(len(words) - _KEY + 1):
        places.setdefault(words[at : at + _KEY], at)
    return _Keys(words, places)


def _grown(one: tuple[str, ...], start: int, other: tuple[str, ...], at: int) -> tuple[int, int]:
    """First and last place in `other` of the run common to both that holds these places."""
    back, on = 0, 0
    while back < min(start, at) and one[start - back - 1] == other[at - back - 1]:
        back += 1
    while on < min(len(one) - start, len(other) - at) and one[start + on] == other[at + on]:
        on += 1
    return at - back, at + on
