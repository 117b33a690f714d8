"""Questions answered by tool calls (xLAM), and transcripts with function calls (Glaive)."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import orjson

from mixguard.corpus.formats.base import Format, Speaker, compact_json, joined_text, pointer, text_turns
from mixguard.corpus.formats.cells import Text
from mixguard.corpus.formats.layout import Among, Layout
from mixguard.corpus.formats.lists import SYSTEM
from mixguard.corpus.records import Role, Row, Turn
from mixguard.errors import RecordError

_ASKED = ("query", "question", "prompt", "instruction", "user", "input")
_CALLS = ("answers", "tool_calls", "function_calls", "calls", "function_call", "expected_calls")


@dataclass(frozen=True, slots=True)
class Calls:
    """A column of tool calls: a list, an object, or their JSON."""

    column: str

    def fits(self, row: Row) -> bool:
        """Whether it holds calls: objects with a name, or a function with one."""
        value = row.get(self.column)
        if isinstance(value, str):
            try:
                value = orjson.loads(value) if value.lstrip()[:1] in ("[", "{") else None
            except orjson.JSONDecodeError:
                return False
        calls = [value] if isinstance(value, dict) else value
        return isinstance(calls, list) and all(map(_is_call, calls))

    def read(self, row: Row) -> list[Turn]:
        """One turn with all calls; an empty list is an answer without a call."""
        return [Turn(Role.ASSISTANT, compact_json(row[self.column]), "tool_call", 1, pointer(self.column))]

    def write(self, turns: Sequence[Turn], row: dict[str, Any], like: Row) -> Sequence[Turn]:
        """Write calls; words are refused."""
        if len(turns) != 1 or turns[0].kind != "tool_call":
            raise RecordError(f"{self.column} holds tool calls only, not an answer in words")
        text = turns[0].text
        row[self.column] = text if isinstance(like[self.column], str) else orjson.loads(text)
        return ()


def _is_call(call: Any) -> bool:
    if not isinstance(call, dict):
        return False
    inner = call.get("function")
    named = inner if isinstance(inner, dict) else call
    return isinstance(named.get("name"), str) and bool(
        {"arguments", "parameters", "args", "input"} & named.keys()
    )


XLAM: Format = Layout(
    "xlam",
    (
        SYSTEM,
        Among(tuple(Text(Role.USER, column) for column in _ASKED)),
        Among(tuple(Calls(column) for column in _CALLS)),
    ),
)
"""A question, and the calls that answer it."""

_MARK = re.compile(r"(?:\A|\n+)(USER|ASSISTANT|FUNCTION RESPONSE|SYSTEM): ?")
_END = re.compile(r"\s*(?:<\|endoftext\|>\s*)?\Z")
_CALLED = "<functioncall>"
_SPEAKERS: Mapping[str, Speaker] = {
    "SYSTEM": Speaker(Role.SYSTEM),
    "USER": Speaker(Role.USER),
    "ASSISTANT": Speaker(Role.ASSISTANT),
    "FUNCTION RESPONSE": Speaker(Role.TOOL, "tool_result"),
}
_NAMES = {who.role: name for name, who in _SPEAKERS.items()}


@dataclass(frozen=True, slots=True)
class Transcript:
    """A text of `USER: ...`, `ASSISTANT: ... <|endoftext|>`, `FUNCTION RESPONSE: ...`."""

    column: str

    def fits(self, row: Row) -> bool:
        """Whether the text begins with a speaker, and the assistant speaks."""
        text = row.get(self.column)
        return isinstance(text, str) and bool(_MARK.match(text)) and "\nASSISTANT:" in text

    def read(self, row: Row) -> list[Turn]:
        """The turns, without the end-of-text mark."""
        text = row[self.column]
        marks = [*_MARK.finditer(text)]
        ends = [*(mark.start() for mark in marks[1:]), len(text)]
        return [
            turn
            for mark, end in zip(marks, ends, strict=True)
            for turn in self._turns(mark.group(1), text[mark.end() : end])
        ]

    def _turns(self, name: str, text: str) -> list[Turn]:
        who, path = _SPEAKERS[name], pointer(self.column)
        said = text[: _END.search(text).start()]  # type: ignore[union-attr]  # it matches the empty end
        polarity = 1 if who.role is Role.ASSISTANT else 0
        words, called, call = said.partition(_CALLED) if polarity else (said, "", "")
        turns = text_turns(words.rstrip() if called else words, who, 1 if polarity else 0, path)
        if called:
            turns.append(Turn(who.role, call.strip(), "tool_call", 1, path))
        return turns or [Turn(who.role, "", who.kind, 1 if polarity else 0, path)]

    def write(self, turns: Sequence[Turn], row: dict[str, Any], like: Row) -> Sequence[Turn]:
        """Write the text anew, with the gaps and the end mark of `like`."""
        shown = like[self.column]
        gap = next(
            (mark.group()[: mark.start(1) - mark.start()] for mark in _MARK.finditer(shown) if mark.start()),
            "\n\n\n",
        )
        stop = " <|endoftext|>" if "<|endoftext|>" in shown else ""
        if any(
            turn.role not in _NAMES or (turn.role is Role.ASSISTANT) != bool(turn.polarity) for turn in turns
        ):
            raise RecordError(f"{self.column} cannot hold one of the turns")
        if any(turn.kind in ("image", "unread") for turn in turns):
            raise RecordError(f"{self.column} is text and cannot hold an image")
        row[self.column] = gap.join(_piece(group, stop) for group in _groups(turns)) + _tail(shown)
        return ()


def _groups(turns: Sequence[Turn]) -> list[list[Turn]]:
    """Turns grouped by speech: an answer's reasoning, words and call are one."""
    starts = [
        0,
        *(n for n, (last, turn) in enumerate(pairwise(turns), 1) if not _goes_on(last, turn)),
        len(turns),
    ]
    return [list(turns[start:end]) for start, end in pairwise(starts)]


def _goes_on(last: Turn, turn: Turn) -> bool:
    both = last.role is turn.role is Role.ASSISTANT
    return both and (last.kind == "reasoning" or (last.kind == "text" and turn.kind == "tool_call"))


def _piece(turns: list[Turn], stop: str) -> str:
    words = joined_text([turn for turn in turns if turn.kind != "tool_call"])
    calls = [f"{_CALLED} {turn.text}" for turn in turns if turn.kind == "tool_call"]
    said = " ".join(filter(None, (words, *calls)))
    return f"{_NAMES[turns[0].role]}: {said}{stop if turns[0].role is Role.ASSISTANT else ''}"


def _tail(shown: str) -> str:
    return shown[len(shown.rstrip()) :]


GLAIVE: Format = Layout(
    "glaive", (SYSTEM, Among(tuple(Transcript(column) for column in ("chat", "sample", "conversation"))))
)
"""A transcript with function calls."""
