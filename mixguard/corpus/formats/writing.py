"""Write lists of messages in the style of another list.

A message with unchanged turns is copied whole. A changed one keeps its keys; a new one takes those of the
first message of the same role, but not that message's own values (names, ids).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from mixguard.corpus.formats.base import Speaker
from mixguard.corpus.formats.content import NO_PARTS, Parts, json_object, write_content
from mixguard.corpus.formats.masks import MASK_KEYS, mask_like
from mixguard.corpus.formats.messages import (
    CALL_KEYS,
    CONTENT_KEYS,
    REASONING_KEYS,
    content_key,
    read_message,
)
from mixguard.corpus.formats.reasoning import is_marked
from mixguard.corpus.formats.speakers import ROLE_KEYS, find_role_key, speaker_of
from mixguard.corpus.formats.style import THOUGHT, Style
from mixguard.corpus.records import Polarity, Role, Turn
from mixguard.errors import RecordError

__all__ = ["Style", "write_messages"]

_TURNS = frozenset((*CALL_KEYS, *REASONING_KEYS, *CONTENT_KEYS[:4], "refusal", "train_detail"))
"""Keys whose values are turns or offsets into them: written from the turns, never kept."""
_SORTS = ("type", "channel", "content_type")
"""Keys that say of what sort a message is: a new message has those of another of the same speaker."""
_EMPTY: Mapping[str, Any] = {"role": "", "content": ""}


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
    if number in style.silent:
        polarity = 0
    if own is not None and _unchanged(turns, own, path, style, polarity):
        return own
    if any(turn.polarity not in (0, polarity) for turn in turns):
        raise RecordError("a list of messages in this format cannot hold a turn of this polarity")
    if isinstance(own, dict) and find_role_key(own) is None:
        raise RecordError("an item without a role cannot be rewritten")
    if own is not None and not _edits(turns[0], own, path, style):
        own = None
    return _compose(turns, own, path, style, polarity)


def _unchanged(turns: list[Turn], own: Any, path: str, style: Style, polarity: Polarity) -> bool:
    try:
        return read_message(own, path, polarity=polarity, usage=style.usage) == turns
    except RecordError:
        return False


def _edits(turn: Turn, own: Any, path: str, style: Style) -> bool:
    """Whether a turn can take the place of its message's own: the speaker is the same."""
    if not isinstance(own, dict):
        return False
    who = speaker_of(own, path, system_answers=style.usage.system_answers)
    return who.role is turn.role and (who.kind in ("text", "tool_result") or who.kind == turn.kind)


def _compose(
    turns: list[Turn], own: Mapping[str, Any] | None, path: str, style: Style, polarity: Polarity
) -> dict[str, Any]:
    who = (
        speaker_of(own, path, system_answers=style.usage.system_answers) if own else _speaker_of(turns, style)
    )
    template = own or style.by_speaker.get(who) or next(iter(style.by_speaker.values()), _EMPTY)
    key = content_key(template)
    keyed = [turn for turn in turns if _is_keyed(turn, template.get(key), style)]
    rest = [turn for turn in turns if turn not in keyed and (turn.kind != "unread" or turn.path != path)]
    spoken = [replace(turn, kind="text") if who == THOUGHT else turn for turn in rest]
    role = find_role_key(template)
    alike = own is not None or who in style.by_speaker
    message: dict[str, Any] = {}
    for name, value in template.items():
        if name == role or (name in ROLE_KEYS and value is not None):
            message[name] = _role(value, who, style)
        elif name == key:
            message[name] = _content(spoken, value, f"{path}/{key}" if own else "", who, style)
        elif name in MASK_KEYS:
            message[name] = _mask(name, value, turns[0], polarity, style)
        elif value is None or (own and name not in _TURNS) or (name in _SORTS and alike):
            message[name] = value
    _add_keyed(keyed, message, template)
    if polarity and who.role is Role.ASSISTANT and not turns[0].polarity and not _has_mask(message):
        message |= style.masks(trained=False)
    return message


def _speaker_of(turns: list[Turn], style: Style) -> Speaker:
    turn = turns[0]
    if turn.role is Role.DOCUMENT:
        raise RecordError("a turn with an unknown role cannot be rewritten")
    if turn.role is Role.TOOL:
        return Speaker(Role.TOOL, "tool_result")
    if turn.kind == "reasoning" and style.thinks:
        raise RecordError("this list keeps reasoning in messages of its own")
    apart = turn.kind == "tool_call" and not _is_keyed(turn, None, style)
    return Speaker(turn.role, "tool_call" if apart else "text")


def _role(like: Any, who: Speaker, style: Style) -> Any:
    name = style.name(who)
    return {"role": name} if isinstance(like, dict) else name


def _content(turns: list[Turn], like: Any, path: str, who: Speaker, style: Style) -> Any:
    if not turns:
        return [] if isinstance(like, list) else ("" if isinstance(like, str) else None)
    own = Parts(path, like if isinstance(like, list) else ()) if path else NO_PARTS
    return write_content(turns, like, style.parts(who) if isinstance(like, list | dict) else None, own)


def _is_keyed(turn: Turn, like: Any, style: Style) -> bool:
    """Whether a turn has its own key, separate from the content."""
    number = _number(turn.path, style)
    if number is not None:
        name = turn.path.removeprefix(f"{style.path}/{number}/").partition("/")[0]
        return name in CALL_KEYS or (turn.kind == "reasoning" and name in REASONING_KEYS)
    parts = isinstance(like, list)
    if turn.kind == "reasoning":
        return not parts and not is_marked(turn.text)
    if turn.kind != "tool_call":
        return False
    if turn.path:
        return any(f"/{key}" in turn.path for key in CALL_KEYS)
    return not parts and style.role == "role" and Speaker(Role.ASSISTANT, "tool_call") not in style.by_speaker


def _mask(key: str, like: Any, turn: Turn, polarity: Polarity, style: Style) -> Any:
    """A mask's value, in the type of `like`."""
    if not polarity or turn.role is not Role.ASSISTANT:
        return like
    return mask_like(key, like, trained=bool(turn.polarity), mask_hides=style.usage.mask_hides)


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
    elif len(calls) == 1 and calls[0].path.endswith("/tool_calls"):
        message["tool_calls"] = calls[0].text
    elif calls:
        message["tool_calls"] = [json_object(turn.text) for turn in calls]
