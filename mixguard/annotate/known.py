"""Which exchanges are pairs of the refusal bank: those are reviewed and trusted as labelled."""

from __future__ import annotations

import polars as pl

from mixguard.annotate.base import Batch
from mixguard.annotate.rest import with_rests
from mixguard.library.bank import Bank
from mixguard.library.voice import OPENING_MOST

KNOWN = pl.Schema(
    {
        "response": pl.String,
        "rest": pl.String,  # what follows the opening of a refusal in another voice
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
KEY = 24
"""Characters at its end by which an answer is looked up."""
_STOP_MOST = 40
"""Characters after it: a stop word."""
_LAST_WORD = r"\s*\S+$"


def known(bank: Bank | None) -> pl.DataFrame:
    """What is known about each pair, schema `KNOWN`; of pairs with the same answer, the first."""
    if bank is None:
        return pl.DataFrame(schema=KNOWN)
    refuses = pl.col("kind") == "refusal"
    return with_rests(bank.pairs.unique("response", keep="first", maintain_order=True)).select(
        "response",
        "rest",
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

    Both prompt and answer must match: a different answer to the same prompt may need a different verdict. Around the
    prompt there may be the corpus's frame; before a refusal's reason a short opening, which is judged like any other
    text, and after an answer a stop word.
    """

    reads = ("prompt", "response")
    writes = pl.Schema({"pair": pl.String, "pair_kind": pl.String})

    def __init__(self, pairs: pl.DataFrame) -> None:
        """Store the pairs, as returned by `known`."""
        columns = (pl.col("prompt").alias("asked"), "pair", "pair_kind")
        whole = pairs.select(*columns, pl.col("response").alias("said"))
        rests = pairs.select(*columns, pl.col("rest").alias("said")).drop_nulls("said")
        said = pl.concat([whole, rests]).filter(pl.col("said").str.len_chars() >= KEY)
        self._pairs = said.unique(["said", "asked"], keep="first", maintain_order=True).with_columns(
            key=_key(pl.col("said"))
        )

    def __call__(self, batch: Batch) -> pl.DataFrame:
        """Columns `pair` and `pair_kind`, null if an exchange is not a pair."""
        texts = batch.frame.select("prompt", "response").with_row_index("row")
        end = pl.col("response").str.strip_chars_end().str.tail(KEY + _STOP_MOST)
        keys = pl.concat_list(_key(end), _key(end.str.replace(_LAST_WORD, "")))
        beside = pl.col("response").str.len_chars() - pl.col("said").str.len_chars()
        # Text beside a helpful answer would be trusted with it; a refusal's opening is judged.
        most = pl.when(pl.col("pair_kind") == "refusal").then(OPENING_MOST + _STOP_MOST).otherwise(_STOP_MOST)
        same = (
            pl.col("prompt").str.contains(pl.col("asked"), literal=True)
            & pl.col("response").str.contains(pl.col("said"), literal=True)
            & (beside <= most)
        )
        found = (
            texts.with_columns(key=keys)
            .explode("key")
            .join(self._pairs, on="key", how="inner")
            .filter(same)
            .unique("row", keep="first", maintain_order=True)
        )
        named = texts.select("row").join(
            found.select("row", "pair", "pair_kind"), on="row", how="left", maintain_order="left"
        )
        return named.select("pair", "pair_kind")


def _key(text: pl.Expr) -> pl.Expr:
    return text.str.strip_chars_end().str.tail(KEY)
