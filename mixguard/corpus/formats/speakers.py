"""Who speaks in a message: its role under any of the keys in use, its channel, or the type of an item."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from mixguard.corpus.formats.base import UNKNOWN, Speaker, shape, speaker
from mixguard.corpus.formats.parts import word_kind
from mixguard.corpus.records import Kind, Role
from mixguard.errors import RecordError

ROLE_KEYS = ("role", "from")
_OTHER_KEYS = ("speaker", "author", "sender", "name", "type")
"""Keys that hold the role where neither of `ROLE_KEYS` does."""
_ITEMS: Mapping[Kind, Role] = {
    "reasoning": Role.ASSISTANT,
    "tool_call": Role.ASSISTANT,
    "tool_result": Role.TOOL,
}
"""Speaker of an item without a role, by its kind (OpenAI Responses API)."""
_NOT_TOOLS = ("all", "user", "assistant")
_THOUGHT, _CALL = Speaker(Role.ASSISTANT, "reasoning"), Speaker(Role.ASSISTANT, "tool_call")


def role_key(message: Mapping[str, Any], path: str) -> str:
    """The key of a message's role; if there are two, the one with a known role name.

    Raises:
        RecordError: there is none.
    """
    key = find_role_key(message)
    if key is None:
        raise RecordError(f"{path} has no role; its keys are {shape(message)}")
    return key


def find_role_key(message: Mapping[str, Any]) -> str | None:
    """The key of a message's role; None if there is none."""
    if isinstance(message.get("role"), str) and message.get("from") is None:
        return "role"
    named = [key for key in ROLE_KEYS if isinstance(message.get(key), str)]
    if len(named) > 1:
        named.sort(key=lambda key: speaker(message[key]).role is Role.DOCUMENT)
    if named or item_kind(message) is not None:
        return named[0] if named else None
    for key in _OTHER_KEYS:
        name = role_name(message, key)
        if name is not None and (key != "type" or speaker(name) in _TALKERS):
            return key
    return None


_TALKERS = frozenset(Speaker(role) for role in (Role.SYSTEM, Role.USER, Role.ASSISTANT))


def role_name(message: Mapping[str, Any], key: str) -> str | None:
    """The role under a key: a text, or an author's `role`."""
    value = message.get(key)
    if isinstance(value, dict):
        value = value.get("role")
    return value if isinstance(value, str) else None


def item_kind(message: Mapping[str, Any]) -> Kind | None:
    """The kind of an item that has no role because its type says who speaks; None if it has none such."""
    word = message.get("type")
    kind = word_kind(word) if isinstance(word, str) else None
    return kind if kind in ("reasoning", "tool_call", "tool_result") else None


def speaker_of(message: Mapping[str, Any], path: str, *, system_answers: bool = False) -> Speaker:
    """Who speaks, and what kind of message it is; `UNKNOWN` for an item of another type.

    Raises:
        RecordError: it has neither a role nor a type.
    """
    key = find_role_key(message)
    if key is None:
        kind = item_kind(message)
        if kind is not None:
            return Speaker(_ITEMS[kind], kind)
        if isinstance(message.get("type"), str):
            return UNKNOWN
        role_key(message, path)
    who = speaker(role_name(message, key or "") or "")
    if who.role is Role.ASSISTANT and "channel" in message:
        return _on_channel(who, message)
    return Speaker(Role.ASSISTANT) if system_answers and who.role is Role.SYSTEM else who


def _on_channel(who: Speaker, message: Mapping[str, Any]) -> Speaker:
    """Harmony (gpt-oss): the answer is on the channel `final`; the others hold thoughts and calls."""
    recipient = message.get("recipient")
    if isinstance(recipient, str) and recipient and recipient.casefold() not in _NOT_TOOLS:
        return _CALL
    return (
        _THOUGHT
        if message["channel"] in ("analysis", "commentary") and not message.get("tool_calls")
        else who
    )


def system_answers(messages: Sequence[Any]) -> bool:
    """Whether `system` is the one that answers: in a task-oriented dialogue it speaks after the user."""
    named = [
        role_name(m, "speaker") for m in messages if isinstance(m, dict) and find_role_key(m) == "speaker"
    ]
    roles = [speaker(name).role for name in named if name]
    if Role.ASSISTANT in roles or Role.USER not in roles:
        return False
    return Role.SYSTEM in roles[roles.index(Role.USER) :]


def is_talk(value: Any) -> bool:
    """Whether a value really is a list of messages: each has a role, and one is of the user or the model."""
    if not isinstance(value, list) or not value or not all(isinstance(message, dict) for message in value):
        return False
    known = False
    for message in value:
        key = find_role_key(message)
        if key is None and not isinstance(message.get("type"), str):
            return False
        who = speaker(role_name(message, key) or "") if key else None
        known = known or (who is not None and who.role in (Role.USER, Role.ASSISTANT))
    return known


def asks(message: Any) -> bool:
    """Whether a message is the user's."""
    key = find_role_key(message) if isinstance(message, dict) else None
    return key is not None and speaker(role_name(message, key) or "").role is Role.USER
