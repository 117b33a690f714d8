"""A chat that a template rendered into one text, in pieces that joined are the text."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import NamedTuple

from mixguard.corpus.formats.base import Speaker, text_turns
from mixguard.corpus.formats.templates import Template
from mixguard.corpus.records import Polarity, Role, Turn

_USER, _ASSISTANT = Speaker(Role.USER), Speaker(Role.ASSISTANT)
_CALL = re.compile(
    r"\s{0,4}(?:<tool_call>|\[TOOL_CALLS\]|<\|python_tag\|>|<\|tool_call\|>|<｜tool▁calls▁begin｜>"
    r"|<functioncall>|<function=)"
)
_RESULT = re.compile(r"\s*<tool_response>.*</tool_response>\s*", re.DOTALL)


class Piece(NamedTuple):
    """One turn, and all that stands before it."""

    close: str
    """The end of the turn before; for the first, what begins the sequence."""
    open: str
    """The mark of this turn."""
    name: str
    """The role's name in the mark; empty if the mark is without one."""
    who: Speaker
    text: str

    def turns(self, polarity: Polarity, path: str) -> list[Turn]:
        """The piece's turns; their texts joined are its text."""
        sign = polarity if self.who.role is Role.ASSISTANT else 0
        if self.who == _USER and _RESULT.fullmatch(self.text):
            return [Turn(Role.TOOL, self.text, "tool_result", 0, path)]
        turns = text_turns(self.text, self.who, sign, path)
        if self.who == _ASSISTANT and turns and turns[-1].kind == "text":
            turns[-1:] = _apart(turns[-1])
        return turns or [Turn(self.who.role, "", self.who.kind, sign, path)]


@dataclass(frozen=True, slots=True)
class Script:
    """A rendered chat: `close + open + text` of every piece, then the tail, are the text."""

    template: Template
    pieces: tuple[Piece, ...]
    tail: str
    """What ends the last turn; and the mark of an answer that has still to be given."""
    opened: bool = False
    """Whether the tail holds such a mark."""

    @property
    def answered(self) -> bool:
        """Whether the last turn is the assistant's."""
        return self.pieces[-1].who.role is Role.ASSISTANT

    def turns(self, polarity: Polarity, path: str) -> list[Turn]:
        """All turns; the assistant's have the polarity."""
        return [turn for piece in self.pieces for turn in piece.turns(polarity, path)]


def _apart(turn: Turn) -> list[Turn]:
    """An answer's words and the tool calls after them."""
    found = _CALL.search(turn.text)
    if found is None or turn.text[found.start() :].rpartition("</tool_call>")[2].strip() not in (
        "",
        turn.text[found.start() :].strip(),
    ):
        return [turn]
    said, called = turn.text[: found.start()], turn.text[found.start() :]
    call = Turn(turn.role, called, "tool_call", turn.polarity, turn.path)
    return [Turn(turn.role, said, "text", turn.polarity, turn.path), call] if said else [call]
