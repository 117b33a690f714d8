"""Read a message's content: text, one part, or a list of typed or untyped parts."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Literal

from mixguard.corpus.formats.base import Speaker, compact_json, text_turns
from mixguard.corpus.records import Kind, Polarity, Role, Turn

PartKind = Kind | Literal["marker"]
"""A turn's kind, or a mark between parts that says nothing."""

_WORDS: Mapping[PartKind, str] = {
    "text": "text input_text output_text summary_text plain_text refusal",
    "reasoning": "reasoning thinking think thought redacted_thinking redacted_reasoning reasoning_text",
    "tool_call": "tool_call tool_calls tool_use function_call tool_invocation executable_code",
    "tool_result": "tool_result tool_response",
    "image": "image image_url input_image image_file video video_url input_video audio audio_url input_audio"
    " file input_file document media",
    "marker": "cache_point step_start step_finish",
}
_KINDS: Mapping[str, PartKind] = {word: kind for kind, words in _WORDS.items() for word in words.split()}
_RESULT = re.compile(r".*(?:tool|call|function|execution)_?(?:result|response|output|result_error)s?")
_CALL = re.compile(r".*(?:tool_?use|(?:tool|function)_?calls?|_call)")

_KEYS: Mapping[str, PartKind] = {
    "functionCall": "tool_call",
    "function_call": "tool_call",
    "toolUse": "tool_call",
    "tool_use": "tool_call",
    "executableCode": "tool_call",
    "executable_code": "tool_call",
    "functionResponse": "tool_result",
    "function_response": "tool_result",
    "toolResult": "tool_result",
    "tool_result": "tool_result",
    "codeExecutionResult": "tool_result",
    "code_execution_result": "tool_result",
    "reasoningContent": "reasoning",
    "guardContent": "text",
    "citationsContent": "text",
    "fileData": "image",
    "file_data": "image",
    "inlineData": "image",
    "inline_data": "image",
    "image_url": "image",
    "image": "image",
    "video": "image",
    "audio": "image",
    "document": "image",
    "cachePoint": "marker",
    "cache_point": "marker",
}
"""Keys that identify the kind of a part without a `type`."""

PART_TEXT = (
    "text", "value", "reasoning", "thinking", "thought", "refusal", "content", "summary", "parts",
    "reasoningText", "reasoningContent", "guardContent", "citationsContent", "instructions", "model_identity",
    "markdown", "code",
)  # fmt: skip
"""Keys that may hold a part's text, or the parts that do."""
_DEEP = 8
"""Levels of parts in parts that are read."""


def read_content(value: Any, who: Speaker, polarity: Polarity, path: str) -> list[Turn]:
    """The turns of a message's content; none if it is empty. What cannot be read is a turn of kind `unread`.

    A number or a truth value is its JSON text, and so is what a tool returns, unless it is made of parts.
    """
    if isinstance(value, str):
        return text_turns(value, who, polarity, path)
    if value is None:
        return []
    if who.role is Role.TOOL and not _made_of_parts(value):
        return [Turn(who.role, compact_json(value), who.kind, 0, path)]
    if isinstance(value, list):
        return [
            turn for n, part in enumerate(value) for turn in read_part(part, who, polarity, f"{path}/{n}")
        ]
    return read_part(value, who, polarity, path)


def _made_of_parts(value: Any) -> bool:
    parts = value if isinstance(value, list) else [value]
    return all(
        isinstance(part, str)
        or (isinstance(part, dict) and (part_kind(part) is not None or (len(part) == 1 and "text" in part)))
        for part in parts
    )


def read_part(part: Any, who: Speaker, polarity: Polarity, path: str, depth: int = 0) -> list[Turn]:
    """The turns of one part of a content."""
    if isinstance(part, dict):
        return _read_object(part, who, polarity, path, depth)
    if isinstance(part, list):
        return _nested(part, who, polarity, path, depth)
    return [] if part is None else text_turns(compact_json(part), who, polarity, path)


def _read_object(
    part: Mapping[str, Any], who: Speaker, polarity: Polarity, path: str, depth: int
) -> list[Turn]:
    kind = part_kind(part)
    if kind == "marker":
        return []
    if kind == "image":
        return _written_document(part, who, polarity, path) or [Turn(who.role, "", "image", 0, path)]
    if kind in ("tool_call", "tool_result"):
        return [_tool_turn(part, kind, who, polarity, path)]
    if kind == "reasoning":
        said = _said(part, Speaker(who.role, "reasoning"), polarity, path, depth)
        return said or [Turn(who.role, "", "reasoning", polarity, path)]
    said = _said(part, who, polarity, path, depth)
    if said or (kind == "text" and any(part.get(key) in ("", None) for key in PART_TEXT if key in part)):
        return said
    return [Turn(who.role, "", "unread", 0, path)]


def _said(part: Mapping[str, Any], who: Speaker, polarity: Polarity, path: str, depth: int) -> list[Turn]:
    """The turns under the first key that has any."""
    for key in PART_TEXT:
        value = part.get(key)
        if isinstance(value, str) and value:
            return text_turns(value, who, polarity, f"{path}/{key}")
        if isinstance(value, dict | list) and value:
            turns = _nested(value, who, polarity, f"{path}/{key}", depth)
            if any(turn.kind != "unread" for turn in turns):
                return turns
    return []


def _nested(value: Any, who: Speaker, polarity: Polarity, path: str, depth: int) -> list[Turn]:
    if depth >= _DEEP:
        return [Turn(who.role, "", "unread", 0, path)]
    if isinstance(value, dict):
        return read_part(value, who, polarity, path, depth + 1)
    return [
        turn
        for number, part in enumerate(value)
        for turn in read_part(part, who, polarity, f"{path}/{number}", depth + 1)
    ]


def _tool_turn(part: Mapping[str, Any], kind: Kind, who: Speaker, polarity: Polarity, path: str) -> Turn:
    """A call or a result: its text if it has one, else its JSON. A result is context, whoever says it."""
    key = next((key for key in ("text", "value") if isinstance(part.get(key), str)), None)
    text, where = (compact_json(part), path) if key is None else (part[key], f"{path}/{key}")
    role = Role.TOOL if kind == "tool_result" else who.role
    return Turn(role, text, kind, polarity if role is Role.ASSISTANT else 0, where)


def _written_document(part: Mapping[str, Any], who: Speaker, polarity: Polarity, path: str) -> list[Turn]:
    """The text of a document that is given as text; none if it is a file."""
    inner = part.get("document")
    holder, where = (inner, f"{path}/document") if isinstance(inner, dict) else (part, path)
    source = holder.get("source")
    if not isinstance(source, dict):
        return []
    key = "data" if source.get("type") == "text" else "text"
    text = source.get(key)
    return text_turns(text, who, polarity, f"{where}/source/{key}") if isinstance(text, str) else []


def part_kind(part: Mapping[str, Any]) -> PartKind | None:
    """The kind that a part's `type` or keys name; None if neither is known."""
    if part.get("thought") is True:
        return "reasoning"
    word = part.get("type")
    kind = word_kind(word) if isinstance(word, str) else None
    return kind or next((kind for key, kind in _KEYS.items() if part.get(key) is not None), None)


def word_kind(word: str) -> PartKind | None:
    """The kind that a part's `type` names, however it is spelt: `tool-call`, `tool_call`."""
    kind = _KINDS.get(word)
    if kind is not None:
        return kind
    plain = word.casefold().replace("-", "_")
    if plain in _KINDS:
        return _KINDS[plain]
    if _RESULT.fullmatch(plain):
        return "tool_result"
    return "tool_call" if _CALL.fullmatch(plain) else None
