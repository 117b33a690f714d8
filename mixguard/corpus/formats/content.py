"""Message content, a string or a list of typed parts, to turns and back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import orjson

from mixguard.corpus.formats.base import Speaker, compact_json, joined_text, text_turns
from mixguard.corpus.formats.reasoning import is_marked
from mixguard.corpus.records import Kind, Polarity, Role, Turn
from mixguard.errors import RecordError

_KIND_WORDS: Mapping[Kind, str] = {
    "text": "text input_text output_text refusal",
    "reasoning": "reasoning thinking think",
    "tool_call": "tool_call tool_calls tool_use function_call",
    "tool_result": "tool_result tool_response",
    "image": "image image_url input_image video video_url audio audio_url input_audio file input_file document",
}
_KINDS: Mapping[str, Kind] = {word: kind for kind, words in _KIND_WORDS.items() for word in words.split()}

_UNTYPED: Mapping[str, Kind] = {
    "functionCall": "tool_call",
    "function_call": "tool_call",
    "functionResponse": "tool_result",
    "function_response": "tool_result",
    "fileData": "image",
    "file_data": "image",
    "inlineData": "image",
    "inline_data": "image",
    "image_url": "image",
    "image": "image",
}
"""Keys that identify the kind of a part without a `type`."""

PART_TEXT = ("text", "value", "reasoning", "thinking", "refusal")
"""Keys that may hold a part's text."""
_WRITABLE = ("value", "text")


def read_content(value: Any, who: Speaker, polarity: Polarity, path: str) -> list[Turn]:
    """The turns of a message's content; none if it is empty.

    Raises:
        RecordError: the content is neither text nor known parts.
    """
    if isinstance(value, str):
        return text_turns(value, who, polarity, path)
    if value is None:
        return []
    if isinstance(value, dict):
        return _read_part(value, who, polarity, path)
    if not isinstance(value, list):
        raise RecordError(f"content is {type(value).__name__}, neither text nor a list of parts")
    return [turn for n, part in enumerate(value) for turn in _read_part(part, who, polarity, f"{path}/{n}")]


def _read_part(part: Any, who: Speaker, polarity: Polarity, path: str) -> list[Turn]:
    if isinstance(part, str):
        return text_turns(part, who, polarity, path)
    if not isinstance(part, dict):
        raise RecordError(f"a content part is {type(part).__name__}, neither text nor an object")
    kind = _part_kind(part)
    key = next((key for key in PART_TEXT if isinstance(part.get(key), str)), None)
    if kind == "image":
        return [Turn(who.role, "", "image", 0, path)]
    if kind in ("text", None) and key is not None:
        return text_turns(part[key], who, polarity, f"{path}/{key}")
    if kind == "text":
        return []
    if kind is None:
        raise RecordError("a content part has an unknown type and no text")
    role = Role.TOOL if kind == "tool_result" else who.role
    text, where = (part[key], f"{path}/{key}") if key is not None else (compact_json(part), path)
    return [Turn(role, text, kind, polarity if role is Role.ASSISTANT else 0, where)]


def _part_kind(part: Mapping[str, Any]) -> Kind | None:
    word = part.get("type")
    if isinstance(word, str):
        return _KINDS.get(word)
    return next((kind for key, kind in _UNTYPED.items() if part.get(key) is not None), None)


def write_content(turns: Sequence[Turn], like: Any, originals: Mapping[str, Any]) -> Any:
    """The turns as content in the style of `like`.

    Args:
        turns: of one message, without keyed reasoning or keyed tool calls.
        like: content whose style to keep: a string, or parts and their keys.
        originals: parts by JSON pointer, for images and files, which have no text to write them from.

    Raises:
        RecordError: content of this style cannot hold one of the turns.
    """
    if isinstance(like, dict) and len(turns) == 1:
        return _write_part(turns[0], like, originals)
    if isinstance(like, list):
        return [_write_part(turn, _text_part(like), originals) for turn in _merged(turns)]
    if any(turn.kind == "image" for turn in turns):
        raise RecordError("content that is a string cannot hold an image")
    return joined_text(turns)


def _merged(turns: Sequence[Turn]) -> list[Turn]:
    """Turns with tagged reasoning merged back into the text it was split from."""
    merged: list[Turn] = []
    for turn in turns:
        previous = merged[-1] if merged else None
        if previous and turn.kind == "text" and previous.kind == "reasoning" and is_marked(previous.text):
            merged[-1] = replace(turn, text=previous.text + turn.text)
        else:
            merged.append(turn)
    return merged


def _text_part(parts: Sequence[Any]) -> Any:
    """The part whose style new text takes."""
    return next(
        (part for part in parts if isinstance(part, str) or _holds_text(part)), {"type": "text", "text": ""}
    )


def _holds_text(part: Any) -> bool:
    return (
        isinstance(part, dict)
        and _part_kind(part) in ("text", None)
        and any(isinstance(part.get(key), str) for key in _WRITABLE)
    )


def _write_part(turn: Turn, like: Any, originals: Mapping[str, Any]) -> Any:
    if turn.kind == "image":
        if turn.path not in originals:
            raise RecordError("an image has no original to copy")
        return originals[turn.path]
    if isinstance(like, str) and turn.kind == "text":
        return turn.text
    typed = like if isinstance(like, dict) else {"type": "text", "text": ""}
    key = next((key for key in _WRITABLE if isinstance(typed.get(key), str)), "text")
    if key == "text" and turn.kind in ("tool_call", "tool_result"):
        return json_object(turn.text)
    return _typed_part(turn, typed, key)


def _typed_part(turn: Turn, like: Mapping[str, Any], key: str) -> dict[str, Any]:
    part: dict[str, Any] = {}
    for name, value in like.items():
        if name == key:
            part[name] = turn.text
        elif name == "type" and turn.kind == "text":
            part[name] = value
        elif name == "type" or value is None:
            part[name] = turn.kind if name == "type" else None
    return part if turn.kind == "text" else {**part, "type": turn.kind}


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
