"""Formats with a list of graded answers: reasoning steps with labels, answers with ranks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mixguard.corpus.formats.base import Speaker, flags_of, joined_text, text_turns
from mixguard.corpus.formats.cells import cell_text
from mixguard.corpus.formats.kto import spelt_like, truth
from mixguard.corpus.formats.layout import not_of
from mixguard.corpus.formats.talk import Said
from mixguard.corpus.records import Polarity, Role, Row, Sample, Turn
from mixguard.errors import RecordError


@dataclass(frozen=True, slots=True)
class Steps:
    """Process rewards: a prompt, steps, and a label per step."""

    prompt: Said
    id: str = "prm"

    def matches(self, row: Row) -> bool:
        """Whether steps and labels are lists."""
        return (
            isinstance(row.get("completions"), list)
            and isinstance(row.get("labels"), list)
            and self.prompt.fits(row)
        )

    def parse(self, row: Row) -> Sample:
        """The prompt, then each step: +1 or -1 by its label."""
        if not self.matches(row):
            raise not_of(self.id, row)
        steps, labels = row["completions"], row["labels"]
        if len(steps) != len(labels):
            raise RecordError(f"{len(steps)} completions, but {len(labels)} labels")
        turns = self.prompt.read(row)
        for number, (step, label) in enumerate(zip(steps, labels, strict=True)):
            wanted = truth(label)
            if wanted is None:
                raise RecordError("a label is neither true nor false")
            turns += _read(step, 1 if wanted else -1, f"/completions/{number}")
        coerced = () if all(isinstance(label, bool) for label in labels) else ("label_coerced",)
        return Sample(tuple(turns), (*flags_of(turns), *coerced))

    def render(self, sample: Sample, like: Row) -> dict[str, Any]:
        """The steps and their labels, in the style of `like`."""
        row = dict(like)
        if self.parse(like).turns == sample.turns:
            return row
        answers = _answers(self.prompt.write(sample.turns, row, like))
        shown = next(iter(like["labels"]), True)
        row["completions"] = [joined_text(answer) for answer in answers]
        row["labels"] = [spelt_like(answer[0].polarity == 1, shown) for answer in answers]
        return row


@dataclass(frozen=True, slots=True)
class Ranked:
    """A ranked preference: a prompt and ranked answers; the best is +1, the others are -1."""

    prompt: Said
    id: str = "nectar"

    def matches(self, row: Row) -> bool:
        """Whether there are ranked answers."""
        answers = row.get("answers")
        ranked = isinstance(answers, list) and bool(answers) and all(map(_is_ranked, answers))
        return ranked and self.prompt.fits(row)

    def parse(self, row: Row) -> Sample:
        """The prompt, the best answer, then the others in order."""
        if not self.matches(row):
            raise not_of(self.id, row)
        answers = row["answers"]
        best = min(range(len(answers)), key=lambda number: answers[number]["rank"])
        turns = self.prompt.read(row)
        turns += _read(answers[best]["answer"], 1, f"/answers/{best}/answer")
        for number, answer in enumerate(answers):
            turns += [] if number == best else _read(answer["answer"], -1, f"/answers/{number}/answer")
        return Sample(tuple(turns), flags_of(turns))

    def render(self, sample: Sample, like: Row) -> dict[str, Any]:
        """The answers, best first, in the style of `like`."""
        row = dict(like)
        if self.parse(like).turns == sample.turns:
            return row
        answers = _answers(self.prompt.write(sample.turns, row, like))
        signs = [answer[0].polarity for answer in answers]
        if signs[:1] != [1] or any(sign != -1 for sign in signs[1:]):
            raise RecordError("ranked answers must start with the chosen one, and only one can be chosen")
        template = like["answers"][0]
        row["answers"] = [
            _ranked(joined_text(answer), rank, template) for rank, answer in enumerate(answers, 1)
        ]
        return row


def _is_ranked(answer: Any) -> bool:
    return (
        isinstance(answer, dict)
        and isinstance(answer.get("rank"), int | float)
        and isinstance(answer.get("answer"), str)
    )


def _ranked(text: str, rank: int, like: Mapping[str, Any]) -> dict[str, Any]:
    written = {"answer": text, "rank": type(like["rank"])(rank)}
    return {key: written.get(key) for key, value in like.items() if key in written or value is None}


def _read(text: Any, polarity: Polarity, path: str) -> list[Turn]:
    turns = text_turns(cell_text(text, path), Speaker(Role.ASSISTANT), polarity, path)
    return turns or [Turn(Role.ASSISTANT, "", "text", polarity, path)]


def _answers(turns: Sequence[Turn]) -> list[list[Turn]]:
    """Turns grouped by answer: reasoning, then its text."""
    answers: list[list[Turn]] = []
    for turn in turns:
        if turn.role is not Role.ASSISTANT or turn.polarity == 0 or turn.kind not in ("text", "reasoning"):
            raise RecordError(f"a list of graded answers cannot hold this {turn.role.value} turn")
        if answers and answers[-1][-1].kind == "reasoning":
            answers[-1].append(turn)
        else:
            answers.append([turn])
    if not answers:
        raise RecordError("a list of graded answers needs at least one answer")
    return answers
