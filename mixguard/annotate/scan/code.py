"""Which answers hold code, and where in them it stands."""

from __future__ import annotations

import re
from typing import NamedTuple

import polars as pl

from mixguard.annotate.phrases import READ

PROSE = "|".join(("text", "txt", "plain", "plaintext", "markdown", "md", "json", "csv", "latex", "output"))
"""Fences of these hold no program."""
FENCED = r"(?s)```([^\n`]*)\n(.*?)(?:```|$)"
# Without Unicode's idea of a word, which is six times as slow.
_STRONG = "|".join(
    (
        r"(?:def|class|async def) [0-9A-Za-z_]+.*:",
        r"import [0-9A-Za-z_.]+(?: as [0-9A-Za-z_]+)?[;]?|from [0-9A-Za-z_.]+ import .*",
        r"(?:if|elif|for|while|with|except)(?-u:\b).*:|(?:else|try|finally):",
        r"(?:SELECT|select)(?-u:\b).*|(?:INSERT INTO|UPDATE|DELETE FROM|CREATE TABLE|insert into|create table)(?-u:\b).*",
        r"#include(?-u:\b).*|#!/.*|using [0-9A-Za-z_. ]+;|<\?php.*",
        r"(?:const|let|var|function|func|fn|public|private|static)(?-u:\b).*[;{,(]",
        r"</?[a-zA-Z!][^>\n]*>.*",
        r"\S.*[;{}]",
        r"[0-9A-Za-z_.]+ ?\(.*\)",
        r"def [0-9A-Za-z_.?!]+(?: ?\(.*\))?|class [A-Z][0-9A-Za-z_]*(?: < .*)?|puts .*|require ['\"].*",
        r"(?:export|sudo|chmod|chown|mkdir|rm|cp|mv|curl|wget|cd|apt-get|docker|ssh|scp|rsync|tar|mysqldump) [-./$~\"A-Z0-9].*",
        r"@[0-9A-Za-z_][0-9A-Za-z_.]*(?:\(.*\))?",
    )
)
_WEAK = r"[0-9A-Za-z_.\[\]'\"$@*]+ *[-+*/%|&^:]?= *\S.*|[})\]]+[;,]?|return(?-u:\b).*|#.*|//.*|pass|break|continue|end|fi|done|then|do|esac|echo .*|set -.*"
_BLANK = r"(?m)^[ \t]*\S"


def _lines(text: pl.Expr, pattern: str) -> pl.Expr:
    return text.str.count_matches(rf"(?m)^[ \t]*(?:{pattern})[ \t\r]*$")


def holds_code(column: str) -> pl.Expr:
    """Whether a text is code, or holds a fence of it; false for null.

    A text without a fence is code if half its lines look like it, one of them beyond doubt.
    """
    text = pl.col(column).str.slice(0, READ)
    strong = _lines(text, _STRONG)
    bare = (strong > 0) & (2 * (strong + _lines(text, _WEAK)) >= text.str.count_matches(_BLANK))
    fenced = text.str.contains("```", literal=True)
    prose = text.str.count_matches(rf"(?i)```[ \t]*(?:{PROSE})(?-u:\b)")
    opened = text.str.count_matches("```", literal=True) > 2 * prose  # a fence has two ends
    return pl.when(fenced).then(opened).otherwise(bare).fill_null(value=False)


class Snippet(NamedTuple):
    """A piece of code in a text."""

    code: str
    start: int
    """Where it stands in the text, in characters."""


_FENCED = re.compile(FENCED)
_PROSE = re.compile(rf"[ \t]*(?:{PROSE})\b", re.IGNORECASE)


def snippets(text: str) -> list[Snippet]:
    """The fenced pieces of code of a text, or the whole of it where nothing is fenced."""
    text = text[:READ]
    fences = list(_FENCED.finditer(text))
    if not fences:
        return [Snippet(text, 0)]
    return [Snippet(fence[2], fence.start(2)) for fence in fences if not _PROSE.match(fence[1])]
