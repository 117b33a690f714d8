"""Amazon Nova's preferences: messages, the last of which has candidates, each preferred or not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from mixguard.corpus.formats.base import Speaker, pointer
from mixguard.corpus.formats.content import write_content
from mixguard.corpus.formats.messages import read_messages
from mixguard.corpus.formats.parts import read_content
from mixguard.corpus.formats.style import Style
from mixguard.corpus.formats.writing import write_messages
from mixguard.corpus.records import Polarity, Role, Row, Turn
from mixguard.errors import RecordError

_LABELS = {"preferred": 1, "non-preferred": -1}


@dataclass(frozen=True, slots=True)
class Candidates:
    """A conversation, and two candidates for its last message."""

    column: str = "messages"

    def fits(self, row: Row) -> bool:
        """Whether the last message has one candidate of each label."""
        messages = row.get(self.column)
        last = messages[-1] if isinstance(messages, list) and messages else None
        found = last.get("candidates") if isinstance(last, dict) else None
        if not isinstance(found, list) or not all(isinstance(each, dict) for each in found):
            return False
        return sorted(str(each.get("preferenceLabel")) for each in found) == sorted(_LABELS)

    def read(self, row: Row) -> list[Turn]:
        """The conversation, the preferred candidate (+1), the other (-1)."""
        *earlier, last = row[self.column]
        turns = read_messages(earlier, pointer(self.column), polarity=0)
        for label in _LABELS:
            number = _place(last, label)
            path = pointer(self.column, len(earlier), "candidates", number, "content")
            polarity: Polarity = 1 if label == "preferred" else -1
            content = last["candidates"][number].get("content")
            turns += read_content(content, Speaker(Role.ASSISTANT), polarity, path)
        return turns

    def write(self, turns: Sequence[Turn], row: dict[str, Any], like: Row) -> Sequence[Turn]:
        """Write the conversation, and each candidate where `like` has one of its label."""
        *earlier, last = like[self.column]
        head = [turn for turn in turns if turn.polarity == 0]
        candidates = list(last["candidates"])
        for label, polarity in _LABELS.items():
            answer = [turn for turn in turns if turn.polarity == polarity]
            if not answer or any(turn.role is not Role.ASSISTANT for turn in answer):
                raise RecordError("a preference needs a preferred candidate and another")
            number = _place(last, label)
            shown = candidates[number]
            candidates[number] = {**shown, "content": write_content(answer, shown.get("content"))}
        written = write_messages(head, Style.of(earlier, pointer(self.column)), polarity=0)
        row[self.column] = [*written, {**last, "candidates": candidates}]
        return ()


def _place(message: dict[str, Any], label: str) -> int:
    return [each.get("preferenceLabel") for each in message["candidates"]].index(label)
