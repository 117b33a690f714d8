"""A refusal's opening, and what it says besides refusing: its reason and its offer, to follow another opening."""

from __future__ import annotations

import re
from collections.abc import Sequence

import polars as pl

from mixguard.annotate.stance_grammar import Grammar
from mixguard.annotate.stance_text import plain_text
from mixguard.files import bundled

OPENING_SENTENCES = 2
"""Sentences within which a refusal must refuse for these to be its opening."""
_SENTENCES = re.compile(r"(?<=[.!?…])(?=\s)|\n+")
_REFUSES = ("refuses_first", "refuses_abroad_first")


def openings(answers: Sequence[str]) -> list[str | None]:
    """The beginning of each answer up to the sentence that refuses; None if none of the first two does."""
    starts = [
        (number, " ".join(sentences(answer)[:count]))
        for number, answer in enumerate(answers)
        for count in range(OPENING_SENTENCES, 0, -1)
    ]
    found: list[str | None] = [None] * len(answers)
    for (number, text), refuses in zip(starts, _refusing([text for _, text in starts]), strict=True):
        if refuses:
            found[number] = text
    return found


def sentences(text: str) -> list[str]:
    """The sentences of a text."""
    return [part.strip() for part in _SENTENCES.split(text) if part.strip()]


def _refusing(texts: Sequence[str]) -> list[bool]:
    grammar = Grammar.load(bundled("taxonomies", "stance"))
    features = grammar.features(plain_text(pl.Series(texts, dtype=pl.String)))
    return features.select(pl.any_horizontal(pl.col(_REFUSES) > 0)).to_series().to_list()


def with_rests(pairs: pl.DataFrame) -> pl.DataFrame:
    """Fill in `rest` of the refusals that have none: their sentences that do not refuse, as far as patterns tell."""
    missing = (pl.col("kind") == "refusal") & pl.col("rest").is_null() & pl.col("model").is_null()
    found = pairs.filter(missing).select("id", "response")
    if found.is_empty():
        return pairs
    split = pl.Series([sentences(text) for text in found["response"]], dtype=pl.List(pl.String))
    said = found.select("id").with_columns(text=split).explode("text")
    kept = said.filter(~pl.Series(_refusing(said["text"].to_list()), dtype=pl.Boolean))
    rests = kept.group_by("id", maintain_order=True).agg(pl.col("text").str.join(" ").alias("own"))
    filled = pairs.join(rests, on="id", how="left", maintain_order="left")
    return filled.with_columns(rest=pl.coalesce("rest", "own")).drop("own")
