"""Near-duplicate texts: within a set, and between a set and corpora it must not repeat."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
import polars as pl

from mixguard.config import Config
from mixguard.corpus.corpus import Corpus
from mixguard.vectors.base import Vectors
from mixguard.vectors.store import VectorStore

READ_AT_ONCE = 2048


class Alike(NamedTuple):
    """Two texts that say nearly the same thing."""

    id: str
    text: str
    other: str
    """Id of the other text, or source:line if it is in a corpus."""
    similarity: float
    """Cosine; 1 if letters and digits are the same."""


class Texts(NamedTuple):
    """Texts with their ids and vectors, in the same order."""

    ids: Sequence[str]
    texts: Sequence[str]
    vectors: Vectors

    @classmethod
    def of(cls, frame: pl.DataFrame, column: str, store: VectorStore) -> Texts:
        """A column of texts, with ids from the column `id`."""
        texts = frame[column].to_list()
        return cls(frame["id"].to_list(), texts, store.first_windows(texts))


def alike(own: Texts, limit: float) -> list[Alike]:
    """Pairs of texts with a cosine above a limit, most similar first."""
    similarity = own.vectors @ own.vectors.T
    first, second = np.nonzero(np.triu(similarity > limit, 1))
    return _ranked(
        Alike(own.ids[a], own.texts[a], own.ids[b], _cosine(similarity[a, b]))
        for a, b in zip(first.tolist(), second.tolist(), strict=True)
    )


def repeated(own: Texts, others: Texts, limit: float) -> list[Alike]:
    """Texts that another set repeats, each with its closest match: same letters, or cosine above a limit."""
    if not len(own.texts) or not len(others.texts):
        return []
    similarity = own.vectors @ others.vectors.T
    same = {letters: number for number, letters in enumerate(_letters(others.texts))}
    found = []
    for row, letters in enumerate(_letters(own.texts)):
        other = same.get(letters)
        cosine = 1.0 if other is not None else float(similarity[row].max())
        other = int(similarity[row].argmax()) if other is None else other
        if cosine > limit:
            found.append(Alike(own.ids[row], own.texts[row], others.ids[other], _cosine(cosine)))
    return _ranked(found)


def repeated_in(
    own: Texts, corpora: Sequence[str], limit: float, store: VectorStore, config: Config
) -> list[Alike]:
    """Texts repeated in the prompts of some corpora, each with the closest prompt.

    Raises:
        InputError: a corpus cannot be read.
    """
    if not corpora:
        return []
    closest: dict[str, Alike] = {}
    for part in Corpus.open(corpora, config.read, offline=config.encode.offline).parts(READ_AT_ONCE):
        prompts = part.frame.filter(pl.col("prompt").str.strip_chars() != "")
        named = prompts.select(pl.format("{}:{}", "source", "line").alias("id"), "prompt")
        for found in repeated(own, Texts.of(named, "prompt", store), limit):
            if found.id not in closest or closest[found.id].similarity < found.similarity:
                closest[found.id] = found
    return _ranked(closest.values())


def _ranked(found: Iterable[Alike]) -> list[Alike]:
    return sorted(found, key=lambda pair: -pair.similarity)


def _letters(texts: Sequence[str]) -> pl.Series:
    """Letters and digits only, ignoring case, spacing and punctuation."""
    plain = pl.Series(texts, dtype=pl.String).str.normalize("NFKC").str.to_lowercase()
    return plain.str.replace_all(r"[^\p{L}\p{N}]+", " ").str.strip_chars()


def _cosine(value: float) -> float:
    return round(min(float(value), 1.0), 3)
