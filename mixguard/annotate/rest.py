"""What a refusal says besides refusing: its reason and its offer, to follow an opening in another voice."""

from __future__ import annotations

import re

import polars as pl

from mixguard.annotate.stance_grammar import Grammar
from mixguard.annotate.stance_text import plain_text
from mixguard.files import bundled

_SENTENCES = re.compile(r"(?<=[.!?…])(?=\s)|\n+")
_REFUSES = ("refuses_first", "refuses_abroad_first")


def with_rests(pairs: pl.DataFrame) -> pl.DataFrame:
    """Fill in `rest` of the refusals that have none: their sentences that do not refuse, as far as patterns tell."""
    missing = (pl.col("kind") == "refusal") & pl.col("rest").is_null() & pl.col("model").is_null()
    found = pairs.filter(missing).select("id", "response")
    if found.is_empty():
        return pairs
    grammar = Grammar.load(bundled("taxonomies", "stance"))
    split = [[part.strip() for part in _SENTENCES.split(text) if part.strip()] for text in found["response"]]
    sentences = (
        found.select("id").with_columns(text=pl.Series(split, dtype=pl.List(pl.String))).explode("text")
    )
    features = grammar.features(plain_text(sentences.get_column("text")))
    there = [name for name in _REFUSES if name in features.columns]
    kept = sentences.filter(~features.select(pl.any_horizontal(pl.col(there) > 0)).to_series())
    rests = kept.group_by("id", maintain_order=True).agg(pl.col("text").str.join(" ").alias("own"))
    filled = pairs.join(rests, on="id", how="left", maintain_order="left")
    return filled.with_columns(rest=pl.coalesce("rest", "own")).drop("own")
