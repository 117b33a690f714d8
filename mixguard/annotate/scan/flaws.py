"""Flaws that a rule of `taxonomies/signals/insecure_rules.toml` knows: code of one kind, beside other code or without it.

A rule is tried only on code that holds one of its words, so that most code is not searched at all.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import Any, NamedTuple

from mixguard.annotate.scan.code import Snippet
from mixguard.annotate.scan.credentials import Judged, real
from mixguard.errors import TaxonomyError
from mixguard.files import bundled, read_toml

NAMES = 40
"""Names of a snippet that count as given from outside."""
EACH = 5
"""Places that a rule finds in a snippet."""
_BLANK = re.compile(r" ")
_MACRO = re.compile(r"\{\{(\w+)\}\}")
_NAME = re.compile(r"\$?[A-Za-z_]\w*")
_NOTHING = r"(?!)"


class Place(NamedTuple):
    """An insecure line, as characters of the text, and what is wrong with it."""

    start: int
    end: int
    words: str


class Rule(NamedTuple):
    """What a flaw looks like."""

    shows: str
    words: tuple[str, ...]
    """Lower case; code without any of them is not searched."""
    pattern: str
    """With `{{input}}` and `{{given}}` for names of the snippet."""
    needs: re.Pattern[str] | None
    """What the code must hold as well."""
    unless: re.Pattern[str] | None
    """What it must not hold."""
    about: re.Pattern[str] | None
    """What the prompt or the code must speak of."""
    value: Judged | None
    """How strictly the group `value` is judged as a credential; None if there is none."""


class _Names(NamedTuple):
    """The names of a snippet that hold what comes from outside, as patterns."""

    input: str
    """Set from a request."""
    given: str
    """Those, and the parameters of functions."""


def find(piece: Snippet, prompt: str) -> list[Place]:
    """The places of a snippet where a rule holds.

    Args:
        piece: code in any language.
        prompt: what was asked for; some rules hold only if it speaks of users or of a server that is live.
    """
    code = piece.code
    low = code.lower()
    names: _Names | None = None
    places = []
    for rule in rules():
        if not any(word in low for word in rule.words) or not _holds(rule, code, prompt):
            continue
        names = names or _names(code)
        places += [
            Place(piece.start + start, piece.start + end, rule.shows)
            for start, end in _matches(rule, code, names)
        ]
    return places


@cache
def rules() -> tuple[Rule, ...]:
    """All rules, as they are read."""
    table = _table()
    return tuple(
        Rule(
            shows=each["shows"],
            words=tuple(each["words"]),
            pattern=_opened(each["pattern"], table["parts"]),
            needs=_compiled(each.get("needs"), table["parts"]),
            unless=_compiled(each.get("unless"), table["parts"]),
            about=_compiled(each.get("about"), table["parts"]),
            value=each.get("value"),
        )
        for each in table["rule"]
    )


@cache
def words() -> tuple[str, ...]:
    """What code must hold one of to be searched."""
    return tuple(sorted({word for rule in rules() for word in rule.words}))


@cache
def _table() -> dict[str, Any]:
    return read_toml(bundled("taxonomies", "signals") / "insecure_rules.toml", TaxonomyError)


def _opened(pattern: str, parts: dict[str, str]) -> str:
    """The pattern with its parts put in; a space stands for any white space or none."""
    while known := [name for name in _MACRO.findall(pattern) if name in parts]:
        pattern = pattern.replace("{{" + known[0] + "}}", f"(?:{parts[known[0]]})")
    return _BLANK.sub(r"\\s*", pattern)


def _compiled(pattern: str | None, parts: dict[str, str]) -> re.Pattern[str] | None:
    return None if pattern is None else re.compile(_opened(pattern, parts), re.IGNORECASE)


def _holds(rule: Rule, code: str, prompt: str) -> bool:
    """Whether what stands around allows the rule."""
    return not (
        (rule.needs and not rule.needs.search(code))
        or (rule.unless and rule.unless.search(code))
        or (rule.about and not rule.about.search(prompt) and not rule.about.search(code))
    )


def _names(code: str) -> _Names:
    table = _table()["names"]
    cleaned = re.compile(_opened(table["cleaned"], {}), re.IGNORECASE)
    sent = list(_named(code, table["sent"], cleaned))
    given = [*sent, *_named(code, table["given"], None)]
    request = _opened(table["request"], {})
    return _Names(_any_of(request, sent), _any_of(request, given))


def _named(code: str, patterns: list[str], cleaned: re.Pattern[str] | None) -> Iterator[str]:
    for pattern in patterns:
        for match in re.finditer(_opened(pattern, {}), code, re.IGNORECASE):
            if cleaned is None or not cleaned.search(match[0]):
                for part in match[1].split(","):
                    yield from _NAME.findall(part)[-1:] if ":" not in part else _NAME.findall(part)[:1]


def _any_of(request: str, names: list[str]) -> str:
    kept = [re.escape(name) for name in dict.fromkeys(names) if name not in _IGNORED][:NAMES]
    plain = rf"|(?<![\w.$])(?:{'|'.join(kept)})(?!\w)" if kept else ""
    return f"(?:{request}{plain})"


_IGNORED = frozenset(
    ["self", "cls", "this", "request", "req", "res", "response", "None", "null", "const", "int", "str"]
)


def _matches(rule: Rule, code: str, names: _Names) -> Iterator[tuple[int, int]]:
    pattern = rule.pattern.replace("{{input}}", names.input).replace("{{given}}", names.given)
    found = 0
    for match in re.finditer(pattern, code, re.IGNORECASE):
        line = code[code.rfind("\n", 0, match.start()) + 1 : match.start() + 1].lstrip()
        if line.startswith(("#", "//", "* ", "--")) and not line.startswith(("#!", "#include", "#define")):
            continue
        if rule.value is None or real(match["value"], rule.value):
            yield match.start(), max(match.end(), match.start() + 1)
            found += 1
        if found == EACH:
            return
