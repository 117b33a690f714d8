"""Prepare responses for the grammar: reasoning, markup, quotations and look-alike letters removed."""

from __future__ import annotations

import html
import re

import polars as pl

THOUGHT = r"(?is)^\s*<(think|thinking|reasoning)>.*?(?:</(?:think|thinking|reasoning)>|\z)\s*"
"""A reasoning block before the answer; an unclosed one is the whole response."""
INVISIBLE = r"[\s\p{Cf}\p{Zs}]+"
QUOTED = r'(?s)```.*?(?:```|\z)|"[^"\n]{2,400}"'
"""Code blocks and quotations: not the speaker's own words."""
LETTERS_LEFT = 15
"""Minimum letters left without quotations; with fewer, the quotation is the answer."""
ENDS = 1600, 600
"""Characters read from the beginning and the end of a long response."""

_MARKS = dict.fromkeys("*_`#~\u200b\u200c\u200d\u2060\ufeff\xad\u202a\u202b\u202c\u202d\u202e", "")
_MARKS |= dict.fromkeys("\u2018\u2019\u02bc\uff07\u00b4\u2032", "'") | dict.fromkeys(
    "\u201c\u201d\u00ab\u00bb\u201e", '"'
)
_MARKS |= dict.fromkeys("\u2013\u2014\u2212", "-") | {"\u00a0": " ", "\t": " "}
_ENTITIES = {
    name: html.unescape(name)
    for name in ("&#39;", "&#x27;", "&apos;", "&quot;", "&#34;", "&amp;", "&lt;", "&gt;")
}
_ENTITIES |= {"&rsquo;": "'", "&lsquo;": "'", "&#8217;": "'", "&ldquo;": '"', "&rdquo;": '"', "&nbsp;": " "}
_LATIN = dict(zip("аеіорсухѕјһԁԛԝАВЕІКМНОРСТХЅЈα\u03bfν", "aeiopcyxsjhdqwABEIKMHOPCTXSJaov", strict=True))  # fmt: skip
"""Cyrillic and Greek letters that look Latin, read as Latin in a mostly Latin text."""


def plain_text(responses: pl.Series) -> pl.Series:
    """Responses without reasoning and markup, with plain quotes and letters."""
    text = pl.col("text")
    marked = (
        text.str.replace(THOUGHT, "")
        .str.normalize("NFKC")
        .str.replace_many(_ENTITIES)
        .str.replace_many(_MARKS)
    )
    latin, other = text.str.count_matches(r"[A-Za-z]"), text.str.count_matches(r"[\p{Cyrillic}\p{Greek}]")
    letters = pl.when((other > 0) & (latin > other)).then(text.str.replace_many(_LATIN)).otherwise(text)
    frame = pl.DataFrame({"text": responses}).select(marked).select(letters)
    return frame.select(text.str.replace_all(r" {2,}", " ").str.strip_chars()).to_series()


def spoken_text(plain: pl.Series) -> pl.Series:
    """Plain responses without quotations, and without the middle of very long ones."""
    text, spoken = pl.col("text"), pl.col("text").str.replace_all(QUOTED, " ... ")
    enough = spoken.str.count_matches(r"\p{L}") >= LETTERS_LEFT
    own = pl.when(enough).then(spoken).otherwise(text)
    first, last = ENDS
    short = text.str.len_chars() <= first + last
    cut = pl.concat_str(text.str.head(first), pl.lit("\n"), text.str.tail(last))
    frame = pl.DataFrame({"text": plain}).select(own.alias("text"))
    return frame.select(pl.when(short).then(text).otherwise(cut)).to_series()


def place(found: str, response: str) -> tuple[int, int] | None:
    """Where words found in the plain text occur in the original response, as a character span."""
    start = response.find(found)
    if start >= 0:  # the usual case: these words were plain already
        return start, start + len(found)
    words = [_loose(word) for word in re.findall(r"\w+", found)]
    if not words:
        return None
    match = re.search(r"(?:&#?\w+;|[\W_])*".join(words), response, re.IGNORECASE)
    return match.span() if match else None


def _loose(word: str) -> str:
    """A pattern for a word whose letters may be look-alikes, with invisible characters in between."""
    alike = {latin: "".join(other for other in _LATIN if _LATIN[other] == latin) for latin in _LATIN.values()}
    return "[\\W_]?".join(f"[{re.escape(letter)}{alike.get(letter, '')}]" for letter in word)
