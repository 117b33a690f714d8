"""Rare words, hashed: words that no list knows, and tokens that are none."""

from __future__ import annotations

import re
from collections.abc import Callable
from hashlib import blake2b

import polars as pl

from mixguard.annotate.english import is_word

_LATIN = re.compile(r"[a-z]+(?:['\u2019][a-z]+)?\Z")
_EDGE = ".,;:!?\"'()\u201c\u201d\u2018\u2019"
_SIGNS = re.compile(r"[|<>\[\]{}#@*_^~\\%&]")


def hashed(texts: pl.Series, name: Callable[[str], str | None] = lambda text: text) -> pl.Series:
    """Stable 32-bit hashes of what `name` makes of each text; null where it makes nothing."""
    known = {text: name(text) for text in texts.unique().drop_nulls().to_list()}
    numbers = {
        text: int.from_bytes(blake2b(said.encode(), digest_size=4).digest(), "little")
        for text, said in known.items()
        if said
    }
    return texts.replace_strict(numbers, default=None, return_dtype=pl.UInt32)


def rare(words: pl.Series, name: Callable[[str], str | None], most: int) -> pl.Series:
    """Hashes of the rare words among those of each row, at most `most`: the first and the last, in order.

    Args:
        words: lists of words.
        name: what a word is, or None if it is not rare.
        most: hashes kept of a row.
    """
    rows = words.alias("word").to_frame().with_row_index("row")
    found = rows.explode("word", empty_as_null=True).with_columns(
        pl.col("word").map_batches(lambda each: hashed(each, name), return_dtype=pl.UInt32)
    )
    kept = found.drop_nulls("word").unique(["row", "word"], keep="first", maintain_order=True)
    packed = kept.group_by("row", maintain_order=True).agg(
        pl.col("word").head(most // 2).append(pl.col("word").tail(most // 2))
    )
    spread = rows.select("row").join(packed, on="row", how="left", maintain_order="left")
    return spread.get_column("word").fill_null([]).list.unique(maintain_order=True).cast(pl.List(pl.UInt32))


def token(word: str) -> str | None:
    """A token that is no English word, in lower case: an unknown word, or signs and letters mixed."""
    bare = word.strip(_EDGE).lower()
    if not bare or bare.replace(",", "").replace(".", "").isdigit():
        return None
    if _SIGNS.search(word) or not bare.isascii():
        return bare
    plain = bare.replace("-", "")
    if not plain.isalnum():
        return None
    return bare if not plain.isalpha() or not all(map(is_word, bare.split("-"))) else None


def coined(word: str) -> str | None:
    """A word in lower case that is not known; a name begins with a capital and is left out."""
    return (
        word if _LATIN.match(word) and 4 <= len(word) <= 16 and not is_word(word.removesuffix("'s")) else None
    )
