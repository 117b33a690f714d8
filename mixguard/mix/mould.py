"""Turn a bank pair into a row of the corpus: same format, keys, system prompts and other columns."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from random import Random
from typing import Any, NamedTuple

from mixguard.config import ReadConfig
from mixguard.corpus.files import Source
from mixguard.corpus.formats import Format, by_id
from mixguard.corpus.formats.view import View
from mixguard.corpus.formats.vote import vote
from mixguard.corpus.records import Polarity, Record, Role, Row, Sample, Turn
from mixguard.errors import RecordError, UsageError
from mixguard.library.bank import Bank
from mixguard.mix.frames import ALWAYS, Frame, answer_frame, prompt_frame
from mixguard.mix.task_form import TaskForm, last_asked, task_forms

LIKES = 200
"""Maximum number of template rows kept per source."""
ECHO_CHARS = 8
"""Minimum length for a text repeated in another column to count as a copy, not a coincidence."""
THOUGHT = Turn(Role.ASSISTANT, "<think>\n\n</think>\n\n", "reasoning", 1)
"""An empty thought, where all answers think."""
IDS = (
    "id", "_id", "uuid", "idx", "index", "sample_id", "record_id", "conversation_id", "prompt_id", "question_id",
)  # fmt: skip
"""ID columns: a new row must not copy its template's ID."""


class Cast(NamedTuple):
    """A new row."""

    row: dict[str, Any]
    task: str | None
    """The task whose form it has; None for that of the corpus's chat."""


@dataclass(frozen=True)
class Mould:
    """What new rows of a source look like."""

    view: View
    form: Format
    likes: tuple[Record, ...]
    """Template rows: rows of the source that contain an answer trained towards."""
    preference: bool
    """Whether each answer is paired with a rejected one."""
    rejected: Mapping[str, Sequence[str]]
    """Rejected answers to choose from, by kind of pair."""
    prompts: Frame
    """What prompts have in common; as many new prompts have it."""
    answers: Frame
    """What nearly all answers begin and end with: a separator, a stop word."""
    thinks: bool
    """Whether nearly all answers begin with reasoning."""
    tasks: tuple[TaskForm, ...]
    """The tasks of which the source has a fifth or more, most common first."""

    @classmethod
    def of(cls, source: Source, read: ReadConfig, bank: Bank) -> Mould:
        """Learn from the head of a source.

        Raises:
            UsageError: its rows cannot hold an answer.
        """
        head = [record for record in islice(source.records(), read.sample) if isinstance(record, Record)]
        view = View.of(read.columns)
        form = by_id(read.format) if read.format else vote([view.seen(record.row) for record in head])
        shown = [(record, _parsed(form, view.seen(record.row))) for record in head] if form else []
        answered = [(record, sample) for record, sample in shown if sample and _answers(sample)]
        if form is None or not answered:
            kind = "rows in an unknown format" if form is None else f"{form.id} rows without a trained answer"
            raise UsageError(f"{source.name}: {kind}, so refusals cannot be added; nothing was written")
        plainest = [(record, sample) for record, sample in answered if _plain(sample)] or answered
        likes = tuple(record for record, _ in plainest)
        thinking = sum(_thinks(sample) for _, sample in answered)
        return cls(
            view,
            form,
            likes[:: max(1, len(likes) // LIKES)][:LIKES],
            preference=any(turn.polarity < 0 for _, sample in plainest for turn in sample.turns)
            and form.id != "kto",
            rejected={"refusal": bank.rejected, "contrast": bank.vague, "plain": bank.vague},
            prompts=prompt_frame(_prompt(sample) for _, sample in answered),
            answers=answer_frame(_last_answer(sample) for _, sample in answered),
            thinks=thinking >= ALWAYS * len(answered),
            tasks=task_forms(plainest, bank.tasks),
        )

    def cast(
        self, pair: Mapping[str, Any], number: int, rng: Random, task: TaskForm | None = None
    ) -> Cast | None:
        """A new row for a pair; None if the format, or the task, cannot hold it.

        Args:
            pair: a row of `Bank.pairs`, its response as it should be.
            number: the new row's number, for columns that number rows and for parts that take turns.
            rng: chooses the template row.
            task: the task whose form the row should have.
        """
        stored = rng.choice(task.likes if task else self.likes)
        like = replace(stored, row=self.view.seen(stored.row))
        before = self.form.parse(like.row)
        row, prompt = like.row, pair["prompt"]
        asked = last_asked(before)
        if task is not None:
            if asked is None:
                return None
            row, prompt = task.pose(like, asked, pair, number)
        elif rng.random() < self.prompts.share and not pair["history"]:
            prompt = self.prompts.around(prompt)
        answer = self.answers.around(pair["response"])
        context = [*_system(before), *_turns(pair, prompt)]
        after = [_answer(rng.choice(self.rejected[pair["kind"]]), -1)] if self.preference else []
        for thought in ([THOUGHT], []) if self.thinks else ([],):
            turns = [*context, *thought, _answer(answer, 1), *after]
            rendered = self._rendered(turns, row, answer)
            if rendered is not None:
                echoes = _echoes(before.turns, self.form.parse(rendered).turns)
                restored = self.view.restored(rendered, stored.row)
                return Cast(
                    self._finished(restored, stored.row, echoes, pair["id"], number),
                    task.task.id if task else None,
                )
        return None

    def _rendered(self, turns: Sequence[Turn], like: Row, answer: str) -> dict[str, Any] | None:
        """The turns as a row like another; None if that would not be read back as they are."""
        try:
            row = self.form.render(Sample(tuple(turns)), like)
            read = self.form.parse(row).turns
        except RecordError:
            return None
        return row if _spoken(read) == _spoken(turns) and _trained(read, answer) else None

    def _finished(
        self, row: Mapping[str, Any], like: Row, echoes: Mapping[str, str], name: str, number: int
    ) -> dict[str, Any]:
        """The row with copies of the old conversation replaced, and an ID of its own."""
        return {
            key: self._named(key, _echoed(value, echoes) if value == like.get(key) else value, name, number)
            for key, value in row.items()
        }

    def _named(self, key: str, value: Any, name: str, number: int) -> Any:
        """A unique value for ID columns; numeric IDs continue above those seen."""
        if key.lower() not in IDS or isinstance(value, bool):
            return value
        if isinstance(value, str):
            return name
        seen = [like.row[key] for like in self.likes if isinstance(like.row.get(key), int)]
        return max(seen) + number + 1 if isinstance(value, int) and seen else value


def _parsed(form: Format, row: Row) -> Sample | None:
    try:
        return form.parse(row)
    except RecordError:
        return None


def _answers(sample: Sample) -> bool:
    return any(turn.polarity > 0 and turn.role is Role.ASSISTANT for turn in sample.turns) or (
        any(turn.polarity < 0 for turn in sample.turns)
        and any(turn.role is Role.USER for turn in sample.turns)
    )


def _plain(sample: Sample) -> bool:
    """Whether it is text only, so a new row loses nothing."""
    return all(turn.kind == "text" for turn in sample.turns)


def _system(sample: Sample) -> list[Turn]:
    """The template row's system prompt: new rows get the prompts the model is served with."""
    head = sample.turns[:1]
    return [Turn(Role.SYSTEM, turn.text) for turn in head if turn.role is Role.SYSTEM and turn.text]


def _prompt(sample: Sample) -> str:
    return next((turn.text for turn in sample.turns if turn.role is Role.USER), "")


def _last_answer(sample: Sample) -> str:
    answers = (turn.text for turn in reversed(sample.turns) if _is_answer(turn))
    return next(answers, "")


def _is_answer(turn: Turn) -> bool:
    return turn.role is Role.ASSISTANT and turn.kind == "text" and turn.polarity > 0


def _thinks(sample: Sample) -> bool:
    return any(turn.kind == "reasoning" for turn in sample.turns)


def _turns(pair: Mapping[str, Any], prompt: str) -> list[Turn]:
    """A pair's conversation up to its answer."""
    turns: list[Turn] = []
    history = pair["history"] or ()
    for asked, answered in zip(history[::2], history[1::2], strict=True):
        turns += [Turn(Role.USER, asked), _answer(answered, 1)]
    return [*turns, Turn(Role.USER, prompt)]


def _answer(text: str, polarity: Polarity) -> Turn:
    return Turn(Role.ASSISTANT, text, "text", polarity)


def _spoken(turns: Iterable[Turn]) -> list[tuple[Role, str]]:
    """Role and text of each turn, ignoring polarity: earlier answers in preference data are context."""
    return [(turn.role, turn.text) for turn in turns if turn.text]


def _trained(turns: Iterable[Turn], response: str) -> bool:
    return any(turn.polarity > 0 and turn.text == response for turn in turns)


def _echoes(old: Sequence[Turn], new: Sequence[Turn]) -> dict[str, str]:
    """Map the template's texts to their replacements: the prompt, and each kind of answer."""
    echoes = {}
    for role, polarity in ((Role.USER, 0), (Role.ASSISTANT, 1), (Role.ASSISTANT, -1)):
        was, now = (
            next(
                (turn.text for turn in reversed(turns) if (turn.role, turn.polarity) == (role, polarity)), ""
            )
            for turns in (old, new)
        )
        if len(was) >= ECHO_CHARS:
            echoes[was] = now
    return echoes


def _echoed(value: Any, echoes: Mapping[str, str]) -> Any:
    """Another column's value, with copies of the old conversation replaced by the new one."""
    if isinstance(value, str):
        for was, now in echoes.items():
            value = value.replace(was, now)
        return value
    if isinstance(value, list):
        return [_echoed(inner, echoes) for inner in value]
    if isinstance(value, dict):
        return {key: _echoed(inner, echoes) for key, inner in value.items()}
    return value
