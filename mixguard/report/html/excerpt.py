"""Parts of long texts: cut between words, with an ellipsis, and harmless to show."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple, TypeAlias

from mixguard.escape import plain
from mixguard.marks import Kind, Mark

LEAD = 330
"""Characters in which words that decided are surely seen; a text whose first ones come later is shown from near them."""
BEFORE = 120
"""Characters shown before them."""


class Piece(NamedTuple):
    """A stretch of a text that is shown."""

    text: str
    words: str | None = None
    """What it shows, if it decided."""
    kind: Kind | None = None


Excerpt: TypeAlias = tuple[Piece, ...]


def clamped(text: str, length: int) -> str:
    """The beginning of a text, cut between words, with its line breaks; harmless to show."""
    clean = plain(text[: length + 1]).strip()
    if len(text) <= length:
        return clean
    return f"{_whole_words(clean[:length])} …"


def excerpt(text: str, decided: Iterable[Mark], length: int) -> Excerpt:
    """At most `length` characters of a text, where its deciding words are, in pieces.

    Args:
        text: the whole text.
        decided: marks of this text, in order, none over another.
        length: characters to show.
    """
    marked = list(decided)
    begin = _begin(text, marked)
    end = begin + len(_whole_words(text[begin : begin + length])) if len(text) > begin + length else len(text)
    shown = [Piece("… ")] if begin else []
    done = begin
    for mark in marked:
        start, stop = max(mark.start, done), min(mark.end, end)
        if start < stop:
            shown += [Piece(plain(text[done:start])), Piece(plain(text[start:stop]), mark.words, mark.kind)]
            done = stop
    shown += [Piece(plain(text[done:end])), Piece(" …" if end < len(text) else "")]
    return tuple(piece for piece in shown if piece.text)


def _begin(text: str, marked: Sequence[Mark]) -> int:
    """Where to begin, at a word."""
    if not marked or marked[0].end <= LEAD:
        return 0
    earliest = max(marked[0].start - BEFORE, 0)
    space = text.find(" ", earliest, marked[0].start)
    return earliest if space < 0 else space + 1


def _whole_words(text: str) -> str:
    """A beginning without the word that is cut off; a text without spaces is cut where the room ends."""
    head, gap, _ = text.rpartition(" ")
    return head if gap and len(head) > len(text) // 2 else text
