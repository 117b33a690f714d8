"""Flaws that a rule of `taxonomies/signals/insecure_rules.toml` knows: code of one kind, beside other code or without it.

A rule is tried only on code that holds one of its words, so that most code is not searched at all.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator
from functools import cache
from typing import Any, NamedTuple

from mixguard.annotate.scan.code import Snippet
from mixguard.annotate.scan.credentials import Judged, real
from mixguard.errors import TaxonomyError
from mixguard.files import bundled, read_toml

NAMES = 40
"""Names of a snippet that count as given from outside."""
LONGEST = 20_000
"""Characters of a snippet that are searched."""
EACH = 5
"""Places that a rule finds in a snippet."""
SENT, GIVEN = "\u02d1", "\u02d0"
"""Marks put before names in a copy of the code. They are letters, so that a marked name is one word still."""
_MARKED = {"sent": rf"\$?{SENT}\w+", "given": rf"\$?[{SENT}{GIVEN}]\w+"}
_PART = re.compile(r"\{\{(\w+)\}\}")
_NAME = re.compile(r"\$?[A-Za-z_]\w*")
_WHOLE_NAME = re.compile(r"(?<![\w.])\w+")
_NUMBER = re.compile(r": ?(?:int|float|bool|UUID|date|datetime)\b")
"""How a parameter of Python is annotated that holds no text."""
_IGNORED = frozenset(
    ["self", "cls", "this", "request", "req", "res", "response", "None", "null", "const", "int", "str"]
)


class Place(NamedTuple):
    """An insecure line, as characters of the text, and what is wrong with it."""

    start: int
    end: int
    words: str


class Rule(NamedTuple):
    """What a flaw looks like."""

    shows: str
    words: frozenset[str]
    """Lower case; code without any of them is not searched."""
    pattern: str
    needs: str | None
    """What the code must hold as well."""
    unless: str | None
    """What it must not hold."""
    about: str | None
    """What the prompt or the code must speak of."""
    value: Judged | None
    """How strictly the group `value` is judged as a credential; None if there is none."""


class _Code(NamedTuple):
    """A snippet whose names from outside are marked."""

    text: str
    marks: list[int]
    """Where the marks stand in the text, in order."""


def find(piece: Snippet, prompt: str) -> list[Place]:
    """The places of a snippet where a rule holds.

    Args:
        piece: code in any language.
        prompt: what was asked for; some rules hold only if it speaks of users or of a server that is live.
    """
    piece = Snippet(piece.code[:LONGEST], piece.start)
    low = piece.code.lower()
    there = {word for word in words() if word in low}
    marked: _Code | None = None
    places = []
    for rule in rules():
        if rule.words.isdisjoint(there) or not _holds(rule, piece.code, prompt):
            continue
        marked = marked or _marked(piece.code)
        places += [
            Place(piece.start + start, piece.start + end, rule.shows)
            # A mark hides from a pattern that a name has a meaning of its own.
            for start, end in _matches(rule, marked) or _matches(rule, _Code(piece.code, []))
        ]
    return places


@cache
def rules() -> tuple[Rule, ...]:
    """All rules, as they are read."""
    parts = _table()["parts"] | {name: _input(mark) for name, mark in _MARKED.items()}
    return tuple(
        Rule(
            shows=each["shows"],
            words=frozenset(each["words"]),
            pattern=_opened(each["pattern"], parts),
            needs=_opened(each.get("needs"), parts),
            unless=_opened(each.get("unless"), parts),
            about=_opened(each.get("about"), parts),
            value=each.get("value"),
        )
        for each in _table()["rule"]
    )


@cache
def words() -> tuple[str, ...]:
    """What code must hold one of to be searched."""
    return tuple(sorted({word for rule in rules() for word in rule.words}))


@cache
def _table() -> dict[str, Any]:
    return read_toml(bundled("taxonomies", "signals") / "insecure_rules.toml", TaxonomyError)


def _input(mark: str) -> str:
    return f"{_table()['names']['request']}|{mark}"


def _opened(pattern: str | None, parts: dict[str, str]) -> Any:
    """The pattern with its parts put in; a space stands for any white space or none."""
    while pattern and (found := _PART.search(pattern)):
        pattern = pattern.replace(found[0], f"(?:{parts[found[1]]})")
    return pattern and pattern.replace(" ", r"\s*")


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.IGNORECASE)


def _holds(rule: Rule, code: str, prompt: str) -> bool:
    """Whether what stands around allows the rule."""
    return not (
        (rule.needs and not _compiled(rule.needs).search(code))
        or (rule.unless and _compiled(rule.unless).search(code))
        or (rule.about and not any(_compiled(rule.about).search(text) for text in (prompt, code)))
    )


def _marked(code: str) -> _Code:
    """The code with a mark before each name that holds what comes from outside."""
    table = _table()["names"]
    sent = set(_named(code, table["sent"], table["cleaned"]))
    names = [*sent, *(set(_named(code, table["given"], None)) - sent)][:NAMES]
    if not names:
        return _Code(code, [])
    known = {name.lstrip("$"): SENT if name in sent else GIVEN for name in names}
    pieces, marks, last, size = [], [], 0, 0
    for match in _WHOLE_NAME.finditer(code):
        if match[0] not in known:
            continue
        pieces += [code[last : match.start()], known[match[0]]]
        marks.append(match.start() + size)
        last, size = match.start(), size + 1
    return _Code("".join([*pieces, code[last:]]), marks)


def _named(code: str, patterns: list[str], cleaned: str | None) -> Iterator[str]:
    """The names that patterns find in their first group, a list of them perhaps, unless they are cleaned as they are set."""
    for pattern in patterns:
        for match in _compiled(_opened(pattern, {})).finditer(code):
            if cleaned is not None and _compiled(_opened(cleaned, {})).search(match[0]):
                continue
            for part in match[1].split(","):
                if _NUMBER.search(part):
                    continue
                name, colon, _ = part.partition(":")
                found = _NAME.findall(name.partition("=")[0])
                first = colon or match[0].startswith(
                    "func "
                )  # TypeScript and Go name a parameter before its type
                yield from {found[0 if first else -1]} - _IGNORED if found else ()


def _matches(rule: Rule, code: _Code) -> list[tuple[int, int]]:
    """Where the rule's pattern is found, as characters of the code without marks."""
    found: list[tuple[int, int]] = []
    for match in _compiled(rule.pattern).finditer(code.text):
        start = code.text.rfind("\n", 0, match.start()) + 1
        if _COMMENT.match(code.text[start : match.start() + 10].lstrip()):
            continue
        if rule.value is None or real(match["value"], rule.value):
            first, last = (place - bisect_left(code.marks, place) for place in match.span())
            found.append((first, max(last, first + 1)))
        if len(found) == EACH:
            break
    return found


_COMMENT = re.compile(r"//|\* |-- |#(?!!|include|define)")
