"""The slot for an answer's reasoning in a column of its own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from mixguard.corpus.formats.base import pointer
from mixguard.corpus.formats.names import by_key
from mixguard.corpus.formats.reasoning import is_marked, split_reasoning
from mixguard.corpus.records import Role, Row, Turn
from mixguard.errors import RecordError

KEYS = (
    "complexcot", "cot", "longcot", "shortcot", "chainofthought", "chainofthoughts", "rationale", "reasoning",
    "reasoningcontent", "reasoningtrace", "reasoningchain", "reasoningsteps", "thinking", "thinkingcontent",
    "thinkingtrajectory", "thinkingprocess", "thinkingtrace", "thought", "thoughts", "thoughtprocess", "think",
    "analysis", "scratchpad", "deepseekreasoning", "deepseekthinkingtrajectory", "reasoningoutput", "modelreasoning",
)  # fmt: skip
"""Names of such columns, by `names.key`."""


@dataclass(frozen=True, slots=True)
class Thought:
    """Reasoning before an answer."""

    column: str
    answer: str
    """The answer's column."""

    def fits(self, row: Row) -> bool:
        """Whether the column holds prose or nothing."""
        return is_prose(row.get(self.column))

    def read(self, row: Row) -> list[Turn]:
        """The reasoning, trained as the answer is; none if the column is empty."""
        text = row.get(self.column)
        return [Turn(Role.ASSISTANT, text, "reasoning", 1, pointer(self.column))] if text else []

    def write(self, turns: Sequence[Turn], row: dict[str, Any], like: Row) -> Sequence[Turn]:
        """Write leading reasoning, or leave the column empty."""
        end = next((n for n, turn in enumerate(turns) if not self._mine(turn, like)), len(turns))
        if end or like.get(self.column):
            row[self.column] = "\n\n".join(turn.text for turn in turns[:end])
        return turns[end:]

    def _mine(self, turn: Turn, like: Row) -> bool:
        if turn.kind != "reasoning" or turn.polarity != 1:
            return False
        if turn.path or not is_marked(turn.text):
            return turn.path in ("", pointer(self.column))
        if split_reasoning(str(like.get(self.answer))).thought:
            return False
        raise RecordError(f"{self.column} holds the reasoning, so that {self.answer} needs no tags for it")


def is_prose(value: Any) -> bool:
    """Whether a value can be reasoning: several words, or nothing yet. One word is a grade or a kind."""
    if value is None or value == "":
        return True
    return isinstance(value, str) and (not value.isascii() or len(value.split()) > 1)


def thoughts_of(row: Row) -> tuple[str, ...]:
    """The columns of reasoning that a row has, whether empty or not."""
    return tuple([column for column in _columns(tuple(row)) if is_prose(row[column])])


@lru_cache(maxsize=512)
def _columns(names: tuple[str, ...]) -> tuple[str, ...]:
    columns = by_key(names)
    return tuple(columns[name] for name in KEYS if name in columns)
