"""Read lists of messages: `{role, content}`, `{from, value}`, `{role, parts}` and their variants."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from mixguard.corpus.formats.base import Speaker, compact_json, shape
from mixguard.corpus.formats.masks import MASK_KEYS, mask_hides, masked
from mixguard.corpus.formats.parts import read_content, read_part
from mixguard.corpus.formats.speakers import (
    ROLE_KEYS,
    asks,
    find_role_key,
    role_name,
    speaker_of,
    system_answers,
)
from mixguard.corpus.records import Polarity, Role, Turn
from mixguard.errors import RecordError

CONTENT_KEYS = (
    "content", "value", "parts", "text",
    "utterance", "message", "body", "msg", "data", "output", "system_prompt",
)  # fmt: skip
REASONING_KEYS = ("reasoning_content", "thinking", "reasoning")
CALL_KEYS = ("tool_calls", "function_call")
_SILENT = frozenset(
    (
        *ROLE_KEYS,
        *MASK_KEYS,
        *CALL_KEYS,
        *("name", "id", "tool_call_id", "timestamp", "train_detail", "images", "type", "status"),
        *("speaker", "author", "sender", "channel", "recipient", "content_type"),
    )
)
"""Keys allowed in a message without content; any other key might hold text that we would miss."""


class Usage(NamedTuple):
    """How a list uses what others use otherwise."""

    mask_hides: bool = True
    """Whether a true `mask` excludes a message."""
    system_answers: bool = False
    """Whether the speaker `system` is the one that answers."""
    hushed: str | None = None
    """Role name whose messages are excluded."""


USUAL = Usage()


def usage_of(messages: Sequence[Any], hushed: str | None = None) -> Usage:
    """How a list of messages uses its keys; `hushed` is a role name that its row excludes."""
    known = [message for message in messages if isinstance(message, dict)]
    hides = True
    if any("mask" in message for message in known):
        hides = mask_hides([message.get("mask") for message in known], [asks(message) for message in known])
    answers = bool(known) and "speaker" in known[0] and system_answers(known)
    return Usage(hides, answers, hushed) if hushed or answers or not hides else USUAL


def read_messages(
    messages: Any, path: str, *, polarity: Polarity, start: int = 0, hushed: str | None = None
) -> list[Turn]:
    """The turns of a list of messages from index `start` on; assistant turns get `polarity` unless masked.

    Raises:
        RecordError: it is not a list, a message cannot be parsed, or nothing in any message can be read.
    """
    if not isinstance(messages, list):
        raise RecordError(f"{path} is {type(messages).__name__}, not a list of messages")
    usage = usage_of(messages, hushed)
    turns: list[Turn] = []
    for number in range(start, len(messages)):
        turns += read_message(messages[number], f"{path}/{number}", polarity=polarity, usage=usage)
    if turns and all(turn.kind == "unread" for turn in turns):
        raise RecordError(
            f"{path} has no text under a known key; its messages have the keys {shape(messages[start])}"
        )
    return turns


def read_message(message: Any, path: str, *, polarity: Polarity, usage: Usage = USUAL) -> list[Turn]:
    """The turns of one message: at least one, in the order reasoning, content, refusal, tool calls.

    Raises:
        RecordError: it is not an object, or has no role.
    """
    if not isinstance(message, dict):
        raise RecordError(f"{path} is {type(message).__name__}, not a message")
    who = speaker_of(message, path, system_answers=usage.system_answers)
    if who.role is not Role.ASSISTANT or _excluded(message, usage):
        polarity = 0
    if find_role_key(message) is None:
        return read_part(message, who, polarity, path) or [Turn(who.role, "", "unread", 0, path)]
    key = content_key(message)
    turns = read_content(message.get(key), who, polarity, f"{path}/{key}")
    if len(message) > 2:
        turns = [*_reasoning(message, who, polarity, path), *turns, *_beside(message, who, polarity, path)]
    return turns or [_silence(message, key, who, polarity, path)]


def content_key(message: Mapping[str, Any]) -> str:
    """The key of a message's content, even if null."""
    for key in CONTENT_KEYS:
        if message.get(key) is not None:
            return key
    return next((key for key in CONTENT_KEYS if key in message), "value" if "from" in message else "content")


def _excluded(message: Mapping[str, Any], usage: Usage) -> bool:
    if usage.hushed and _name(message) == usage.hushed:
        return True
    return len(message) > 2 and masked(message, mask_hides=usage.mask_hides)


def _name(message: Mapping[str, Any]) -> str:
    return (role_name(message, find_role_key(message) or "") or "").strip().casefold()


def _reasoning(message: Mapping[str, Any], who: Speaker, polarity: Polarity, path: str) -> list[Turn]:
    return [
        Turn(who.role, compact_json(message[key]), "reasoning", polarity, f"{path}/{key}")
        for key in REASONING_KEYS
        if message.get(key)
    ]


def _beside(message: Mapping[str, Any], who: Speaker, polarity: Polarity, path: str) -> list[Turn]:
    turns: list[Turn] = []
    refusal = message.get("refusal")
    if refusal and isinstance(refusal, str):
        turns.append(Turn(who.role, refusal, "text", polarity, f"{path}/refusal"))
    for key in CALL_KEYS:
        calls = message.get(key)
        if not calls:
            continue
        listed = enumerate(calls) if isinstance(calls, list) else [(None, calls)]
        for number, call in listed:
            where = f"{path}/{key}" if number is None else f"{path}/{key}/{number}"
            turns.append(Turn(who.role, compact_json(call), "tool_call", polarity, where))
    return turns


def _silence(message: Mapping[str, Any], key: str, who: Speaker, polarity: Polarity, path: str) -> Turn:
    """An empty message; one that may say something under an unknown key is unread."""
    strange = any(value and name not in _SILENT and name != key for name, value in message.items())
    if message.get(key) is None and strange:
        return Turn(who.role, "", "unread", 0, path)
    return Turn(who.role, "", who.kind, polarity, f"{path}/{key}")


def common_start(first: Sequence[Any], second: Sequence[Any]) -> int:
    """Number of leading messages two lists share; the last of each never counts."""
    limit = min(len(first), len(second)) - 1
    for number in range(limit):
        if not alike(first[number], second[number]):
            return number
    return max(limit, 0)


def alike(first: Any, second: Any) -> bool:
    """Whether two messages are equal; False if nested too deeply to compare."""
    try:
        return bool(first == second)
    except RecursionError:
        return False
