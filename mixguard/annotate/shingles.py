"""Texts as runs of words, hashed: by these, copies are found without keeping text."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl

from mixguard.annotate.phrases import READ

Hashes = npt.NDArray[np.uint64]
WORD = r"[\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}]|[\p{L}\p{M}\p{N}']+"
"""A word; in scripts that put no spaces between words, a character."""
_TURN = np.uint64(0x9E3779B97F4A7C15)


class Shingles(NamedTuple):
    """Hashes of runs of words, text after text."""

    hashes: Hashes
    """(runs of all texts,)."""
    counts: npt.NDArray[np.int64]
    """(texts,): how many consecutive ones each text has."""

    @property
    def owner(self) -> npt.NDArray[np.int64]:
        """(runs,): the text that each belongs to."""
        return np.repeat(np.arange(len(self.counts)), self.counts)


def listed(texts: pl.Series) -> pl.Series:
    """The words of each text, ignoring case, punctuation and spacing; none for null."""
    plain = texts.fill_null("").str.slice(0, READ).str.replace_all("\u2019", "'", literal=True)
    return plain.str.to_lowercase().str.extract_all(WORD)


def words(lists: pl.Series) -> Shingles:
    """The words of each text as hashes, the same on every machine with the same release of polars."""
    hashes = lists.explode(empty_as_null=False).hash().to_numpy()
    return Shingles(hashes.astype(np.uint64), lists.list.len().to_numpy().astype(np.int64))


def runs(given: Shingles, length: int) -> Shingles:
    """Every run of `length` consecutive words of each text; a shorter text has none."""
    counts = np.maximum(given.counts - length + 1, 0)
    total = len(given.hashes) - length + 1
    if total <= 0:
        return Shingles(np.empty(0, dtype=np.uint64), counts)
    joined = given.hashes[:total].copy()
    with np.errstate(over="ignore"):
        for shift in range(1, length):
            joined = joined * _TURN + given.hashes[shift : shift + total]
    ends = np.cumsum(given.counts)
    # A run belongs to a text if the text of its first word is that of its last.
    left = np.repeat(ends, given.counts)[:total] - np.arange(total)
    return Shingles(joined[left >= length], counts)
