"""Write lists of messages in the style of another list.

A message with unchanged turns is copied whole. A changed one keeps its keys; a new one takes those of the
first message of the same role, but not that message's own values (names, ids).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from mixguard.corpus.formats.base import Speaker, speaker
from mixguard.corpus.formats.content import json_object, write_content
from mixguard.corpus.formats.messages import (
    CONTENT_KEYS,
    MASK_KEYS,
    MASKED,
    REASONING_KEYS,
    ROLE_KEYS,
    content_key,
    read_message,
    role_key,
)
from mixguard.corpus.formats.reasoning import is_marked
from mixguard.corpus.records import Polarity, Role, Turn
from mixguard.errors import RecordError

_SPEAKERS = (
    Speaker(Role.SYSTEM),
    Speaker(Role.USER),
    Speaker(Role.ASSISTANT),
    Speaker(Role.TOOL, "tool_result"),
    Speaker(Role.ASSISTANT, "tool_call"),
)
_USUAL: Mapping[str, str] = {
    "content": "system user assistant tool assistant",
    "text": "system user assistant tool assistant",
    "value": "system human gpt observation function_call",
    "parts": "system user model function model",
}
_FAMILIES = {key: dict(zip(_SPEAKERS, names.split(), strict=True)) for key, names in _USUAL.items()}
"""Usual role names for each content key, for roles missing from the list itself."""

_CALLS = ("tool_calls", "function_call")
_TURNS = frozenset((*_CALLS, *REASONING_KEYS, *CONTENT_KEYS, "refusal", "train_detail"))
"""Keys whose values are turns or offsets into them: written from the turns, never kept."""
_EMPTY: Mapping[str, Any] = {"role": "", "content": ""}


class Style(NamedTuple):
    """The style of a list of messages, learned once from the list to imitate."""

    messages: Sequence[Any]
    path: str
    by_speaker: Mapping[Speaker, Mapping[str, Any]]
    """The first message of each speaker."""
    role: str
    """Key of the role."""
    content: str
    """Key of the content."""

    @classmethod
    def of(cls, messages: Any, path: str) -> Style:
        """The style of a list; if empty, that of the most common chat corpora."""
        known = [message for message in messages or () if isinstance(message, dict)]
        first: dict[Speaker, Mapping[str, Any]] = {}
        for message in known:
            first.setdefault(speaker(message[role_key(message, path)]), message)
        role = role_key(known[0], path) if known else "role"
        content = content_key(known[0]) if known else "content"
        return cls(list(messages or ()), path, first, role, content)


def write_messages(turns: Sequence[Turn], style: Style, *, polarity: Polarity) -> list[Any]:
    """The turns as a list of messages.

    Args:
        turns: in order.
        style: of the list to imitate; turns with a path into it edit its messages.
        polarity: of assistant turns unless masked; 0 if masks have no meaning.

    Raises:
        RecordError: a turn cannot be written in this style.
    """
    return [_write_message(group, number, style, polarity) for number, group in _groups(turns, style)]


def _groups(turns: Sequence[Turn], style: Style) -> Iterator[tuple[int | None, list[Turn]]]:
    """Turns grouped by message, with the number of the message they came from."""
    group: list[Turn] = []
    current: int | None = None
    for turn in turns:
        number = _number(turn.path, style)
        if group and not _continues(
            group[-1], turn, same=number == current, fresh=number is None, style=style
        ):
            yield current, group
            group = []
        group.append(turn)
        current = number
    if group:
        yield current, group


def _continues(last: Turn, turn: Turn, *, same: bool, fresh: bool, style: Style) -> bool:
    if not same or not fresh:
        return same
    if last.role is not Role.ASSISTANT or turn.role is not last.role or turn.polarity != last.polarity:
        return False
    return last.kind == "reasoning" or (turn.kind == "tool_call" and style.role == "role")


def _number(path: str, style: Style) -> int | None:
    head, _, tail = path.partition(f"{style.path}/")
    number = tail.partition("/")[0]
    if head or not number.isdecimal() or int(number) >= len(style.messages):
        return None
    return int(number)


def _write_message(turns: list[Turn], number: int | None, style: Style, polarity: Polarity) -> Any:
    own = None if number is None else style.messages[number]
    path = f"{style.path}/{number}"
    if own is not None and _unchanged(turns, own, path, style, polarity):
        return own
    if any(turn.polarity not in (0, polarity) for turn in turns):
        raise RecordError("a list of messages in this format cannot hold a turn of this polarity")
    same_speaker = isinstance(own, dict) and speaker(own[role_key(own, path)])
    if own is not None and same_speaker != _speaker_of(turns, style):
        own = None
    return _compose(turns, own or {}, path, style, polarity)


def _unchanged(turns: list[Turn], own: Any, path: str, style: Style, polarity: Polarity) -> bool:
    try:
        return read_message(own, path, polarity=polarity) == turns
    except RecordError:
        return False


def _compose(
    turns: list[Turn], own: Mapping[str, Any], path: str, style: Style, polarity: Polarity
) -> dict[str, Any]:
    who = _speaker_of(turns, style)
    template = own or style.by_speaker.get(who) or next(iter(style.by_speaker.values()), _EMPTY)
    key = content_key(template)
    keyed = [turn for turn in turns if _is_keyed(turn, template.get(key), style)]
    spoken = [turn for turn in turns if turn not in keyed]
    originals = _parts(template.get(key), f"{path}/{key}") if own else {}
    message: dict[str, Any] = {}
    for name, value in template.items():
        if name in ROLE_KEYS and value is not None:
            message[name] = _spelling(who, style)
        elif name == key:
            message[name] = write_content(spoken, value, originals) if spoken else _silence(value)
        elif name in MASK_KEYS:
            message[name] = _mask(value, turns[0], polarity)
        elif value is None or (own and name not in _TURNS):
            message[name] = value
    _add_keyed(keyed, message, template)
    if polarity and who.role is Role.ASSISTANT and not turns[0].polarity and not _has_mask(message):
        message["weight"] = 0
    return message


def _speaker_of(turns: list[Turn], style: Style) -> Speaker:
    turn = turns[0]
    if turn.role is Role.DOCUMENT:
        raise RecordError("a turn with an unknown role cannot be rewritten")
    if turn.role is Role.TOOL:
        return Speaker(Role.TOOL, "tool_result")
    apart = turn.kind == "tool_call" and not _is_keyed(turn, None, style)
    return Speaker(turn.role, "tool_call" if apart else "text")


def _spelling(who: Speaker, style: Style) -> str:
    shown = style.by_speaker.get(who)
    return _FAMILIES[style.content][who] if shown is None else str(shown[role_key(shown, style.path)])


def _is_keyed(turn: Turn, like: Any, style: Style) -> bool:
    """Whether a turn has its own key, separate from the content."""
    parts = isinstance(like, list)
    if turn.kind == "reasoning":
        return not parts and not is_marked(turn.text)
    if turn.kind != "tool_call":
        return False
    if turn.path:
        return any(f"/{key}" in turn.path for key in _CALLS)
    return not parts and style.role == "role" and Speaker(Role.ASSISTANT, "tool_call") not in style.by_speaker


def _parts(content: Any, path: str) -> Mapping[str, Any]:
    return (
        {f"{path}/{number}": part for number, part in enumerate(content)} if isinstance(content, list) else {}
    )


def _silence(like: Any) -> Any:
    return [] if isinstance(like, list) else ("" if isinstance(like, str) else None)


def _mask(like: Any, turn: Turn, polarity: Polarity) -> Any:
    """A mask's value, in the type of `like`."""
    trained = bool(turn.polarity)
    if not polarity or like is None or turn.role is not Role.ASSISTANT or (like not in MASKED) == trained:
        return like
    return type(like)(trained) if isinstance(like, bool | int | float) else str(int(trained))


def _has_mask(message: Mapping[str, Any]) -> bool:
    return any(message.get(key) is not None for key in MASK_KEYS)


def _add_keyed(turns: list[Turn], message: dict[str, Any], template: Mapping[str, Any]) -> None:
    thoughts = [turn.text for turn in turns if turn.kind == "reasoning"]
    calls = [turn for turn in turns if turn.kind == "tool_call"]
    if thoughts:
        key = next((key for key in REASONING_KEYS if key in template), REASONING_KEYS[0])
        message[key] = "\n\n".join(thoughts)
    if len(calls) == 1 and calls[0].path.endswith("/function_call"):
        message["function_call"] = json_object(calls[0].text)
    elif calls:
        message["tool_calls"] = [json_object(turn.text) for turn in calls]
