"""Cut a chat that a template rendered into one text, so that the pieces joined are the text."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from itertools import pairwise
from typing import Literal, NamedTuple

from mixguard.corpus.formats.base import Speaker, text_turns
from mixguard.corpus.formats.templates import ENDS, INSIDE, START, TEMPLATES, Template
from mixguard.corpus.records import Polarity, Role, Turn

PREAMBLE_CHARS = 4000
"""Maximum length of a system prompt without a mark."""
_START = re.compile(START)
_OPENED = ("", "<think>")
"""What may follow the last mark for the answer to be open still."""
_CALL = re.compile(
    r"\s{0,4}(?:<tool_call>|\[TOOL_CALLS\]|<\|python_tag\|>|<\|tool_call\|>|<｜tool▁calls▁begin｜>"
    r"|<functioncall>|<function=)"
)
_RESULT = re.compile(r"\s*<tool_response>.*</tool_response>\s*", re.DOTALL)
NAMED = re.compile(r"(?m)^([A-Z][A-Za-z]{1,20}):[ \t]+\S")
"""A line that somebody speaks."""


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


_USER, _ASSISTANT = Speaker(Role.USER), Speaker(Role.ASSISTANT)


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


Where = Literal["document", "dialogue", "answered"]
"""What the text is in: a column of any texts, one where a dialogue is expected, or one with its answer given,
which may be empty."""


@lru_cache(maxsize=32)
def read_script(text: str, where: Where = "document") -> Script | None:
    """The chat that a text is; None if it is none, or in a template that is not known."""
    for template in TEMPLATES:
        if where != "document" or not template.only_dialogues:
            script = cut(text, template, where)
            if script is not None:
                return script
    return None


def cut(text: str, template: Template, where: Where) -> Script | None:
    """A text cut at a template's marks; None if it is not a chat in this template."""
    start = begin(text)
    body = text[start:]
    if not _may_begin(body, text, start, template):
        return None
    marks = list(pattern(template.mark).finditer(body))
    if template.words:
        marks = _alike(marks, template)
    if not marks or not _is_preamble(text, start, marks[0].start(), template):
        return None
    script = _script(text[:start], body, marks, template)
    if where != "answered":
        script = _to_answer(script)
    return script if _plausible(script, where) else None


@cache
def pattern(expression: str) -> re.Pattern[str]:
    """A compiled expression of the table."""
    return re.compile(expression)


def begin(text: str) -> int:
    """Length of what begins the sequence: whitespace and tokens."""
    found = _START.match(text)
    return found.end() if found else 0


def _may_begin(body: str, text: str, start: int, template: Template) -> bool:
    if pattern(template.mark).match(body):
        return True
    if template.preamble is None:
        return False
    end = min(len(text), start + PREAMBLE_CHARS)
    if template.words and not pattern(template.preamble).match(text, start, end):
        return bool(template.fixed and body.startswith("Below "))
    return pattern(template.mark).search(text, start, end) is not None


def _is_preamble(text: str, start: int, length: int, template: Template) -> bool:
    """Whether what stands before the first mark is a system prompt, or nothing."""
    if length == 0:
        return True
    if template.preamble is None or length > PREAMBLE_CHARS:
        return False
    found = pattern(template.preamble).match(text, start, start + length)
    return found is not None or _is_fixed(text, start, length, template)


def _is_fixed(text: str, start: int, length: int, template: Template) -> bool:
    return bool(template.fixed) and pattern(template.fixed).match(text, start, start + length) is not None


def _alike(marks: Sequence[re.Match[str]], template: Template) -> list[re.Match[str]]:
    """The marks that are written as the first ones are: other words with a colon belong to what is said."""
    answer = next((mark for mark in marks if template.said_by(mark).role is Role.ASSISTANT), None)
    if answer is None:
        return []
    lines = min(answer["sep"].count("\n"), 2)
    names: dict[Speaker, str] = {}
    kept = []
    for number, mark in enumerate(marks):
        apart = mark["sep"].count("\n") >= lines or mark.string.startswith("</s>", mark.start() - 4)
        if (number == 0 or apart) and (
            template.twice or names.setdefault(template.said_by(mark), mark["name"]) == mark["name"]
        ):
            kept.append(mark)
    return kept


def _script(first: str, body: str, marks: Sequence[re.Match[str]], template: Template) -> Script:
    pieces: list[Piece] = []
    close = first
    head = marks[0].start()
    if head and _is_fixed(body, 0, head, template):
        close += body[:head]
    elif head:
        text, close = _ended(body[:head])
        pieces.append(Piece(first, "", "", Speaker(Role.SYSTEM), text))
    for number, mark in enumerate(marks):
        end = marks[number + 1].start() if number + 1 < len(marks) else len(body)
        text, closed = _ended(body[mark.end() : end])
        name = mark["name"] or "" if "name" in mark.re.groupindex else ""
        pieces.append(Piece(close, mark.group(), name, template.said_by(mark), text))
        close = closed
    if not close:
        last = pieces[-1]
        end = len(last.text.rstrip())
        close, pieces[-1] = last.text[end:], last._replace(text=last.text[:end])
    return Script(template, tuple(pieces), close)


def _to_answer(script: Script) -> Script:
    """The chat without its last mark if the answer has still to be given."""
    last = script.pieces[-1]
    if last.who.role is not Role.ASSISTANT or last.text not in _OPENED or script.tail.strip():
        return script
    tail = last.close + last.open + last.text + script.tail
    return replace(script, pieces=script.pieces[:-1], tail=tail, opened=True) if script.pieces[1:] else script


class _Ended(NamedTuple):
    text: str
    close: str


def _ended(text: str) -> _Ended:
    if text.rstrip()[-1:] not in (">", "]"):
        return _Ended(text, "")
    found = ENDS.search(text)
    return _Ended(text[: found.start()], text[found.start() :]) if found else _Ended(text, "")


def _plausible(script: Script, where: Where) -> bool:
    roles = [piece.who.role for piece in script.pieces]
    if Role.USER not in roles or 2 * roles.count(Role.DOCUMENT) > len(roles):
        return False
    if not script.template.words:
        closed = script.tail or any(piece.close for piece in script.pieces[1:])
        return bool(closed or Role.ASSISTANT in roles) and not _speaks_of_marks(script)
    if not (script.opened or Role.ASSISTANT in roles):
        return False
    return where != "document" or (_alternates(script, roles) and not _others_speak(script))


def _speaks_of_marks(script: Script) -> bool:
    return any("<" in piece.text and INSIDE.search(piece.text) for piece in script.pieces)


def _alternates(script: Script, roles: Sequence[Role]) -> bool:
    """Whether user and assistant take turns, the user first, and each says something."""
    spoken = [role for role in roles if role is not Role.SYSTEM]
    same = (one is other and not (script.template.twice and one is Role.USER) for one, other in pairwise(spoken))
    silent = any(not piece.text.strip() for piece in script.pieces[:-1])
    return spoken[:1] == [Role.USER] and not any(same) and not silent


def _others_speak(script: Script) -> bool:
    """Whether others speak as often: a play or a log in which somebody is called as the mark is."""
    if "\n" not in script.pieces[-1].open:
        return False
    own = {piece.name for piece in script.pieces}
    names = Counter(name for text in _texts(script) for name in NAMED.findall(text) if name not in own)
    shouted = all(name.isupper() for name in own if name)
    often = max(3, sum(piece.who.role is Role.ASSISTANT for piece in script.pieces))
    return any(count >= (2 if shouted and name.isupper() else often) for name, count in names.items())


def _texts(script: Script) -> Iterator[str]:
    return (piece.text for piece in script.pieces if piece.who.role is not Role.SYSTEM)


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
