"""Sentences of texts as hashed words and pairs of words, by array operations on their bytes.

A tokenizer in Python takes some twenty times as long, and every row of a corpus is read.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

BITS = 17
SLOTS = 1 << BITS
"""Slots that words and pairs are hashed to."""
LONGEST = 48
"""Words after which a sentence is cut."""
READ = 20_000
"""Characters of a text that are read."""
SLAB = 2_000_000
"""Characters read at once, which bounds memory."""
LETTERS = 12
"""Letters of a word that are hashed."""
_PLAIN = {"\u2019": "'", "\u2018": "'", "\u201c": '"', "\u201d": '"', "\u2014": " ", "\u00a0": " "}

Integers = npt.NDArray[np.int64]
Slots = npt.NDArray[np.uint32]


class Sentences(NamedTuple):
    """The sentences of some texts."""

    content: bytes
    """All texts, one after the other."""
    text: Integers
    """(sentences,): which text it is of."""
    start: Integers
    end: Integers
    """(sentences,): from its first to its last word, in bytes of `content`."""
    first: Integers
    length: Integers
    """(sentences,): its first word, and how many it has."""
    words: Slots
    """(words,): slot of each word."""
    pairs: Slots
    """(words,): slot of each word with the one before it; means nothing for the first of a sentence."""

    def read(self, number: int) -> str:
        """The sentence's text."""
        return self.content[self.start[number] : self.end[number]].decode("utf-8", "replace")


def slabs(texts: Sequence[str]) -> Iterator[tuple[int, list[str]]]:
    """The beginnings of the texts in groups of bounded length, each with the place of its first text."""
    group: list[str] = []
    begun, length = 0, 0
    for place, text in enumerate(texts):
        if length >= SLAB:
            yield begun, group
            group, begun, length = [], place, 0
        group.append(text[:READ])
        length += len(group[-1])
    if group:
        yield begun, group


def sentences(texts: Sequence[str]) -> Sentences:
    """The sentences of texts: up to a stop before white space, a line break, or `LONGEST` words."""
    encoded = [_plain(text).encode("utf-8", "replace") for text in texts]
    content = b"\n".join(encoded) + b"\n"
    letters = np.frombuffer(content, dtype=np.uint8)
    lower = _LOWER[letters]
    edges = np.diff((lower != 0).view(np.int8), prepend=np.int8(0))
    start, end = np.flatnonzero(edges == 1), np.flatnonzero(edges == -1)
    begins = _begins(np.searchsorted(_breaks(letters), start))
    first = np.flatnonzero(begins)
    length = np.diff(np.append(first, len(start)))
    hashes = _hashes(lower, start, end)
    with_before = np.roll(hashes, 1) * np.uint32(0x9E3779B1) + hashes
    offsets = np.cumsum([0, *(len(each) + 1 for each in encoded[:-1])])
    return Sentences(
        content=content,
        text=np.searchsorted(offsets, start[first], side="right") - 1,
        start=start[first],
        end=end[first + length - 1],
        first=first,
        length=length,
        words=hashes >> np.uint32(32 - BITS),
        pairs=(with_before * np.uint32(0x85EBCA77)) >> np.uint32(32 - BITS),
    )


def slot(word: str) -> int:
    """The slot of one word of ASCII letters."""
    return int(sentences([word]).words[0])


def _plain(text: str) -> str:
    if not text.isascii():
        for mark, usual in _PLAIN.items():
            text = text.replace(mark, usual)
    return text


def _lower() -> npt.NDArray[np.uint8]:
    """Of each byte: itself in lower case if it is part of a word, else 0."""
    table = np.zeros(256, dtype=np.uint8)
    for letter in b"abcdefghijklmnopqrstuvwxyz0123456789'":
        table[letter] = letter
    table[ord("A") : ord("Z") + 1] = table[ord("a") : ord("z") + 1]
    table[128:] = np.arange(128, 256)
    return table


_LOWER = _lower()


def _breaks(letters: npt.NDArray[np.uint8]) -> Integers:
    """Bytes after which a sentence ends."""
    stop = np.isin(letters, np.frombuffer(b".!?", dtype=np.uint8))
    stop[1:] |= stop[:-1] & np.isin(letters[1:], np.frombuffer(b"\"')", dtype=np.uint8))
    stop[:-1] &= letters[1:] <= ord(" ")
    return np.flatnonzero(stop | (letters == ord("\n")))


def _begins(sentence: Integers) -> npt.NDArray[np.bool_]:
    """Whether each word begins a sentence; long ones are cut."""
    changed = np.diff(sentence, prepend=-1) != 0
    place = np.arange(len(sentence))
    since = place - np.maximum.accumulate(np.where(changed, place, 0))
    begins: npt.NDArray[np.bool_] = since % LONGEST == 0
    return begins


def _hashes(lower: npt.NDArray[np.uint8], start: Integers, end: Integers) -> Slots:
    """A hash of each word's first letters and its length, the same on every machine."""
    length = end - start
    found = length.astype(np.uint32)
    left = np.arange(len(start))
    for place in range(LETTERS):
        left = left[length[left] > place]
        found[left] = found[left] * np.uint32(31) + lower[start[left] + place]
    return (found ^ (found >> np.uint32(15))) * np.uint32(0x9E3779B1)
