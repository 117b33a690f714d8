"""The format protocol, and the vocabulary all formats share."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, Protocol

import orjson

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
    Speaker(Role.SYSTEM): "system developer",
    Speaker(Role.USER): "user human prompter",
    Speaker(Role.ASSISTANT): "assistant gpt chatgpt bing bard model bot ai chatbot",
    Speaker(Role.ASSISTANT, "tool_call"): "function_call tool_call",
    Speaker(Role.TOOL, "tool_result"): "tool function observation tool_response tool_result ipython",
}

ROLES: Mapping[str, Speaker] = {name: who for who, names in _SPELLINGS.items() for name in names.split()}
"""Speaker by role name, case-folded and trimmed."""

UNKNOWN = Speaker(Role.DOCUMENT)
"""Belongs to no exchange: the speaker is never guessed."""


def speaker(name: str) -> Speaker:
    """The speaker for a role name in any case; `UNKNOWN` if not in `ROLES`."""
    return ROLES.get(name) or ROLES.get(name.strip().casefold(), UNKNOWN)


REASONING = re.compile(r"\s*<think>.*?</think>\s*", re.DOTALL)
"""Reasoning at the start of an answer. Its tags and whitespace stay in the reasoning turn, so that joining
the turns restores the exact bytes."""


def text_turns(text: str, who: Speaker, polarity: Polarity, path: str) -> list[Turn]:
    """A text as turns: one, or two if an assistant's text starts with reasoning. Empty text gives none."""
    if not text:
        return []
    thought = REASONING.match(text) if who.role is Role.ASSISTANT and who.kind == "text" else None
    if thought is None:
        return [Turn(who.role, text, who.kind, polarity, path)]
    end = thought.end()
    answer = [Turn(who.role, text[end:], "text", polarity, path)] if end < len(text) else []
    return [Turn(who.role, thought.group(), "reasoning", polarity, path), *answer]


def joined_text(turns: Sequence[Turn]) -> str:
    """The turns as one string; the inverse of `text_turns`."""
    thoughts = "".join(tagged(turn.text) for turn in turns if turn.kind == "reasoning")
    return thoughts + "\n\n".join(turn.text for turn in turns if turn.kind != "reasoning")


def tagged(thought: str) -> str:
    """Reasoning with its tags, as written before an answer."""
    return thought if REASONING.fullmatch(thought) else f"<think>\n{thought}\n</think>\n\n"


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
        raise RecordError("a tool call is nested too deeply or cannot be written as JSON") from None


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
    strange = any(turn.role is Role.DOCUMENT and not turn.polarity for turn in turns)
    return ("unknown_role",) if strange else ()
