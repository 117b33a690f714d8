"""Write turns as message content, in the style of other content: a string, or typed or untyped parts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import groupby
from typing import Any, NamedTuple

import orjson

from mixguard.corpus.formats.base import Speaker, joined_text
from mixguard.corpus.formats.parts import PART_TEXT, part_kind, read_part
from mixguard.corpus.formats.reasoning import is_marked
from mixguard.corpus.records import Role, Turn
from mixguard.errors import RecordError

_WRITABLE = ("value", "text")
_SORTS = ("type", "thought", "content_type")
"""Keys that say of what sort a part is."""
_COPIED = ("image", "unread")
"""Kinds of turns that have no text to write them from."""


class Parts(NamedTuple):
    """The parts of a message's own content."""

    path: str
    parts: Sequence[Any]

    def number(self, turn: Turn) -> int | None:
        """The number of the part that a turn comes from; None if from none."""
        if not self.path:
            return None
        head, _, tail = turn.path.partition(f"{self.path}/")
        number = tail.partition("/")[0]
        return int(number) if not head and number.isdecimal() and int(number) < len(self.parts) else None


NO_PARTS = Parts("", ())


class PartStyle(NamedTuple):
    """The parts whose keys and type new parts take; None where a list has none to imitate."""

    text: Any
    reasoning: Mapping[str, Any] | None = None
    apart: bool = False
    """Whether reasoning has parts of its own."""

    @classmethod
    def of(cls, contents: Iterable[Any]) -> PartStyle:
        """The style of several contents: those of the same speaker first."""
        parts = [part for content in contents if isinstance(content, list) for part in content]
        thoughts = [part for part in parts if isinstance(part, dict) and part_kind(part) == "reasoning"]
        thought = next((part for part in thoughts if _text_key(part)), None)
        text = next((part for part in parts if isinstance(part, str) or _holds_text(part)), None)
        return cls(_bare_text(parts) if text is None else text, thought, bool(thoughts))


def _bare_text(parts: Sequence[Any]) -> dict[str, Any]:
    """A text part where there is none to imitate: untyped, or with `value`, as the other parts are."""
    objects = [part for part in parts if isinstance(part, dict)]
    if objects and not any("type" in part for part in objects):
        return {"text": ""}
    key = "value" if any(isinstance(part.get("value"), str) for part in objects) else "text"
    return {"type": "text", key: ""}


def _holds_text(part: Any) -> bool:
    return (
        isinstance(part, dict)
        and part_kind(part) in ("text", None)
        and any(isinstance(part.get(key), str) for key in _WRITABLE)
    )


def _text_key(part: Mapping[str, Any]) -> str | None:
    return next((key for key in PART_TEXT if isinstance(part.get(key), str)), None)


def write_content(
    turns: Sequence[Turn], like: Any, style: PartStyle | None = None, own: Parts = NO_PARTS
) -> Any:
    """The turns as content in the style of `like`.

    Args:
        turns: of one message, without keyed reasoning or keyed tool calls.
        like: content whose style to keep: a string or parts.
        style: of new parts; that of `like` if None.
        own: the parts that the turns come from: unchanged ones are copied, images too.

    Raises:
        RecordError: content of this style cannot hold one of the turns.
    """
    style = style or PartStyle.of([like if isinstance(like, list) else [like]])
    if isinstance(like, dict) and len(turns) == 1:
        return _edited(turns[0], like, own.path) if own.path else _object_like(turns[0], like, style)
    if isinstance(like, list):
        return [
            part
            for number, group in groupby(turns, own.number)
            for part in _write_group(list(group), number, style, own)
        ]
    if any(turn.kind in _COPIED for turn in turns):
        raise RecordError("content that is a string cannot hold an image or another part without text")
    return joined_text(turns)


def _write_group(turns: list[Turn], number: int | None, style: PartStyle, own: Parts) -> list[Any]:
    """The parts for turns from one part of the message, or from none."""
    if number is None:
        if style.apart and any(_is_tagged(turn) for turn in turns):
            raise RecordError("these messages keep reasoning in parts of their own, without tags")
        return [_write_part(turn, style) for turn in _merged(turns)]
    original = own.parts[number]
    who = Speaker(turns[0].role, turns[0].kind if turns[0].role is Role.TOOL else "text")
    read = read_part(original, who, turns[0].polarity, f"{own.path}/{number}")
    if [(turn.kind, turn.text) for turn in read] == [(turn.kind, turn.text) for turn in turns]:
        return [original]
    merged = _merged(turns)
    return [
        _edited(merged[0], original, f"{own.path}/{number}"),
        *(_write_part(turn, style) for turn in merged[1:]),
    ]


def _merged(turns: Sequence[Turn]) -> list[Turn]:
    """Turns with tagged reasoning merged back into the text it was split from."""
    merged: list[Turn] = []
    for turn in turns:
        previous = merged[-1] if merged else None
        if previous and turn.kind == "text" and _is_tagged(previous):
            merged[-1] = replace(turn, text=previous.text + turn.text)
        else:
            merged.append(turn)
    return merged


def _is_tagged(turn: Turn) -> bool:
    return turn.kind == "reasoning" and is_marked(turn.text)


def _edited(turn: Turn, original: Any, path: str) -> Any:
    """A part with another text, its other keys as they were."""
    if isinstance(original, str):
        return turn.text
    key = turn.path.removeprefix(f"{path}/")
    if turn.kind in _COPIED or not isinstance(original, dict) or not isinstance(original.get(key), str):
        raise RecordError("a part that holds other parts cannot be rewritten")
    return {**original, key: turn.text}


def _write_part(turn: Turn, style: PartStyle) -> Any:
    if turn.kind in _COPIED:
        raise RecordError("an image or another part without text has no original to copy")
    like = style.text
    if isinstance(like, str) and turn.kind == "text":
        return turn.text
    if turn.kind == "reasoning" and style.reasoning is not None:
        return _part_like(style.reasoning, _text_key(style.reasoning) or "text", turn.text)
    typed = like if isinstance(like, dict) else {"type": "text", "text": ""}
    key = next((key for key in _WRITABLE if isinstance(typed.get(key), str)), "text")
    if key == "text" and turn.kind in ("tool_call", "tool_result"):
        return json_object(turn.text)
    if turn.kind == "text":
        return _part_like(typed, key, turn.text)
    if "type" not in typed:
        raise RecordError(f"parts without a type cannot hold new {turn.kind}")
    return {**_part_like(typed, key, turn.text), "type": turn.kind}


def _object_like(turn: Turn, like: Mapping[str, Any], style: PartStyle) -> Any:
    """Content that is one object, its text under the key that holds it in the other."""
    key = next((key for key in PART_TEXT if like.get(key)), None)
    if turn.kind != "text" or key is None or part_kind(like) not in ("text", None):
        return _write_part(turn, style)
    inner = like[key]
    text = [_write_part(turn, PartStyle.of([inner]))] if isinstance(inner, list) else turn.text
    return {**_part_like(like, key, turn.text), key: text}


def _part_like(like: Mapping[str, Any], key: str, text: str) -> dict[str, Any]:
    """A part with the keys that say what it is, and none of the other part's own."""
    kept = {name: value for name, value in like.items() if name in _SORTS or value is None}
    return {name: text if name == key else kept[name] for name in like if name == key or name in kept}


def json_object(text: str) -> dict[str, Any]:
    """The object encoded in a tool call's text.

    Raises:
        RecordError: the text is not a JSON object.
    """
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError:
        value = None
    if not isinstance(value, dict):
        raise RecordError("a tool call is not a JSON object")
    return value
