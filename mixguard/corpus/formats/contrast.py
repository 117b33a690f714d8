"""The preference slot: a chosen and a rejected answer, and the prompt, shared in both or in its own slot."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from mixguard.corpus.formats.base import pointer
from mixguard.corpus.formats.cutting import read_script
from mixguard.corpus.formats.layout import Slot
from mixguard.corpus.formats.messages import common_start, read_messages
from mixguard.corpus.formats.rewrite import rewritten
from mixguard.corpus.formats.script import Script
from mixguard.corpus.formats.talk import is_messages, read_said, write_said
from mixguard.corpus.formats.writing import Style, write_messages
from mixguard.corpus.records import Polarity, Role, Row, Turn
from mixguard.errors import RecordError


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
        shared = _shared(chosen, rejected)
        head = self._read(chosen, self.chosen, 0, end=shared) if shared else []
        if not _repeats(head, asked):
            head = [*asked, *head]
        return [
            *head,
            *self._read(chosen, self.chosen, 1, start=shared),
            *self._read(rejected, self.rejected, -1, start=shared),
        ]

    def write(self, turns: Sequence[Turn], row: dict[str, Any], like: Row) -> Sequence[Turn]:
        """Write all turns; the prompt goes where `like` has it, in the answers or in its own slot."""
        head, chosen, rejected = _cut(turns, pointer(self.chosen), pointer(self.rejected))
        if not chosen or not rejected:
            raise RecordError("a preference needs a chosen and a rejected answer")
        shown = self._answers(like)
        inside = self.asked is None or _shared(*shown) > 0
        if self.asked is not None and (rest := self.asked.write(_prompt(head, inside=inside), row, like)):
            raise RecordError(f"the prompt cannot hold this {rest[0].role.value} turn")
        before = head if inside else []
        row[self.chosen] = self._write(before, chosen, self.chosen, shown[0], 1)
        row[self.rejected] = self._write(before, rejected, self.rejected, shown[1], -1)
        return ()

    def _answers(self, row: Row) -> tuple[Any, Any]:
        """Both answers; as scripts if both are whole rendered chats."""
        chosen, rejected = row[self.chosen], row[self.rejected]
        if isinstance(chosen, str) and isinstance(rejected, str):
            scripts = read_script(chosen, "answered"), read_script(rejected, "answered")
            if None not in scripts and (self.asked is None or _shared(*scripts)):
                return scripts
        return chosen, rejected

    def _read(
        self, value: Any, column: str, polarity: Polarity, *, start: int = 0, end: int | None = None
    ) -> list[Turn]:
        if isinstance(value, Script):
            return [t for piece in value.pieces[start:end] for t in piece.turns(polarity, pointer(column))]
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
        if isinstance(like, Script):
            return rewritten(like, [*head, *answer], "answered")
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


def _shared(chosen: Any, rejected: Any) -> int:
    """Number of turns both answers start with."""
    if isinstance(chosen, Script) and isinstance(rejected, Script):
        said = [[(piece.who, piece.text) for piece in each.pieces] for each in (chosen, rejected)]
        return common_start(*said)
    return common_start(chosen, rejected) if isinstance(chosen, list) and isinstance(rejected, list) else 0
