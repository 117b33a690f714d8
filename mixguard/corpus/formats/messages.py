"""Read lists of messages: `{role, content}`, `{from, value}`, `{role, parts}` and their variants."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from mixguard.corpus.formats.base import Speaker, compact_json, shape, speaker
from mixguard.corpus.formats.content import read_content
from mixguard.corpus.records import Polarity, Role, Turn
from mixguard.errors import RecordError

ROLE_KEYS = ("role", "from")
CONTENT_KEYS = ("content", "value", "parts", "text")
REASONING_KEYS = ("reasoning_content", "thinking", "reasoning")
MASK_KEYS = ("weight", "loss_weight", "loss", "train", "training")
"""Keys that exclude an assistant message from the loss if 0 or false."""

MASKED = (0, "0", "false", "False")
_CALL_KEYS = ("tool_calls", "function_call")
_SILENT = frozenset(
    (
        *ROLE_KEYS,
        *MASK_KEYS,
        "name",
        "id",
        "tool_call_id",
        "timestamp",
        "train_detail",
        "tool_calls",
        "images",
    )
)
"""Keys allowed in a message without content; any other key might hold text that we would miss."""


def read_messages(messages: Any, path: str, *, polarity: Polarity, start: int = 0) -> list[Turn]:
    """The turns of a list of messages from index `start` on; assistant turns get `polarity` unless masked.

    Raises:
        RecordError: it is not a list, or a message cannot be parsed.
    """
    if not isinstance(messages, list):
        raise RecordError(f"{path} is {type(messages).__name__}, not a list of messages")
    turns: list[Turn] = []
    for number in range(start, len(messages)):
        turns += read_message(messages[number], f"{path}/{number}", polarity=polarity)
    return turns


def read_message(message: Any, path: str, *, polarity: Polarity) -> list[Turn]:
    """The turns of one message: at least one, in the order reasoning, content, refusal, tool calls.

    Raises:
        RecordError: it is not an object, has no role, or has no known content.
    """
    if not isinstance(message, dict):
        raise RecordError(f"{path} is {type(message).__name__}, not a message")
    who = speaker(message[role_key(message, path)])
    if who.role is not Role.ASSISTANT or (len(message) > 2 and masked(message)):
        polarity = 0
    key = content_key(message)
    turns = read_content(message.get(key), who, polarity, f"{path}/{key}")
    if len(message) > 2:
        turns = [*_reasoning(message, who, polarity, path), *turns, *_beside(message, who, polarity, path)]
    if turns:
        return turns
    _check_silence(message, key, path)
    return [Turn(who.role, "", who.kind, polarity, f"{path}/{key}")]


def role_key(message: Mapping[str, Any], path: str) -> str:
    """The key of a message's role; if there are two, the one with a known role name.

    Raises:
        RecordError: there is none.
    """
    named = [key for key in ROLE_KEYS if isinstance(message.get(key), str)]
    if len(named) > 1:
        named.sort(key=lambda key: speaker(message[key]).role is Role.DOCUMENT)
    if not named:
        raise RecordError(f"{path} has no role; its keys are {shape(message)}")
    return named[0]


def content_key(message: Mapping[str, Any]) -> str:
    """The key of a message's content, even if null."""
    for key in CONTENT_KEYS:
        if message.get(key) is not None:
            return key
    return next((key for key in CONTENT_KEYS if key in message), "value" if "from" in message else "content")


def masked(message: Mapping[str, Any]) -> bool:
    """Whether a message is masked from training."""
    for key in MASK_KEYS:
        if key in message and message[key] in MASKED:
            return True
    spans = message.get("train_detail")
    return isinstance(spans, list) and bool(spans) and not any(_trains(span) for span in spans)


def _trains(span: Any) -> bool:
    return not isinstance(span, dict) or bool(span.get("train", True))


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
    for key in _CALL_KEYS:
        calls = message.get(key)
        if not calls:
            continue
        listed = enumerate(calls) if isinstance(calls, list) else [(None, calls)]
        for number, call in listed:
            where = f"{path}/{key}" if number is None else f"{path}/{key}/{number}"
            turns.append(Turn(who.role, compact_json(call), "tool_call", polarity, where))
    return turns


def _check_silence(message: Mapping[str, Any], key: str, path: str) -> None:
    strange = [name for name, value in message.items() if value and name not in _SILENT and name != key]
    if message.get(key) is None and strange:
        raise RecordError(f"{path} has no content; its keys are {shape(message)}")


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
