"""How answers begin: hashes of their first words, by which openings are compared without keeping text."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b

import polars as pl

from mixguard.library.voice import KEY_WORDS

LONG = 25
"""Words after which two answers that begin alike say the same."""
_SEEN = 400
"""Characters that are looked at."""


def hashed(words: pl.Series) -> pl.Series:
    """Eight bytes that identify each text, the same on every machine; null for null."""
    known = words.unique().drop_nulls().to_list()
    numbers = {
        text: int.from_bytes(blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "little")
        for text in known
    }
    return pl.Series(words.name, [numbers.get(text) for text in words.to_list()], dtype=pl.UInt64)


def first_words(text: pl.Expr, count: int) -> pl.Expr:
    """A hash of a text's first words; the same on every machine."""
    words = (
        text.str.slice(0, _SEEN)
        .str.replace_all("\u2019", "'", literal=True)
        .str.to_lowercase()
        .str.extract_all(r"[\p{L}\p{M}\p{N}']+")
    )
    return words.list.head(count).list.join(" ").map_batches(hashed, return_dtype=pl.UInt64)


COLUMNS = {
    "first_word": first_words(pl.col("response"), 1),
    "opening": first_words(pl.col("response"), KEY_WORDS),
    "beginning": first_words(pl.col("response"), LONG),
}
SCHEMA = pl.Schema(dict.fromkeys(COLUMNS, pl.UInt64()))


def hashes(texts: Sequence[str], count: int) -> list[int]:
    """The hashes of texts' first words, as in the columns."""
    return pl.DataFrame({"text": list(texts)}, schema={"text": pl.String}).select(
        first_words(pl.col("text"), count)
    ).to_series().to_list()  # fmt: skip
