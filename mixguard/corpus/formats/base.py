"""The format protocol, and the vocabulary all formats share."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple, Protocol

import orjson

from mixguard.corpus.formats.reasoning import is_marked, split_reasoning
from mixguard.corpus.records import Kind, Polarity, Role, Row, Sample, Turn
from mixguard.errors import RecordError


class Format(Protocol):
    """Two inverse functions between a record layout and the training example it encodes."""

    @property
    def id(self) -> str:
        """The name used in reports and by `--format`."""

    def matches(self, row: Row) -> bool:
        """Whether the row has this format's shape. Cheap; never raises."""

    def parse(self, row: Row) -> Sample:
        """The sample the row encodes.

        Raises:
            RecordError: the row is not in this format or cannot be parsed.
        """

    def render(self, sample: Sample, like: Row) -> dict[str, Any]:
        """A new row with the sample's turns, in the style of `like`: keys, order, spelling, other columns.

        Raises:
            RecordError: a row in this style cannot hold one of the turns.
        """


class Speaker(NamedTuple):
    """Who speaks, and the kind of the message."""

    role: Role
    kind: Kind = "text"


_SPELLINGS: Mapping[Speaker, str] = {
    Speaker(Role.SYSTEM): "system developer system_prompt platform",
    Speaker(Role.USER): "user human prompter usr customer",
    Speaker(
        Role.ASSISTANT
    ): "assistant gpt chatgpt bing bard model bot ai chatbot agent llm claude gpt4 gpt-4 ai_assistant",
    Speaker(Role.ASSISTANT, "tool_call"): "function_call tool_call function_calls tool_calls tool_use",
    Speaker(Role.ASSISTANT, "reasoning"): "reasoning thinking thought",
    Speaker(
        Role.TOOL, "tool_result"
    ): "tool function observation tool_response tool_result ipython environment"
    " env api tool_responses tool_results tool_output tool_outputs function_response function_responses"
    " function_result function_results function_output toolresult toolresponse functionresponse",
}

ROLES: Mapping[str, Speaker] = {name: who for who, names in _SPELLINGS.items() for name in names.split()}
"""Speaker by role name, case-folded, without the signs around it: `Human:`, `<|user|>`."""

UNKNOWN = Speaker(Role.DOCUMENT)
"""Belongs to no exchange: the speaker is never guessed."""

_SIGNS = " \t\r\n<|>[](){}:#*/"


def speaker(name: str) -> Speaker:
    """The speaker for a role name in any case; `UNKNOWN` if not in `ROLES`."""
    known = ROLES.get(name)
    if known is not None:
        return known
    plain = name.strip(_SIGNS).casefold()
    return ROLES.get(plain) or ROLES.get(plain.replace(" ", "_").replace("-", "_"), UNKNOWN)


def text_turns(text: str, who: Speaker, polarity: Polarity, path: str) -> list[Turn]:
    """A text as turns: one, or two if an assistant's text starts with reasoning. Empty text gives none.

    The reasoning's marks and whitespace stay in its turn, so that joining the turns restores the exact bytes.
    """
    if not text:
        return []
    if who.role is not Role.ASSISTANT or who.kind != "text":
        return [Turn(who.role, text, who.kind, polarity, path)]
    thought, said = split_reasoning(text)
    thinking = [Turn(who.role, thought, "reasoning", polarity, path)] if thought else []
    return [*thinking, *([Turn(who.role, said, "text", polarity, path)] if said else [])]


def joined_text(turns: Sequence[Turn]) -> str:
    """The turns as one string; the inverse of `text_turns`."""
    thoughts = "".join(tagged(turn.text) for turn in turns if turn.kind == "reasoning")
    return thoughts + "\n\n".join(turn.text for turn in turns if turn.kind != "reasoning")


def tagged(thought: str) -> str:
    """Reasoning with its marks, as written before an answer."""
    return thought if is_marked(thought) else f"<think>\n{thought}\n</think>\n\n"


def compact_json(value: Any) -> str:
    """Compact JSON; a string is returned as is.

    Raises:
        RecordError: the value is nested too deeply or cannot be written as JSON.
    """
    if isinstance(value, str):
        return value
    try:
        return orjson.dumps(value).decode()
    except TypeError:
        pass
    try:
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    except (TypeError, ValueError, RecursionError):
        raise RecordError("a value is nested too deeply or cannot be written as JSON") from None


def pointer(*keys: str | int) -> str:
    """The JSON pointer (RFC 6901) for these keys."""
    return "".join(f"/{str(key).replace('~', '~0').replace('/', '~1')}" for key in keys)


NOT_SHOWN = "(not shown)"
"""Stands for a key that may be text of the corpus."""
_NAME = re.compile(r"[A-Za-z_][\w.-]{0,39}", re.ASCII)
"""A key that looks like a name; without a header, a table's keys are the text of its first row."""


def named(key: object) -> str:
    """A key for reports, if it looks like a name."""
    return str(key) if _NAME.fullmatch(str(key)) else NOT_SHOWN


def shape(row: Row) -> str:
    """A row's keys for an error message: a limited number, and none that may be corpus text."""
    keys = [str(key) for key, value in row.items() if value is not None]
    names = [key for key in keys if _NAME.fullmatch(key)]
    others = f"{len(keys) - len(names)} not shown, as they look like text" if len(names) < len(keys) else ""
    shown = ", ".join(names[:12]) + (", ..." if len(names) > 12 else "")
    return ", and ".join(filter(None, (shown, others))) or "none"


def flags_of(turns: Sequence[Turn]) -> tuple[str, ...]:
    """Oddities visible in the turns."""
    return tuple(flag for flag, found in ODDITIES.items() if any(map(found, turns)))


def _of_unknown_speaker(turn: Turn) -> bool:
    return turn.role is Role.DOCUMENT and not turn.polarity and turn.kind != "unread"


def _unread(turn: Turn) -> bool:
    return turn.kind == "unread"


ODDITIES: Mapping[str, Callable[[Turn], bool]] = {
    "unknown_role": _of_unknown_speaker,
    "unread_part": _unread,
}
"""What is odd about a turn, by the flag of its sample."""
