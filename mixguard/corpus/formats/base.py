"""What a record format is, and the words that all formats share."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, Protocol

import orjson

from mixguard.corpus.records import Kind, Polarity, Role, Row, Sample, Turn
from mixguard.errors import RecordError


class Format(Protocol):
    """Two inverse functions between one way to write a training example and what it means."""

    @property
    def id(self) -> str:
        """The name used in reports and by `--format`."""

    def matches(self, row: Row) -> bool:
        """Whether the row has this format's shape. Cheap; never raises."""

    def parse(self, row: Row) -> Sample:
        """What the row means.

        Raises:
            RecordError: the row is not of this format, or cannot be understood.
        """

    def render(self, sample: Sample, like: Row) -> dict[str, Any]:
        """A new row that holds the sample's turns and looks like `like`: keys, order, spelling, other columns.

        Raises:
            RecordError: a row that looks like this one has no place for one of the turns.
        """


class Speaker(NamedTuple):
    """Who speaks under a role's spelling, and what such a message is."""

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
"""Spelling of a role, case-folded and trimmed, to its speaker."""

UNKNOWN = Speaker(Role.DOCUMENT)
"""Stands outside every exchange: who speaks is never guessed."""


def speaker(name: str) -> Speaker:
    """Who speaks under this spelling, in any case; `UNKNOWN` where `ROLES` does not say."""
    return ROLES.get(name) or ROLES.get(name.strip().casefold(), UNKNOWN)


REASONING = re.compile(r"\s*<think>.*?</think>\s*", re.DOTALL)
"""Reasoning at the head of an answer. Its tags and white space stay in the reasoning turn, so that joining the
turns gives the very bytes back."""


def text_turns(text: str, who: Speaker, polarity: Polarity, path: str) -> list[Turn]:
    """A text as turns: one, or two where an assistant's text begins with its reasoning. Empty text gives none."""
    if not text:
        return []
    thought = REASONING.match(text) if who.role is Role.ASSISTANT and who.kind == "text" else None
    if thought is None:
        return [Turn(who.role, text, who.kind, polarity, path)]
    end = thought.end()
    answer = [Turn(who.role, text[end:], "text", polarity, path)] if end < len(text) else []
    return [Turn(who.role, thought.group(), "reasoning", polarity, path), *answer]


def joined_text(turns: Sequence[Turn]) -> str:
    """One string that holds these turns; the inverse of `text_turns`."""
    thoughts = "".join(tagged(turn.text) for turn in turns if turn.kind == "reasoning")
    return thoughts + "\n\n".join(turn.text for turn in turns if turn.kind != "reasoning")


def tagged(thought: str) -> str:
    """Reasoning as it stands in a string that the answer follows."""
    return thought if REASONING.fullmatch(thought) else f"<think>\n{thought}\n</think>\n\n"


def compact_json(value: Any) -> str:
    """Compact JSON; a string that holds JSON stays as it is.

    Raises:
        RecordError: the value is nested too deeply or holds what JSON cannot.
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
        raise RecordError("a tool call is nested too deeply or holds a value JSON cannot") from None


def pointer(*keys: str | int) -> str:
    """The JSON pointer (RFC 6901) through these keys."""
    return "".join(f"/{str(key).replace('~', '~0').replace('/', '~1')}" for key in keys)


_NAME = re.compile(r"[A-Za-z_][\w.-]{0,39}", re.ASCII)
"""A key that looks like one; a table without a header has its first row's text for keys."""


def shape(row: Row) -> str:
    """A row's keys as an error shows them: bounded, and without those that may be text of the corpus."""
    keys = [str(key) for key, value in row.items() if value is not None]
    names = [key for key in keys if _NAME.fullmatch(key)]
    others = f"{len(keys) - len(names)} not shown, as they look like text" if len(names) < len(keys) else ""
    shown = ", ".join(names[:12]) + (", ..." if len(names) > 12 else "")
    return ", and ".join(filter(None, (shown, others))) or "none"


def flags_of(turns: Sequence[Turn]) -> tuple[str, ...]:
    """What the turns themselves show to be odd."""
    strange = any(turn.role is Role.DOCUMENT and not turn.polarity for turn in turns)
    return ("unknown_role",) if strange else ()
