"""Prepare responses for the grammar: reasoning, markup, quotations and look-alike letters removed."""

from __future__ import annotations

import html
import re
import unicodedata

import polars as pl

from mixguard.corpus.formats.reasoning import TAGS

THOUGHTS = (
    # Harmony (gpt-oss): the answer is on the channel `final`; the rest is analysis or tool calls.
    r"(?is)^.*<\|channel\|>\s*final\b[^<]{0,80}<\|message\|>",
    r"(?is)^\s*(?:<\|start\|>[^<]{0,80})?<\|channel\|>\s*(?:analysis|commentary).*",
    # The same after a template dropped its marks.
    r"(?s)^\s*analysis\S.*?assistantfinal",
    # An element closed, or never closed: then nothing follows the reasoning.
    rf"(?is)^\s*(?:<(?:seed:)?(?:{TAGS})>|\[THINK\]|◁think▷|<\|begin_of_thought\|>|<unused94>thought).*?"
    rf"(?:</(?:seed:)?(?:{TAGS})>|\[/THINK\]|◁/think▷|<\|end_of_thought\|>|<unused95>|\z)\s*",
    r"(?i)^(?:<\|begin_of_solution\|>|<(?:answer|final_answer|output|solution)>)\s*",
    r"(?i)(?:<\|(?:end_of_solution|return|end|im_end|eot_id)\|>|\s*</(?:answer|final_answer|output|solution)>)\s*$",
)
"""Reasoning before the answer and the marks around it, removed in this order. From a corpus's answers the reader has
taken the reasoning already; others come as a model gives them."""
OPENS = rf"(?i)<(?:seed:)?(?:{TAGS})>|\[THINK\]|◁think▷|<\|begin_of_thought\|>|<unused94>"
CLOSES = rf"(?is)^.*?(?:</(?:seed:)?(?:{TAGS})>|\[/THINK\]|◁/think▷|<\|end_of_thought\|>|<unused95>)\s*"
"""Reasoning up to its closing mark; the opening one, if missing, was part of the prompt's template."""
INVISIBLE = r"[\s\p{Cf}\p{Zs}]+"
QUOTED = r'(?s)```.*?(?:```|\z)|"[^"\n]{2,400}"'
"""Code blocks and quotations: not the speaker's own words."""
ENTITY = re.compile(r"&#?[A-Za-z0-9]{1,8};")
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
    # Null for what is ASCII, which needs no more: most texts are.
    wide = pl.when(text.str.len_bytes() > text.str.len_chars()).then(text)
    frame = pl.DataFrame({"text": responses}).select(without_thoughts(text))
    usual = frame.select(pl.coalesce(wide.str.normalize("NFKC"), text))
    marked = usual.select(text.str.replace_many(_ENTITIES).str.replace_many(_MARKS))
    latin, other = wide.str.count_matches(r"[A-Za-z]"), wide.str.count_matches(r"[\p{Cyrillic}\p{Greek}]")
    letters = pl.when((other > 0) & (latin > other)).then(wide.str.replace_many(_LATIN)).otherwise(text)
    frame = marked.select(letters)
    return frame.select(text.str.replace_all(r" {2,}", " ").str.strip_chars()).to_series()


def without_thoughts(text: pl.Expr) -> pl.Expr:
    """The text without the reasoning before the answer."""
    for pattern in THOUGHTS:
        text = text.str.replace(pattern, "")
    return pl.when(text.str.contains(OPENS)).then(text).otherwise(text.str.replace(CLOSES, ""))


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
    wanted, _ = _letters(found)
    if not wanted:
        return None
    letters, places = _letters(response)
    first = letters.find(wanted)
    return (places[first], places[first + len(wanted) - 1] + 1) if first >= 0 else None


def _letters(text: str) -> tuple[str, list[int]]:
    """The text's letters and digits as `plain_text` reads them, lower case, and where each stands in the text."""
    entities = {place for match in ENTITY.finditer(text) for place in range(*match.span())}
    read = [
        (letter, place)
        for place, character in enumerate(text)
        if place not in entities
        for letter in unicodedata.normalize("NFKC", _LATIN.get(character, character)).lower()
        if letter.isalnum()
    ]
    return "".join(letter for letter, _ in read), [place for _, place in read]
