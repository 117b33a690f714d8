"""The running words of a text: without code, statements, tables, quotations and names."""

from __future__ import annotations

import polars as pl

SIGNS = 0.15
"""Signs and digits, a run of them as one, to each character from which a line is code, sums or a table."""
LOUD = 0.8
"""Share of capitals from which a text is read in small letters."""
_CODE = (
    r"(?s)```.*?(?:```|\z)",
    r"`[^`\n]*`",
    r"<[^<>\n]{1,200}>",
    r"(?m)^\s*\|.*\|\s*$",
    # Statements of SQL: what they name is the user's own, in any language.
    r"\b(?:SELECT|INSERT INTO|UPDATE|DELETE FROM|CREATE|ALTER|DROP|GRANT|TRUNCATE|WITH \w+ AS)\b[^;\n]*",
    r"(?i)\b(?:select\b[^;\n]*\bfrom|insert into|delete from|update \w+ set|(?:create|alter|drop) (?:table|view|index))\b[^;\n]*",
    # Values and keys; a sentence in quotation marks is a sentence.
    r"""[=:,(\[{]\s*(?:"[^"\n]{0,80}"|'[^'\n]{0,80}')""",
    r"""(?:"[^"\n]{1,80}"|'[^'\n]{1,80}')\s*:""",
)
_SIGN = r"(?:[^\p{L}\p{M}\s'-]\s*)+"
_PLAIN = r"^\p{P}*[\p{L}\p{M}'-]+(?:/[\p{L}\p{M}]+)?\p{P}*$"
"""A word, with the marks of a sentence around it; two with a stroke between; identifiers, paths and numbers are none."""
_SHORT_FORM = r"^\p{P}*[\p{Lu}\p{M}]{2,}\p{P}*$"
_SMALL = r"^[^\p{L}]*\p{Ll}"


def prose(texts: pl.Series) -> pl.Series:
    """The words that are left of each text, in their order, joined by spaces."""
    text = pl.col("text").str.replace_all("\u2019", "'", literal=True)
    capitals, letters = text.str.count_matches(r"\p{Lu}"), text.str.count_matches(r"\p{L}")
    text = pl.when(capitals > LOUD * letters).then(text.str.to_lowercase()).otherwise(text)
    for pattern in _CODE:
        text = text.str.replace_all(pattern, " ")
    lines = pl.DataFrame({"text": texts}).with_row_index("row").select("row", line=text.str.split("\n"))
    signs = pl.col("line").str.count_matches(_SIGN) >= SIGNS * pl.col("line").str.len_chars()
    told = lines.explode("line").filter(~signs).select("row", word=pl.col("line").str.extract_all(r"\S+"))
    words = told.explode("word").filter(
        pl.col("word").str.contains(_PLAIN), ~pl.col("word").str.contains(_SHORT_FORM)
    )
    joined = words.group_by("row", maintain_order=True).agg(pl.col("word").str.join(" "))
    kept = lines.select("row").join(joined, on="row", how="left", maintain_order="left")
    return kept.get_column("word").fill_null("")


def without_names(words: pl.Series) -> pl.Series:
    """The words that begin with a small letter."""
    small = pl.col("words").str.split(" ").list.eval(pl.element().filter(pl.element().str.contains(_SMALL)))
    return pl.DataFrame({"words": words}).select(small.list.join(" ")).to_series()
