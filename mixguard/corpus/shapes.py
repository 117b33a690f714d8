"""The shape of a row: everything about it but its texts, and the texts by themselves.

Rows of one shape are read alike as long as no text begins with, or holds, what a format looks for.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import NoneType
from typing import Any, NamedTuple, TypeAlias

from mixguard.corpus.formats.labels import COLUMNS as LABELS
from mixguard.corpus.formats.lists import CHAT_COLUMNS, SYSTEM
from mixguard.corpus.formats.masks import ROW_MASKS
from mixguard.corpus.formats.names import key
from mixguard.corpus.formats.pair_names import ANSWERS, PAIRS, PROMPTS, SYSTEMS
from mixguard.corpus.formats.reasoning import may_be_marked, split_reasoning
from mixguard.corpus.formats.thoughts import KEYS as THOUGHTS
from mixguard.corpus.records import Row

Shape: TypeAlias = "tuple[Any, ...]"
"""The columns' names; then for each its type, the empty text, or the key and the roles of its messages."""

MESSAGES_MOST = 64
"""Messages of the longest conversation that has a shape: longer ones are seldom alike."""
_CHATS = frozenset(CHAT_COLUMNS)
_MESSAGE_KEYS: Mapping[tuple[str, ...], tuple[str, str]] = {
    keys: names for names in (("role", "content"), ("from", "value")) for keys in (names, names[::-1])
}
_TWO, _OBJECTS, _TEXTS = {2}, {dict}, {str}
_OPENING = frozenset("<[{◁ \t\r\n")
"""What a list, a template's mark, reasoning or the space before them begin with."""
_BY_VALUE = frozenset({*LABELS, *THOUGHTS, *map(key, ROW_MASKS), "mask", "label", "rowidx", "customid"})
"""Columns, by `names.key`, whose values decide how a row is read."""
_BY_TYPE = frozenset(
    {
        *(name for pair in PAIRS for name in (pair.prompt, pair.answer, *pair.before, *pair.after)),
        *(*PROMPTS, *ANSWERS, *SYSTEMS, "history"),
        *map(key, (*SYSTEM.columns, *CHAT_COLUMNS)),
    }
)
"""Columns that are read: their texts are known by their number, other values are not."""


class Shaped(NamedTuple):
    """A row taken apart."""

    shape: Shape
    texts: list[str]
    """Every text that is not empty, in order."""
    joined: str
    """All of them."""


def shaped(row: Row) -> Shaped | None:
    """A row taken apart; None if one of its texts may be more than text, or its messages have other keys."""
    kinds: list[Any] = [tuple(row)]
    texts: list[str] = []
    for name, value in row.items():
        kind: Any = type(value)
        if kind is str:
            if not value:
                kind = ""
            elif value[0] in _OPENING:
                return None
            else:
                texts.append(value)
        elif kind is list and name in _CHATS:
            kind = _messages(value, texts)
            if kind is None:
                return None
        kinds.append(kind)
    joined = "\n".join(texts)
    return None if may_be_marked(joined) else Shaped(tuple(kinds), texts, joined)


def _messages(value: list[Any], texts: list[str]) -> Shape | None:
    """The keys and the roles of messages, and which have a text; None if they are not alike. Adds their texts."""
    if not value:
        return ("", ())
    names = _MESSAGE_KEYS.get(tuple(value[0])) if type(value[0]) is dict else None
    if names is None or len(value) > MESSAGES_MOST:
        return None
    role_key, text_key = names
    try:
        said = [message[text_key] for message in value]
        roles = tuple([message[role_key] for message in value])
    except (KeyError, TypeError):
        return None
    alike = {*map(len, value)} == _TWO and {*map(type, value)} == _OBJECTS
    if not alike or {*map(type, said), *map(type, roles)} != _TEXTS or _begins_marked(said):
        return None
    texts += filter(None, said)
    return (role_key, roles) if "" not in said else (role_key, roles, tuple(map(bool, said)))


def _begins_marked(said: list[str]) -> bool:
    """Whether a text begins with reasoning."""
    if _OPENING.isdisjoint([text[:1] for text in said]):
        return False
    return any(split_reasoning(text).thought for text in said if text[:1] in _OPENING)


def is_settled(shape: Shape) -> bool:
    """Whether no value but a text can decide how rows of this shape are read."""
    return all(_is_settled(key(name), kind) for name, kind in zip(shape[0], shape[1:], strict=True))


def _is_settled(name: str, kind: Any) -> bool:
    if name in _BY_VALUE:
        return False
    return kind in (str, "", NoneType) or type(kind) is tuple or name not in _BY_TYPE


def marked(row: Row, marks: list[str]) -> Row:
    """The row with each of its texts replaced by the next mark."""
    left = iter(marks)

    def mark(value: Any) -> Any:
        return next(left) if isinstance(value, str) and value else value

    return {
        name: [_marked(message, mark) for message in value]
        if name in _CHATS and isinstance(value, list)
        else mark(value)
        for name, value in row.items()
    }


def _marked(message: Mapping[str, Any], mark: Any) -> dict[str, Any]:
    _, text_key = _MESSAGE_KEYS[tuple(message)]
    return {**message, text_key: mark(message[text_key])}


def strings_of(shape: Shape) -> int | None:
    """Number of texts that the JSON of such a row has, keys included; None if there may be any number."""
    count = 0
    for kind in shape[1:]:
        if kind in (list, dict):
            return None
        if type(kind) is tuple:
            count += 4 * len(kind[1])  # two keys, a role and a text each
        else:
            count += kind in (str, "")
    return count + len(shape[0])
