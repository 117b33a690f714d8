"""The preference slot: a chosen and a rejected answer, and the prompt, shared in both or in its own slot."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from mixguard.corpus.formats.base import pointer, tagged
from mixguard.corpus.formats.layout import Slot
from mixguard.corpus.formats.messages import common_start, read_messages
from mixguard.corpus.formats.talk import is_messages, read_said, write_said
from mixguard.corpus.formats.writing import Style, write_messages
from mixguard.corpus.records import Polarity, Role, Row, Turn
from mixguard.errors import RecordError

_MARK = re.compile(r"(?:\A|\n\n)(Human|Assistant):")
_MARKS = {Role.USER: "Human", Role.ASSISTANT: "Assistant"}


def is_said(value: Any) -> bool:
    """Whether a value can be an answer."""
    return isinstance(value, str | dict) or is_messages(value)


@dataclass(frozen=True, slots=True)
class Contrast:
    """Two answers to one prompt."""

    chosen: str
    rejected: str
    asked: Slot | None = None
    """The prompt's own slot; if None, the prompt is what both answers start with."""

    def fits(self, row: Row) -> bool:
        """Whether both answers are present, and the prompt if it has its own slot."""
        both = is_said(row.get(self.chosen)) and is_said(row.get(self.rejected))
        return both and (self.asked is None or self.asked.fits(row))

    def read(self, row: Row) -> list[Turn]:
        """The prompt, then the chosen turns (+1), then the rejected ones (-1)."""
        asked = self.asked.read(row) if self.asked else []
        chosen, rejected = self._answers(row)
        shared = (
            common_start(chosen, rejected) if isinstance(chosen, list) and isinstance(rejected, list) else 0
        )
        head = self._read(chosen, self.chosen, 0, end=shared) if shared else []
        if not _repeats(head, asked):
            head = [*asked, *head]
        turns = [
            *head,
            *self._read(chosen, self.chosen, 1, start=shared),
            *self._read(rejected, self.rejected, -1, start=shared),
        ]
        return [_in_string(turn) for turn in turns] if chosen is not row[self.chosen] else turns

    def write(self, turns: Sequence[Turn], row: dict[str, Any], like: Row) -> Sequence[Turn]:
        """Write all turns; the prompt goes where `like` has it, in the answers or in its own slot."""
        head, chosen, rejected = _cut(turns, pointer(self.chosen), pointer(self.rejected))
        if not chosen or not rejected:
            raise RecordError("a preference needs a chosen and a rejected answer")
        shown = self._answers(like)
        inside = self.asked is None or (all(isinstance(s, list) for s in shown) and common_start(*shown) > 0)
        if self.asked is not None and (rest := self.asked.write(_prompt(head, inside=inside), row, like)):
            raise RecordError(f"the prompt cannot hold this {rest[0].role.value} turn")
        for column, answer, polarity in ((self.chosen, chosen, 1), (self.rejected, rejected, -1)):
            row[column] = self._write(
                head if inside else [], answer, column, like[column], 1 if polarity == 1 else -1
            )
        return ()

    def _answers(self, row: Row) -> tuple[Any, Any]:
        chosen, rejected = row[self.chosen], row[self.rejected]
        if self.asked is None and _marked(chosen) and _marked(rejected):
            return _dialogue(chosen), _dialogue(rejected)
        return chosen, rejected

    def _read(
        self, value: Any, column: str, polarity: Polarity, *, start: int = 0, end: int | None = None
    ) -> list[Turn]:
        if isinstance(value, list):
            return read_messages(value[:end], pointer(column), polarity=polarity, start=start)
        return read_said(value, column, role=Role.ASSISTANT, polarity=polarity)

    def _write(
        self, head: Sequence[Turn], answer: Sequence[Turn], column: str, like: Any, polarity: Polarity
    ) -> Any:
        if isinstance(like, list):
            style = Style.of(like, pointer(column))
            return [
                *write_messages(head, style, polarity=0),
                *write_messages(answer, style, polarity=polarity),
            ]
        if self.asked is None and _marked(like):
            return _undialogue([*head, *answer])
        if head:
            raise RecordError(f"{column} is plain text and cannot hold the prompt")
        return write_said(answer, like, column, role=Role.ASSISTANT, polarity=polarity)


class _Parts(NamedTuple):
    head: Sequence[Turn]
    chosen: Sequence[Turn]
    rejected: Sequence[Turn]


def _cut(turns: Sequence[Turn], chosen: str, rejected: str) -> _Parts:
    """Split a preference's turns where the answers start."""
    first = next((n for n, turn in enumerate(turns) if turn.polarity == 1), len(turns))
    second = next(
        (n for n, turn in enumerate(turns) if _under(turn, rejected) or turn.polarity == -1), len(turns)
    )
    return _Parts(turns[:first], turns[first:second], turns[second:])


def _under(turn: Turn, path: str) -> bool:
    return turn.path == path or turn.path.startswith(f"{path}/")


def _repeats(head: Sequence[Turn], asked: Sequence[Turn]) -> bool:
    """Whether the head shared by both answers ends with the prompt in its own slot."""
    tail = head[len(head) - len(asked) :] if len(asked) <= len(head) else []
    return bool(asked) and [(t.role, t.text) for t in tail] == [(t.role, t.text) for t in asked]


def _prompt(head: Sequence[Turn], *, inside: bool) -> Sequence[Turn]:
    """What goes in the prompt's own slot: the whole head, or its last turn if the answers repeat it."""
    return head[-1:] if inside else head


def _marked(value: Any) -> bool:
    return isinstance(value, str) and _MARK.match(value) is not None


def _dialogue(text: str) -> list[Any]:
    r"""A `\n\nHuman: ...\n\nAssistant: ...` string as messages."""
    _, *pieces = _MARK.split(text)
    return [
        {"role": name.casefold(), "content": said.removeprefix(" ")}
        for name, said in zip(pieces[::2], pieces[1::2], strict=True)
    ]


def _undialogue(turns: Sequence[Turn]) -> str:
    if any(turn.role not in _MARKS or turn.kind not in ("text", "reasoning") for turn in turns):
        raise RecordError("a Human/Assistant string cannot hold this turn")
    text, thoughts = "", ""
    for turn in turns:
        if turn.kind == "reasoning":
            thoughts += tagged(turn.text)
            continue
        text += f"\n\n{_MARKS[turn.role]}: {thoughts}{turn.text}"
        thoughts = ""
    return text + (f"\n\nAssistant: {thoughts}" if thoughts else "")


def _in_string(turn: Turn) -> Turn:
    """The turn with its path cut to the column: a pointer cannot reach into a string."""
    return replace(turn, path="/" + turn.path.split("/")[1])
