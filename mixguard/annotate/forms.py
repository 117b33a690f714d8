"""What an answer looks like: a list, code, maths, a label. Told from its first characters, without a model."""

from __future__ import annotations

import polars as pl

LOOKED = 2000
"""Characters of a text that are looked at: enough to tell its form."""
SHORT = 5
"""Words up to which an answer is a label or a fragment."""
ITEMS = 2
"""Items from which an answer is a list."""
FORMS = ("empty", "json", "sql", "maths", "code", "short", "list", "headings", "prose")
"""Values of `form`; the first that fits."""

ITEM = (
    r"(?m)^[ \t>]*(?:\*\*|__)?(?:[-*+•‣◦▪●\u2013][ \t]+(?:\*\*)?\S"  # - item
    r"|\(?\d{1,3}[.)](?:\*\*)?(?:[ \t]+\S|[^\s\d.)])"  # 1. item, (2) item, 3)item
    r"|\(?(?:[a-zA-Z]|[ivx]{2,4})[.)][ \t]+\S"  # a) item
    r"|Step \d{1,2}[ :.])"
)
"""A list item at the beginning of a line, in the syntax that `re` and Rust share."""
_INLINE = r"(?:^|[\s:])\(?1[.)][ \t]+[^\s\d][^\n]{1,400}?[\s;,.]\(?2[.)][ \t]+[^\s\d]"
"""`... 1. one thing 2. another` on one line."""
_SPOKEN = r"(?m)^[ \t]*[-\u2013][ \t]+\S"
_ASKED = r"(?m)^[ \t]*[-\u2013][ \t]+[^\n]*[?!…][\"”»']?[ \t\r]*$"
_YAML = r"(?m)^[ \t]*[a-z_][\w-]*:(?:[ \t]+\S|[ \t\r]*$)"
_LINE = r"(?m)^[ \t]*\S"
_FENCE = r"```[^\n`]*\n\s*\S|\A\s*#![^\n]*/"
_CODE = (
    r"(?m)^[ \t]*(?:(?:def|class|import|const|let|var|public|private|static|void|package|using|namespace) [\w*{.\"<]"
    r"|from \S+ import(?-u:\b)|return(?-u:\b)|(?:elif|else if|if|for|while|with|switch|foreach)(?-u:\b)[^\n]*[:{)][ \t\r]*$"
    r"|(?:else|try|finally|do)[ \t]*[:{]|except(?-u:\b)|function(?-u:\b)[^\n]*[({]|#(?:include|define|!)"
    r"|</?[a-zA-Z!][^>\n]*>|[\])}]+[;,]*[ \t\r]*$|@[\w.]+(?:\([^\n]*)?[ \t\r]*$|//|/\*"
    r"|[\w.$\[\]'\"]+[ \t]*(?:=|\+=|:=|<-)[ \t]*\S|[\w.:$]+\([^\n]*\)[;:{]?[ \t\r]*$|[^\n]*[;{][ \t\r]*$)"
)
_SQL = (
    r"^\s*(?:```\w*\s*)?(?:(?:SELECT|select)(?-u:\b)[\s\S]*(?-u:\b)(?:FROM|from)(?-u:\b)|(?:SELECT|select) [^a-z\n]*;?\s*$"
    r"|(?:INSERT INTO|insert into|DELETE FROM|delete from|ALTER TABLE|alter table|DROP TABLE|drop table)(?-u:\b)"
    r"|(?:UPDATE|update) \S+ (?:SET|set)(?-u:\b)|(?:WITH|with) \S+ (?:AS|as) \("
    r"|(?:CREATE|create) (?:(?:OR REPLACE|or replace|UNIQUE|unique) )?(?:TABLE|table|VIEW|view|INDEX|index|DATABASE|database)(?-u:\b))"
)
_JSON = r"^\s*(?:```(?:json)?\s*)?(?:\{\s*[\"'}]|\[\s*[\[{\"\d\]-])"
_JSON_ENDS = r"[\]}]\s*(?:```)?\s*$"
_MARKED = r"(?:####[ \t]*[-$£€]?[ \t]*\d[^\n]*\s*$|[\\]boxed\s*\{)"
"""A final answer in the form that maths sets use."""
_ANSWER = r"(?i)(?-u:\b)(?:the (?:final |correct )?answer is|(?:final )?answer ?:)[ \t*$]*[-$(]?[\d\\(]|(?-u:\b)therefore,|(?-u:\b)hence,|∴"
_EQUATION = r"[\d)}\w%][ \t]*=[ \t]*[-$£€<(\\]?[ \t]*\d"
_HEADING = r"(?m)^(?:#{1,6}[ \t]+\S|\*\*[^*\n]{2,80}\*\*:?[ \t\r]*$)"
UNSPACED = r"[\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}]"
_COUNTED = {
    "item": ITEM, "spoken": _SPOKEN, "asked": _ASKED, "yaml": _YAML, "line": _LINE, "code": _CODE, "heading": _HEADING,
}  # fmt: skip


def word_count(column: str) -> pl.Expr:
    """Words among the characters that are looked at; two characters count as one in scripts without spaces."""
    seen = pl.col(column).str.slice(0, LOOKED)
    return seen.str.count_matches(r"\S+") + seen.str.count_matches(UNSPACED) // 2


def forms(texts: pl.Series) -> pl.Series:
    """The form of each text, one of `FORMS`; null for null."""
    text = pl.col("text").str.slice(0, LOOKED)
    frame = texts.alias("text").to_frame().select(
        "text", words=word_count("text"), ending=pl.col("text").str.tail(100),
        lined=pl.when(text.str.contains("\n", literal=True)).then(text),
    )  # fmt: skip
    # Most patterns are about lines, and a text of one line has none to count.
    counted = [
        pl.col("lined").str.count_matches(pattern).fill_null(0).alias(name)
        for name, pattern in _COUNTED.items()
    ]
    frame = frame.with_columns(
        *counted,
        marked=text.str.contains(_MARKED) | pl.col("ending").str.contains(_MARKED),
        solved=text.str.contains(_ANSWER) & text.str.contains(_EQUATION),
        inline=text.str.contains(_INLINE),
    )
    found = pl.lit("prose")
    for name, test in reversed(_tests(text)):
        found = pl.when(test).then(pl.lit(name)).otherwise(found)
    return frame.select(pl.when(pl.col("text").is_not_null()).then(found)).to_series()


def _tests(text: pl.Expr) -> list[tuple[str, pl.Expr]]:
    """Forms with their tests; the first that holds decides."""
    items, spoken, asked, code = (pl.col(name) for name in ("item", "spoken", "asked", "code"))
    # In a dialogue some turns ask and others do not; a list of questions is a list.
    talk = (spoken == items) & (asked > 0) & (asked < spoken)
    yaml = 2 * pl.col("yaml") >= pl.col("line")
    return [
        ("empty", pl.col("words") == 0),
        ("json", text.str.contains(_JSON) & pl.col("ending").str.contains(_JSON_ENDS)),
        ("sql", text.str.contains(_SQL)),
        ("maths", pl.col("marked")),
        ("code", text.str.contains(_FENCE) | ((code >= 2) & (2 * code >= pl.col("line")))),
        ("short", pl.col("words") <= SHORT),
        ("maths", pl.col("solved")),
        ("list", ((items >= ITEMS) & ~talk & ~yaml) | pl.col("inline")),
        ("headings", pl.col("heading") >= ITEMS),
    ]
