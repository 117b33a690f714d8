"""Formats with a list of graded answers: reasoning steps with labels, answers with ranks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from mixguard.corpus.formats.asked import asked, told
from mixguard.corpus.formats.base import Speaker, flags_of, joined_text, pointer, text_turns
from mixguard.corpus.formats.cells import cell_text
from mixguard.corpus.formats.labels import spelt_like, truth
from mixguard.corpus.formats.layout import Slot, not_of
from mixguard.corpus.formats.listed import LISTS, LOWER, Graded, Listed, answers_of, grades_of
from mixguard.corpus.formats.messages import read_message
from mixguard.corpus.formats.names import key
from mixguard.corpus.formats.talk import Said
from mixguard.corpus.formats.writing import Style, write_messages
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
class Best:
    """A prompt and a list of graded answers; the best is +1, those that are worse are -1."""

    id: str
    lists: tuple[str, ...] = LISTS
    """Columns of answers, by `names.key`."""
    text: str | None = None
    """Key of the answers' text, if it must be this one."""

    def matches(self, row: Row) -> bool:
        """Whether there are graded answers and a prompt."""
        return self._found(row) is not None

    def parse(self, row: Row) -> Sample:
        """The prompt, the best answer, the worse ones in order, and those that equal the best as context."""
        listed, graded, prompt = self._needed(row)
        best = max(graded.goodness)
        first = graded.goodness.index(best)
        worse = [number for number, grade in enumerate(graded.goodness) if grade < best]
        equal = [number for number, grade in enumerate(graded.goodness) if grade == best and number != first]
        tie = bool(equal) and not worse
        turns = [*told(row).read(row), *prompt.read(row)]
        turns += _item(row, listed, first, 0 if tie else 1)
        for number in worse:
            turns += _item(row, listed, number, -1)
        for number in equal:
            turns += _item(row, listed, number, 0)
        return Sample(tuple(turns), (*flags_of(turns), *(("tie",) if tie else ())))

    def render(self, sample: Sample, like: Row) -> dict[str, Any]:
        """The answers, best first, in the style of `like`, with its best and its lowest grade."""
        row = dict(like)
        if self.parse(like).turns == sample.turns:
            return row
        listed, graded, prompt = self._needed(like)
        rest = prompt.write(told(like).write(sample.turns, row, like), row, like)
        answers = _answers(rest)
        signs = [answer[0].polarity for answer in answers]
        if signs[:1] != [1] or any(sign != -1 for sign in signs[1:]):
            raise RecordError("graded answers must start with the chosen one, and only one can be chosen")
        shown = [_place(graded, number) for number in range(len(answers))]
        row[listed.column] = [
            _written(answer, like[listed.column][place], listed, graded, number)
            for number, (answer, place) in enumerate(zip(answers, shown, strict=True))
        ]
        if graded.column is not None:
            grades = like[graded.column]
            row[graded.column] = [grades[place] for place in shown] if isinstance(grades, list) else 0
        return row

    def _found(self, row: Row) -> tuple[Listed, Graded, Slot] | None:
        listed = answers_of(row, self.lists)
        if listed is None or self.text not in (None, listed.text):
            return None
        graded = grades_of(row, listed)
        prompt = asked({name: value for name, value in row.items() if name != listed.column})
        return None if graded is None or prompt is None else (listed, graded, prompt)

    def _needed(self, row: Row) -> tuple[Listed, Graded, Slot]:
        found = self._found(row)
        if found is None:
            raise not_of(self.id, row)
        return found


def _item(row: Row, listed: Listed, number: int, polarity: Polarity) -> list[Turn]:
    """The turns of one answer of a list."""
    answer, path = row[listed.column][number], pointer(listed.column, number)
    if listed.text is None:
        return _read(answer, polarity, path)
    path += pointer(listed.text)
    if isinstance(answer[listed.text], dict):
        return read_message(answer[listed.text], path, polarity=polarity)
    return _read(answer[listed.text], polarity, path)


def _place(graded: Graded, number: int) -> int:
    """Which answer of the row to imitate: for the first the best, for others the worst."""
    goodness = graded.goodness
    return goodness.index(max(goodness) if number == 0 else min(goodness))


def _written(answer: Sequence[Turn], like: Any, listed: Listed, graded: Graded, number: int) -> Any:
    """A new answer with a grade like another's; what else is said of that one is not kept."""
    if listed.text is None:
        return joined_text(answer)
    shown = like[listed.text]
    if isinstance(shown, dict):
        said: Any = write_messages(answer, Style.of([shown], ""), polarity=answer[0].polarity)[0]
    else:
        said = joined_text(answer)
    grade = like.get(graded.inside)
    if graded.inside is not None and key(graded.inside) in LOWER:
        grade = type(grade)(number + 1)
    written = {listed.text: said, graded.inside: grade}
    return {name: written.get(name) for name, value in like.items() if name in written or value is None}


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
