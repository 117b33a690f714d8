"""Insecure lines in the code of answers: ruff and a scanner of web code for Python, patterns for the rest."""

from __future__ import annotations

import ast
import re
import textwrap
import warnings
from collections.abc import Sequence
from functools import cache
from itertools import accumulate
from typing import NamedTuple

from mixguard.annotate.phrases import Phrases
from mixguard.annotate.scan import flaws, ruff, web
from mixguard.annotate.scan.code import Snippet, snippets
from mixguard.annotate.scan.flaws import Place

LONGEST = 20_000
"""Characters of the longest snippet that is parsed as Python."""
TRIGGERS = ("suspicious", "query", "joined")
"""Code without a word of the first kind, and without one of each of the others, is not parsed."""
SNIPPETS = 20
"""Pieces of code of an answer that are scanned."""


_FOREIGN = re.compile(
    r"(?i)\s*(?:select|insert|update|delete|create|alter|drop|with) |\s*(?:<|#include|package |const |let |var |function )"
)
"""How code begins that is not Python."""
_PYTHON = re.compile(r"(?m)^[ \t]*(?:def |import |from |class |with |return\b|print\(|@)|:[ \t]*$")
_SEMICOLON = re.compile(r"(?m);[ \t]*$")


class _Python(NamedTuple):
    """A snippet made to parse."""

    code: str
    shift: int
    """Lines put before it."""


def scan(texts: Sequence[str], prompts: Sequence[str | None]) -> list[list[Place] | None]:
    """The insecure places in each text; None where nothing was found, but ruff could not be run on it.

    Args:
        texts: answers that hold code.
        prompts: what they answer.
    """
    parts = [snippets(text)[:SNIPPETS] for text in texts]
    doubted = [[_suspicious(part.code) for part in each] for each in parts]
    parsed = [
        [_python(part.code) if doubt else None for part, doubt in zip(each, doubts, strict=True)]
        for each, doubts in zip(parts, doubted, strict=True)
    ]
    whole = [code.code for each in parsed for code in each if code is not None]
    by_ruff = iter(ruff.scan(whole))
    found: list[list[Place] | None] = []
    for text, prompt, pieces, codes, doubts in zip(texts, prompts, parts, parsed, doubted, strict=True):
        places, failed = [], False
        for piece, code, doubt in zip(pieces, codes, doubts, strict=True):
            lines = [] if code is None else next(by_ruff)
            failed |= lines is None
            if doubt:
                plain = code is not None and _is_plainly_python(piece.code)
                places += _patterns(piece, "python" if plain else "code")
            places += flaws.find(piece, prompt or "")
            if code is not None:
                places += _placed(piece, code, [*(lines or ()), *web.scan(code.code, prompt or "")])
        found.append(None if failed and not places else _one_a_line(text, places))
    return found


def _one_a_line(text: str, places: Sequence[Place]) -> list[Place]:
    """The longest of the places that begin in a line, in order."""
    by_line: dict[int, Place] = {}
    for place in sorted(places, key=lambda each: (each.start - each.end, each)):
        by_line.setdefault(text.rfind("\n", 0, place.start), place)
    return sorted(by_line.values())


def _suspicious(code: str) -> bool:
    """Whether there is anything for ruff, the scanner of web code or a lone pattern to find."""
    low = code.lower()
    one, sql, joined = (any(word in low for word in triggers(kind)) for kind in TRIGGERS)
    return one or (sql and joined)


@cache
def triggers(kind: str) -> list[str]:
    """The words of one of `TRIGGERS`."""
    return [word for each, word in Phrases.load("insecure_code", "triggers").patterns if each == kind]


def _python(code: str) -> _Python | None:
    """The snippet as it parses: alone, without its margin, or as the body of a block; None if it is not Python."""
    if len(code) > LONGEST or _FOREIGN.match(code):
        return None
    level = textwrap.dedent(code)
    first = level.lstrip("\n")
    for each in (
        _Python(level, 0),
        _Python("if True:\n" + textwrap.indent(level, "    "), 1),
        _Python("if True:\n    " + first, 1 - (len(level) - len(first))),  # the first line lost its margin
        _Python("def _():\n" + textwrap.indent(level, "    "), 1),
    ):
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # about escapes in strings
                ast.parse(each.code)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            continue
        return each
    return None


def _is_plainly_python(code: str) -> bool:
    """Whether code that parses as Python is no other language: a line of JavaScript or Ruby may parse, too."""
    return bool(_PYTHON.search(code)) and not _SEMICOLON.search(code)


def _placed(piece: Snippet, code: _Python, findings: Sequence[ruff.RuffFinding]) -> list[Place]:
    lines = piece.code.split("\n")
    starts = [0, *accumulate(len(line) + 1 for line in lines)]
    places = []
    for line, words in findings:
        number = min(max(0, line - code.shift), len(lines) - 1)
        text = lines[number]
        start = piece.start + starts[number] + len(text) - len(text.lstrip())
        places.append(Place(start, max(start + 1, piece.start + starts[number] + len(text.rstrip())), words))
    return places


def _patterns(piece: Snippet, group: str) -> list[Place]:
    spans = Phrases.load("insecure_code", group).spans("response", piece.code)
    return [Place(piece.start + span.start, piece.start + span.end, span.words) for span in spans]
