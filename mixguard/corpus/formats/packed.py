"""Lists of messages kept as text: JSON, or Python's spelling of a list, as tables and exports write them."""

from __future__ import annotations

import ast
import json
import re
import warnings
from functools import partial
from typing import Any

import orjson

from mixguard.corpus.files.values import cleaned
from mixguard.corpus.formats.base import ROLES
from mixguard.corpus.formats.lists import LIST_COLUMNS
from mixguard.corpus.formats.messages import CONTENT_KEYS
from mixguard.corpus.formats.speakers import ROLE_KEYS

_LISTS = (
    "messages conversations conversation dialog dialogs chat chats turns trajectory history contents segments"
    " answers completions labels chosen_messages rejected_messages"
)
LISTS = frozenset(_LISTS.split())
"""Columns that are lists in every format: a text that spells a list is one."""
_SAID = (
    "prompt completion input chosen rejected chosen_response rejected_response preferred_output"
    " non_preferred_output preferred_completion non_preferred_completion systeminstruction"
    " system_instruction"
)
SAID = frozenset((*_SAID.split(), *LIST_COLUMNS)) - LISTS
"""Columns that hold text or messages: only a text that spells messages is unpacked, for an answer may be JSON."""

_OPENING = re.compile(r"\s*[\[{]")
_PYTHON = re.compile(r"\s*\[?\s*\{\s*'")
_STACKED = re.compile(r"\}\s*\n\s*\{")
"""What NumPy writes between the objects of an array. A line break within a text is escaped there."""
_PYTHON_MOST = 2**21
"""Characters of the longest text read as Python: its parser needs a hundred times as much memory."""


def unpacked(text: str, column: str) -> Any:
    """The list or message that a column's text spells; None if it is to stay text."""
    name = column.casefold()
    if name not in LISTS and name not in SAID:
        return None
    if not text and name == "history":  # an empty cell of a table
        return []
    if not _OPENING.match(text):
        return None
    value = _parsed(text)
    fits = _is_list(value) if name in LISTS else _is_said(value)
    return value if fits else None


def is_list(column: str) -> bool:
    """Whether a column is a list in every format."""
    return column.casefold() in LISTS


def packed(value: Any, like: str) -> str:
    """A list or message as text, spelt like another."""
    shown = _from_json(like) if like else []
    if shown is None:
        between = "\n " if _STACKED.search(like) else ", "
        return f"[{between.join(map(repr, value))}]" if isinstance(value, list) else repr(value)
    write = next((write for write in _SPELLINGS if write(shown) == like), _SPELLINGS[0])
    return write(value)


_SPELLINGS = tuple(
    partial(json.dumps, ensure_ascii=escaped, indent=indent, separators=separators)
    for indent, separators in (
        (None, (",", ":")),
        (None, (", ", ": ")),
        (2, (",", ": ")),
        (4, (",", ": ")),
    )
    for escaped in (False, True)
)
"""How JSON is commonly written."""


def _parsed(text: str) -> Any:
    value = _from_json(text)
    if value is None and len(text) <= _PYTHON_MOST and _PYTHON.match(text):
        value = _from_python(text)
    return value


def _from_json(text: str) -> Any:
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        pass
    try:  # it also reads lone surrogates, which no UTF-8 text can hold
        return cleaned(json.loads(text))
    except (ValueError, RecursionError):
        return None


def _from_python(text: str) -> Any:
    for spelt in (text, _STACKED.sub("}, {", text)):
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", SyntaxWarning)  # a backslash that escapes nothing
                value = ast.literal_eval(spelt.strip())
        except (ValueError, SyntaxError, MemoryError, RecursionError, TypeError):
            continue
        return cleaned(value) if _is_json(value) else None
    return None


def _is_json(value: Any) -> bool:
    """Whether JSON can hold a Python literal; its parser limits the depth."""
    if isinstance(value, dict):
        return all(isinstance(key, str) and _is_json(inner) for key, inner in value.items())
    if isinstance(value, list):
        return all(map(_is_json, value))
    return value is None or isinstance(value, str | int | float)


def _is_list(value: Any) -> bool:
    """Whether it is a list of objects, of pairs, or of the plain values of graded answers."""
    if not isinstance(value, list):
        return False
    return any(all(isinstance(each, kind) for each in value) for kind in (dict, list, str, int | float))


def _is_said(value: Any) -> bool:
    if isinstance(value, dict):
        return _is_message(value) or _holds_messages(value)
    return isinstance(value, list) and bool(value) and all(map(_is_message, value))


def _holds_messages(value: dict[str, Any]) -> bool:
    inner = value.get("messages")
    return isinstance(inner, list) and bool(inner) and all(map(_is_message, inner))


def _is_message(value: Any) -> bool:
    if not isinstance(value, dict) or not any(key in value for key in (*CONTENT_KEYS, "tool_calls")):
        return False
    roles = [value[key] for key in ROLE_KEYS if isinstance(value.get(key), str)]
    return any(role.strip().casefold() in ROLES for role in roles)
