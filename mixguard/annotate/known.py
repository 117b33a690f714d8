"""Which exchanges are verbatim pairs of the refusal bank: those are reviewed and trusted as labelled."""

from __future__ import annotations

import polars as pl

from mixguard.annotate.base import Batch
from mixguard.library.bank import Bank

KNOWN = pl.Schema(
    {
        "response": pl.String,
        "prompt": pl.String,
        "pair": pl.String,
        "pair_kind": pl.String,
        "hazard": pl.String,  # null for a plain pair
        "sub_hazard": pl.String,
        "hazard_score": pl.Float32,
        "stance": pl.String,
    }
)
"""What is known about an exchange that is a bank pair."""


def known(bank: Bank | None) -> pl.DataFrame:
    """What is known about each pair, schema `KNOWN`; of pairs with the same answer, the first."""
    if bank is None:
        return pl.DataFrame(schema=KNOWN)
    refuses = pl.col("kind") == "refusal"
    return bank.pairs.unique("response", keep="first", maintain_order=True).select(
        "response",
        "prompt",
        pl.col("id").alias("pair"),
        pl.col("kind").alias("pair_kind"),
        "hazard",
        pl.col("sub").alias("sub_hazard"),
        pl.when(refuses).then(1.0).otherwise(0.0).cast(pl.Float32).alias("hazard_score"),
        pl.when(refuses).then(pl.lit("full_refusal")).otherwise(pl.lit("full_compliance")).alias("stance"),
    )


class KnownAnnotator:
    """Names the bank pair that an exchange repeats.

    Both prompt and answer must match (text may precede the prompt): a different answer to the same prompt may
    need a different verdict.
    """

    reads = ("prompt", "response")
    writes = pl.Schema({"pair": pl.String, "pair_kind": pl.String})

    def __init__(self, pairs: pl.DataFrame) -> None:
        """Store the pairs, as returned by `known`."""
        self._pairs = pairs.select("response", pl.col("prompt").alias("asked"), "pair", "pair_kind")

    def __call__(self, batch: Batch) -> pl.DataFrame:
        """Columns `pair` and `pair_kind`, null if an exchange is not a pair."""
        texts = batch.frame.select("prompt", "response")
        found = texts.join(self._pairs, on="response", how="left", maintain_order="left")
        same = pl.col("prompt").str.ends_with(pl.col("asked"))
        return found.select(pl.when(same).then(pl.col("pair", "pair_kind")))
