"""Plain-text slots: one column, several joined into one prompt, or a list of earlier exchanges."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from mixguard.corpus.formats.base import Speaker, joined_text, text_turns
from mixguard.corpus.formats.strings import prompt_length, read_string, write_string
from mixguard.corpus.records import Polarity, Role, Row, Turn
from mixguard.errors import RecordError

_ASSISTANT = Speaker(Role.ASSISTANT)
WORKED_ON = frozenset(
    ("article", "document", "dialogue", "dialog", "conversation", "content", "text", "passage", "summary")
)
"""Columns of texts that are summarised or classified: a chat in one is not the conversation."""


def cell_text(value: Any, column: str) -> str:
    """A cell's text: null as empty text, a number as its digits.

    Raises:
        RecordError: it is an object or a list.
    """
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, int | float):
        with suppress(ValueError):  # Python refuses to print integers with thousands of digits
            return str(value)
    raise RecordError(f"{column} is {type(value).__name__}, not text")


@dataclass(frozen=True, slots=True)
class Text:
    """A turn whose text comes from one column."""

    role: Role
    main: str
    polarity: Polarity = 0
    columns: tuple[str, ...] = ()
    """All columns if there are several, in the order in which their texts are joined by newlines."""
    optional: bool = False

    def fits(self, row: Row) -> bool:
        """Whether the main column has a value."""
        return self.optional or row.get(self.main) is not None

    def read(self, row: Row) -> list[Turn]:
        """One turn, preceded by another if an answer starts with reasoning; more if a prompt is a rendered chat."""
        text, path = self._text(row), f"/{self.main}"
        turns = read_string(text, self.role, self.polarity, path) if self._spoken else self._plain(text, path)
        return turns if turns or self.optional else [Turn(self.role, "", "text", self.polarity, path)]

    def write(self, turns: Sequence[Turn], row: dict[str, Any], like: Row) -> Sequence[Turn]:
        """Write the text to the main column; the columns joined with it become empty, unless they say it already."""
        if self.optional and self.main not in like:
            return turns
        shown = self._text(like)
        taken = self._taken(turns, shown)
        if self.columns and joined_text(self.read(like)) == joined_text(turns[:taken]):
            return turns[taken:]
        if taken == 0 and not self.optional:
            raise RecordError(f"{self.main} needs a {self.role.value} turn")
        if taken or like[self.main] is not None:
            mine = turns[:taken]
            row[self.main] = write_string(mine, shown, self.role) if self._spoken else joined_text(mine)
        for column in self.columns:
            if column != self.main and like.get(column) is not None:
                row[column] = ""
        return turns[taken:]

    @property
    def _spoken(self) -> bool:
        """Whether the column holds what is said, not a text that something is to be done with."""
        return self.main.casefold() not in WORKED_ON

    def _text(self, row: Row) -> str:
        texts = [cell_text(row.get(column), column) for column in self.columns or (self.main,)]
        return "\n".join(text for text in texts if text)

    def _plain(self, text: str, path: str) -> list[Turn]:
        return text_turns(text, Speaker(self.role), self.polarity, path)

    def _taken(self, turns: Sequence[Turn], shown: str) -> int:
        """Number of leading turns that fit one text: reasoning, then a single text, or a rendered chat's."""
        if self.role is Role.USER and self._spoken and (taken := prompt_length(turns, shown)):
            return taken
        for number, turn in enumerate(turns):
            mine = turn.role is self.role and turn.polarity == self.polarity
            if mine and turn.kind == "text":
                return number + 1
            if not mine or turn.kind != "reasoning":
                return number
        return len(turns)


@dataclass(frozen=True, slots=True)
class History:
    """Earlier exchanges: a list of question-answer pairs, all answers trained on."""

    column: str
    alone: bool = False
    """Whether this is the whole conversation rather than its history."""

    def fits(self, row: Row) -> bool:
        """Whether the column holds pairs."""
        pairs = row.get(self.column)
        if pairs is None:
            return not self.alone
        return isinstance(pairs, list) and (not self.alone or bool(pairs)) and all(map(_is_pair, pairs))

    def read(self, row: Row) -> list[Turn]:
        """A user turn and an answer for each pair."""
        turns: list[Turn] = []
        for number, pair in enumerate(row.get(self.column) or ()):
            question, answer = _keys(pair)
            path = f"/{self.column}/{number}"
            asked = cell_text(pair[question], self.column)
            answered = text_turns(cell_text(pair[answer], self.column), _ASSISTANT, 1, f"{path}/{answer}")
            turns += [Turn(Role.USER, asked, "text", 0, f"{path}/{question}")]
            turns += answered or [Turn(Role.ASSISTANT, "", "text", 1, f"{path}/{answer}")]
        return turns

    def write(self, turns: Sequence[Turn], row: dict[str, Any], like: Row) -> Sequence[Turn]:
        """Write all exchanges but the last, or all if `alone`."""
        shown = like.get(self.column)
        if shown is None and self.column not in like:
            return turns
        pairs: list[Any] = []
        starts = [number for number, turn in enumerate(turns) if turn.role is Role.USER]
        ends = [*starts[1:], len(turns)] if self.alone else starts[1:]
        if starts[:1] != [0] and self.alone:
            raise RecordError(f"{self.column} must start with a user turn")
        for start, end in zip(starts, ends, strict=False):
            pairs.append(_pair(turns[start], turns[start + 1 : end], shown))
        if pairs or shown is not None:
            row[self.column] = pairs
        return turns[ends[-1] :] if ends else turns


def _is_pair(pair: Any) -> bool:
    if isinstance(pair, dict):
        return pair.get("human") is not None and pair.get("assistant") is not None
    return isinstance(pair, list | tuple) and len(pair) == 2


def _keys(pair: Any) -> tuple[Any, Any]:
    return ("human", "assistant") if isinstance(pair, dict) else (0, 1)


def _pair(asked: Turn, answered: Sequence[Turn], shown: Any) -> Any:
    if any(turn.role is not Role.ASSISTANT or turn.kind not in ("text", "reasoning") for turn in answered):
        raise RecordError("an earlier exchange has a turn that a text pair cannot hold")
    if asked.kind != "text" or any(turn.polarity != 1 for turn in answered):
        raise RecordError("an earlier exchange is not trained on, which a text pair cannot express")
    answer = joined_text(answered)
    if shown and isinstance(shown[0], dict):
        return {
            **{key: None for key, value in shown[0].items() if value is None},
            "human": asked.text,
            "assistant": answer,
        }
    return [asked.text, answer]
