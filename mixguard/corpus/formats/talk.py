"""Conversation slots: a list of messages, or a prompt or answer that is a string or such a list."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from mixguard.corpus.formats.base import Speaker, pointer
from mixguard.corpus.formats.content import Parts, write_content
from mixguard.corpus.formats.masks import ROW_MASKS, RowMask, masked_speaker, row_mask
from mixguard.corpus.formats.messages import content_key, read_message, read_messages
from mixguard.corpus.formats.parts import read_content
from mixguard.corpus.formats.speakers import asks
from mixguard.corpus.formats.strings import prompt_length, read_string, write_string
from mixguard.corpus.formats.writing import Style, write_messages
from mixguard.corpus.records import Polarity, Role, Row, Turn
from mixguard.errors import RecordError


def look_up(row: Row, keys: Sequence[str]) -> Any:
    """The nested value under these keys; None if there is none."""
    value: Any = row
    for key in keys:
        if not isinstance(value, Mapping):
            return None
        value = value.get(key)
    return value


def is_messages(value: Any) -> bool:
    """Whether a value looks like a list of messages; an empty list does."""
    return isinstance(value, list) and (not value or isinstance(value[0], dict))


def last_answer(turns: Sequence[Turn]) -> int:
    """Index of the first turn after the last user turn."""
    return next((n for n in range(len(turns), 0, -1) if turns[n - 1].role is Role.USER), 0)


@dataclass(frozen=True, slots=True)
class Messages:
    """A list of messages."""

    keys: tuple[str, ...]
    polarity: Polarity = 1
    final: bool = False
    """Whether only the last answer is trained; a preference's prompt may hold earlier ones."""

    def fits(self, row: Row) -> bool:
        """Whether there is a list of messages."""
        return is_messages(row.get(self.keys[0]) if len(self.keys) == 1 else look_up(row, self.keys))

    def read(self, row: Row) -> list[Turn]:
        """The messages' turns."""
        path = pointer(*self.keys)
        messages = look_up(row, self.keys)
        turns = read_messages(messages, path, polarity=self.polarity, hushed=masked_speaker(row))
        mask = self._mask(row, messages)
        if mask is not None:
            silent = tuple(f"{path}/{number}/" for number in mask.untrained())
            turns = [replace(t, polarity=0) if f"{t.path}/".startswith(silent) else t for t in turns]
        if not self.final:
            return turns
        split = last_answer(turns)
        return [*(replace(turn, polarity=0) for turn in turns[:split]), *turns[split:]]

    def write(self, turns: Sequence[Turn], row: dict[str, Any], like: Row) -> Sequence[Turn]:
        """Write the turns up to the first trained the other way; for a prompt, up to the first trained."""
        end = next((n for n, turn in enumerate(turns) if self._foreign(turn)), len(turns))
        mine = turns[:end]
        messages = look_up(like, self.keys)
        mask = self._mask(like, messages)
        silent = frozenset[int]() if mask is None else mask.untrained()
        style = Style.of(messages, pointer(*self.keys), hushed=masked_speaker(like), silent=silent)
        split = last_answer(mine) if self.final else 0
        written = write_messages(mine[:split], style, polarity=0)
        written += write_messages(mine[split:], style, polarity=self.polarity)
        _put(row, self.keys, written)
        if mask is not None:
            row[mask.column] = _mask_of(written, messages, mask)
        return turns[end:]

    def _mask(self, row: Row, messages: Any) -> RowMask | None:
        if ROW_MASKS.isdisjoint(row) or not isinstance(messages, list):
            return None
        return row_mask(row, [asks(message) for message in messages])

    def _foreign(self, turn: Turn) -> bool:
        return turn.polarity != 0 and (self.polarity == 0 or (self.final and turn.polarity != self.polarity))


def _mask_of(written: Sequence[Any], messages: Sequence[Any], mask: RowMask) -> list[Any]:
    """The row's mask for the messages written: a kept one has its own, a new answer is trained."""
    answers = [read_message(m, "", polarity=1)[0].role is Role.ASSISTANT for m in written]
    values: list[Any] = []
    rest = list(zip(messages, mask.values, strict=True))
    for message, answer in zip(written, answers, strict=True):
        kept = next((n for n, (own, _) in enumerate(rest) if own is message), None)
        values.append(mask.value(trained=answer) if kept is None else rest[kept][1])
        rest = rest if kept is None else rest[kept + 1 :]
    return values


def _put(row: dict[str, Any], keys: Sequence[str], value: Any) -> None:
    """Set a nested value, copying the objects on the way."""
    for key in keys[:-1]:
        row[key] = dict(row[key])
        row = row[key]
    row[keys[-1]] = value


@dataclass(frozen=True, slots=True)
class Preamble:
    """A system prompt outside the messages: a string, parts, or an object with parts."""

    columns: tuple[str, ...]

    def fits(self, row: Row) -> bool:
        """Always true; it is optional."""
        return True

    def read(self, row: Row) -> list[Turn]:
        """The system turns."""
        column = self._column(row)
        value = row.get(column)
        if not value:
            return []
        if isinstance(value, dict):
            key = content_key(value)
            return read_content(value.get(key), Speaker(Role.SYSTEM), 0, pointer(column, key))
        return read_content(value, Speaker(Role.SYSTEM), 0, pointer(column))

    def write(self, turns: Sequence[Turn], row: dict[str, Any], like: Row) -> Sequence[Turn]:
        """Write the leading system turns if `like` has a column for them."""
        column = self._column(like)
        if column not in like:
            return turns
        end = next((n for n, turn in enumerate(turns) if turn.role is not Role.SYSTEM), len(turns))
        shown = like[column]
        if end == 0:
            row[column] = type(shown)() if isinstance(shown, str | list) else None
        elif isinstance(shown, dict):
            key = content_key(shown)
            own = _own(shown.get(key), pointer(column, key))
            row[column] = {**shown, key: write_content(turns[:end], shown.get(key), own=own)}
        else:
            row[column] = write_content(turns[:end], shown, own=_own(shown, pointer(column)))
        return turns[end:]

    def _column(self, row: Row) -> str:
        held = [column for column in self.columns if row.get(column) is not None]
        return (
            held[0] if held else next((column for column in self.columns if column in row), self.columns[0])
        )


def _own(content: Any, path: str) -> Parts:
    return Parts(path, content if isinstance(content, list) else ())


@dataclass(frozen=True, slots=True)
class Said:
    """A prompt or an answer: a string, one message, or a list of messages."""

    column: str
    role: Role
    polarity: Polarity

    def fits(self, row: Row) -> bool:
        """Whether the column holds one of the three."""
        value = row.get(self.column)
        return isinstance(value, str | dict) or is_messages(value)

    def read(self, row: Row) -> list[Turn]:
        """The turns, with the column's polarity."""
        return read_said(row.get(self.column), self.column, role=self.role, polarity=self.polarity)

    def write(self, turns: Sequence[Turn], row: dict[str, Any], like: Row) -> Sequence[Turn]:
        """Write a prompt up to the first trained turn, an answer up to one trained the other way."""
        barred = {1, -1} - {self.polarity}
        end = next((n for n, turn in enumerate(turns) if turn.polarity in barred), len(turns))
        shown = like.get(self.column)
        if self.role is Role.USER:
            end = prompt_length(turns, shown) or end
        row[self.column] = write_said(turns[:end], shown, self.column, role=self.role, polarity=self.polarity)
        return turns[end:]


def read_said(value: Any, column: str, *, role: Role, polarity: Polarity) -> list[Turn]:
    """The turns of a prompt or an answer."""
    path = pointer(column)
    if isinstance(value, str):
        turns = read_string(value, role, polarity, path)
        return turns or [Turn(role, "", "text", polarity, path)]
    if isinstance(value, dict):
        return read_message(value, path, polarity=polarity)
    return read_messages(value, path, polarity=polarity)


def write_said(turns: Sequence[Turn], like: Any, column: str, *, role: Role, polarity: Polarity) -> Any:
    """The inverse of `read_said`, in the style of `like`.

    Raises:
        RecordError: `like` is a string or one message, but there are several turns.
    """
    path = pointer(column)
    if isinstance(like, list):
        return write_messages(turns, Style.of(like, path), polarity=polarity)
    if role is Role.USER and prompt_length(turns, like):
        return write_string(turns, like, role)
    texts = sum(turn.kind == "text" for turn in turns)
    if texts != 1 or any(turn.role is not role or turn.kind not in ("text", "reasoning") for turn in turns):
        raise RecordError(f"{column} can only hold a single {role.value} turn")
    if isinstance(like, dict):
        return write_messages(turns, Style.of([like], path), polarity=polarity)[0]
    return write_string(turns, like, role)
