"""Turn a bank pair into a row of the corpus: same format, keys, system prompts and other columns."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
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
from mixguard.mix.beside import Fills, New, filled, fills_of, tokens_in
from mixguard.mix.frames import Frame, answer_frame, prompt_frame
from mixguard.mix.media import PLACEHOLDER, bare
from mixguard.mix.shape import Shape, shape_of
from mixguard.mix.style import Write, style_of
from mixguard.mix.task_form import TaskForm, last_asked, task_forms
from mixguard.mix.thought import empty_thought

LIKES = 200
"""Maximum number of template rows kept per source."""


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
    thoughts: tuple[tuple[Turn, ...], ...]
    """The thoughts to begin an answer with, best first: an empty one where nearly all answers think, or none."""
    tasks: tuple[TaskForm, ...]
    """The tasks of which the source has a fifth or more, most common first."""
    fills: Fills
    """How the columns beside the conversation are filled."""
    shape: Shape
    """The keys and types of the source's rows."""
    write: Write
    """Makes a row's bytes."""

    @classmethod
    def of(cls, source: Source, read: ReadConfig, bank: Bank) -> Mould:
        """Learn from the head of a source.

        Raises:
            UsageError: its rows cannot hold an answer, or hold token ids that no new row can have.
        """
        head = list(islice(_records(source), read.sample))
        view = View.of(read.columns)
        form = by_id(read.format) if read.format else vote([view.seen(record.row) for record in head])
        shown = [(record, _parsed(form, view.seen(record.row))) for record in head] if form else []
        answered = [(record, sample) for record, sample in shown if sample and _answers(sample)]
        if form is None or not answered:
            kind = "rows in an unknown format" if form is None else f"{form.id} rows without a trained answer"
            raise UsageError(f"{source.name}: {kind}, so refusals cannot be added; nothing was written")
        _check_tokens(source.name, [record.row for record, _ in answered])
        plainest = _plainest([(record, sample) for record, sample in answered if _wanted(sample)] or answered)
        likes = tuple(record for record, _ in plainest)
        samples = [sample for _, sample in answered]
        return cls(
            view,
            form,
            likes[:: max(1, len(likes) // LIKES)][:LIKES],
            preference=any(turn.polarity < 0 for _, sample in plainest for turn in sample.turns)
            and form.id != "kto",
            rejected={"refusal": bank.rejected, "contrast": bank.vague, "plain": bank.vague},
            prompts=prompt_frame((bare(_prompt(sample)) for sample in samples), questions=False),
            answers=answer_frame(_last_answer(sample) for sample in samples),
            thoughts=empty_thought(samples),
            tasks=task_forms(plainest, bank.tasks),
            fills=fills_of(
                lambda row: form.parse(view.seen(row)),
                [(record.row, sample) for record, sample in answered],
                lambda: (record.row for record in _records(source)),
            ),
            shape=shape_of(record.row for record in head),
            write=style_of(source, likes),
        )

    def cast(
        self, pair: Mapping[str, Any], number: int, rng: Random, task: TaskForm | None = None
    ) -> Cast | None:
        """A new row for a pair; None if the format, the file or the task cannot hold it.

        Args:
            pair: a row of `Bank.pairs`, its response as it should be.
            number: the new row's number, from 0 on, for columns that number rows and for parts that take turns.
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
            row, prompt = task.pose(like, replace(asked, text=bare(asked.text)), pair, number)
        elif rng.random() < self.prompts.share and not pair["history"]:
            prompt = self.prompts.around(prompt)
        answer = self.answers.around(pair["response"])
        context = [*_system(before), *_turns(pair, prompt)]
        after = [_answer(rng.choice(self.rejected[pair["kind"]]), -1)] if self.preference else []
        for thought in self.thoughts:
            rendered = self._rendered([*context, *thought, _answer(answer, 1), *after], row, answer)
            done = rendered and self._filled(rendered, stored.row, pair, number)
            if done:
                return Cast(done, task.task.id if task else None)
        return None

    def _rendered(self, turns: Sequence[Turn], like: Row, answer: str) -> dict[str, Any] | None:
        """The turns as a row like another; None if that would not be read back as they are."""
        if any(PLACEHOLDER.search(turn.text) for turn in turns):
            return None
        try:
            row = self.form.render(Sample(tuple(turns)), like)
            read = self.form.parse(row).turns
        except RecordError:
            return None
        return row if _spoken(read) == _spoken(turns) and _trained(read, answer) else None

    def _filled(
        self, rendered: Mapping[str, Any], like: Row, pair: Mapping[str, Any], number: int
    ) -> dict[str, Any] | None:
        """The row with its other columns; None if it has another schema than its file, which may not hold it at all."""
        turns = self.form.parse(rendered).turns
        restored = self.view.restored(rendered, like)
        try:
            row = filled(restored, like, self.fills, New(pair["id"], pair["lang"], number, turns))
            self.write(row)
            read = self.form.parse(self.view.seen(row)).turns
        except RecordError:
            return None
        return row if read == turns and shape_of([row]) <= self.shape else None


def _records(source: Source) -> Iterator[Record]:
    return (record for record in source.records() if isinstance(record, Record))


def _check_tokens(name: str, rows: Sequence[Row]) -> None:
    columns = tokens_in(rows)
    if columns:
        raise UsageError(
            f"{name}: holds token ids ({', '.join(columns)}) beside the text; trainers such as TRL and axolotl train"
            " those and not the text, and new rows cannot have them; remove these columns (and labels and masks made"
            " with them), so that the text is tokenized, and rebalance again; nothing was written"
        )


def _plainest(shown: Sequence[tuple[Record, Sample]]) -> Sequence[tuple[Record, Sample]]:
    """The rows that are text only, so that a new row loses nothing; else those that ask and answer in text; else all."""
    return (
        [(record, sample) for record, sample in shown if all(map(_is_plain, sample.turns))]
        or [(record, sample) for record, sample in shown if _prompt(sample) and _last_answer(sample)]
        or shown
    )


def _is_plain(turn: Turn) -> bool:
    return turn.kind == "text" and PLACEHOLDER.search(turn.text) is None


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


def _wanted(sample: Sample) -> bool:
    """Whether it shows how an answer trained towards is written: its label, its place."""
    return any(turn.polarity > 0 for turn in sample.turns)


def _system(sample: Sample) -> list[Turn]:
    """The template row's system prompt: new rows get the prompts the model is served with."""
    head = sample.turns[:1]
    return [
        Turn(Role.SYSTEM, text) for turn in head if turn.role is Role.SYSTEM and (text := bare(turn.text))
    ]


def _prompt(sample: Sample) -> str:
    return next((turn.text for turn in sample.turns if turn.role is Role.USER), "")


def _last_answer(sample: Sample) -> str:
    answers = (turn.text for turn in reversed(sample.turns) if _is_answer(turn))
    return next(answers, "")


def _is_answer(turn: Turn) -> bool:
    return turn.role is Role.ASSISTANT and turn.kind == "text" and turn.polarity > 0


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
