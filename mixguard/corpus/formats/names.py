"""Find a row's columns by name, in any letter case and spelling: `prompt_text`, `Prompt Text`, `PROMPT`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType

from mixguard.corpus.records import Row

_OF_TEXT = re.compile(r"(?<=\w)(?:[\W_]+text|(?<=[a-z])Text|[\W_]+TEXT|[\W_]+Text)$")
_NOT_LETTERS = re.compile(r"[\W_]+")
_LONGEST = 60
"""Characters of a column's name; without a header, a table's keys are the text of its first row."""


def key(name: str) -> str:
    """What the spellings of a name share: its letters and digits in small, without `text` at its end.

    A name without letters stays as it is.
    """
    return _NOT_LETTERS.sub("", _OF_TEXT.sub("", name)).casefold() or name


def filled(row: Row) -> Mapping[str, str]:
    """The columns that have a value, by `key`; where two share one, the name that is spelt like it."""
    return by_key(tuple([name for name, value in row.items() if value is not None]))


def known(row: Row) -> Mapping[str, str]:
    """All columns by `key`, those with a value first."""
    return {**by_key(tuple(row)), **filled(row)}


@lru_cache(maxsize=512)
def by_key(names: tuple[str, ...]) -> Mapping[str, str]:
    """The names by `key`; where two share one, the name that is spelt like it."""
    found: dict[str, str] = {}
    for name in names:
        if isinstance(name, str) and len(name) <= _LONGEST:
            short = key(name)
            if short not in found or name == short:
                found[short] = name
    return MappingProxyType(found)
