"""Formats without roles: documents, labelled spans, token ids."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from mixguard.corpus.formats.base import Speaker, text_turns
from mixguard.corpus.formats.layout import not_of
from mixguard.corpus.records import Role, Row, Sample, Turn
from mixguard.errors import RecordError


@dataclass(frozen=True, slots=True)
class Segments:
    """Template-free text: trained spans and context spans."""

    column: str = "segments"

    def fits(self, row: Row) -> bool:
        """Whether there is a list of labelled spans."""
        spans = row.get(self.column)
        return isinstance(spans, list) and bool(spans) and isinstance(spans[0], dict) and "text" in spans[0]

    def read(self, row: Row) -> list[Turn]:
        """A span labelled true is the assistant's, any other the user's."""
        return [
            turn
            for n, span in enumerate(row[self.column])
            for turn in _read_span(span, f"/{self.column}/{n}/text")
        ]

    def write(self, turns: Sequence[Turn], row: dict[str, Any], like: Row) -> Sequence[Turn]:
        """Write one span per turn; reasoning is part of the answer's span."""
        spans: list[dict[str, Any]] = []
        thought = ""
        for turn in turns:
            trained = (turn.role, turn.polarity) == (Role.ASSISTANT, 1)
            if not (trained or turn.role is Role.USER) or turn.kind not in ("text", "reasoning"):
                raise RecordError(f"segments cannot hold this {turn.role.value} turn")
            if turn.kind == "reasoning":
                thought += turn.text
                continue
            spans.append(_span(thought + turn.text, trained=trained, like=like[self.column][0]))
            thought = ""
        if thought:
            spans.append(_span(thought, trained=True, like=like[self.column][0]))
        row[self.column] = spans
        return ()


def _read_span(span: Any, path: str) -> list[Turn]:
    if not isinstance(span, dict) or not isinstance(span.get("text"), str):
        raise RecordError("a segment has no text")
    trained = bool(span.get("label"))
    who = Speaker(Role.ASSISTANT if trained else Role.USER)
    turns = text_turns(span["text"], who, 1 if trained else 0, path)
    return turns or [Turn(who.role, "", "text", 1 if trained else 0, path)]


def _span(text: str, *, trained: bool, like: dict[str, Any]) -> dict[str, Any]:
    written = {"label": trained, "text": text}
    span = {key: written.get(key) for key, value in like.items() if key in written or value is None}
    return {**span, **written}


@dataclass(frozen=True, slots=True)
class Pretokenized:
    """Token ids only."""

    id: str = "pretokenized"

    def matches(self, row: Row) -> bool:
        """Whether there are token ids; this format is tried last, so there is no known text column."""
        return isinstance(row.get("input_ids"), list)

    def parse(self, row: Row) -> Sample:
        """Always raises: text is not guessed from ids."""
        if not self.matches(row):
            raise not_of(self.id, row)
        raise RecordError("token ids cannot be audited without their tokenizer; pass the text corpus instead")

    def render(self, sample: Sample, like: Row) -> dict[str, Any]:
        """Always raises: text cannot be written as ids."""
        raise RecordError("text cannot be written as token ids without their tokenizer")
