"""Whether a response is broken text: a weak or broken model repeats itself or loses its words."""

from __future__ import annotations

import polars as pl

READ = 2000
"""Characters read."""
WORDS_LEAST = 40
"""Words below which repetition means little: a list of yes and no, a rhyme."""
DISTINCT_LEAST = 0.22
"""Share of distinct words below which a text repeats itself. English prose of 300 words has about half; tables, code
and sums have at least a quarter. Judgement."""
PHRASE = 4
PHRASES_LEAST = 0.35
"""Share of distinct phrases of `PHRASE` words below which a text repeats itself."""
BROKEN_MOST = 0.05
"""Share of replacement and control characters above which a text is broken."""


def is_incoherent(plain: pl.Series) -> pl.Series:
    """Whether each text repeats itself or is broken; false for null.

    Args:
        plain: responses as `plain_text` gives them.
    """
    text = pl.col("text").str.slice(0, READ)
    broken = text.str.count_matches(r"[\x{FFFD}\p{Cc}--[\n\r\t]]") > BROKEN_MOST * text.str.len_chars()
    words = text.str.to_lowercase().str.extract_all(r"[\p{L}\p{M}']+")
    frame = pl.DataFrame({"text": plain}).with_columns(words=words, broken=broken)
    long = frame.with_row_index("row").filter(pl.col("words").list.len() >= WORDS_LEAST)
    each = long.select("row", "words").explode("words").with_columns(pl.col("words").hash())
    # By number, a hundred times as fast as by text; the last words of a text begin no phrase.
    phrase = pl.sum_horizontal(pl.col("words").shift(-step) * (2 * step + 1) for step in range(PHRASE))
    repeats = (
        each.with_columns(phrase=phrase)
        .filter(pl.col("row") == pl.col("row").shift(1 - PHRASE))
        .group_by("row")
        .agg(
            words=pl.col("words").n_unique() / pl.len(),
            phrases=pl.col("phrase").n_unique() / pl.len(),
        )
        .select("row", repeats=(pl.col("words") < DISTINCT_LEAST) | (pl.col("phrases") < PHRASES_LEAST))
    )
    found = frame.with_row_index("row").join(repeats, on="row", how="left", maintain_order="left")
    return found.select((pl.col("broken") | pl.col("repeats")).fill_null(value=False)).to_series()
