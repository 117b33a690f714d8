"""Bank pairs in the form of the corpus's task: the request stands where the task puts its own.

Refusals in chat form hardly protect other tasks (arXiv 2406.10288), and look foreign among them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from mixguard.corpus.records import Record, Role, Row, Sample, Turn
from mixguard.library.exemplars import ANY_FORM
from mixguard.library.task import Task, TaskInput
from mixguard.mix.frames import Frame, prompt_frame

TASK_SHARE = 0.2
"""Minimum share of the rows for a task to need refusals in its own form (arXiv 2406.10288)."""
FORM_SHARE = 1 / 3
"""Minimum share of the new rows that have a task's form where there is such a task. Judgement."""
_SPEAKER = re.compile(r"(?m)^[^\W\d_#][\w .#'-]{0,24}: ")
_LABEL = re.compile(r"(?:#+ )?[A-Z][\w ]{0,24}:\s*")


class Posed(NamedTuple):
    """A request in a task's form."""

    row: Row
    """The row to imitate, its columns filled with the new prompt if they hold parts of it."""
    prompt: str


@dataclass(frozen=True)
class TaskForm:
    """How a source states one task."""

    task: Task
    likes: tuple[Record, ...]
    """Rows of the task."""
    share: float
    """Their share of the source."""
    frame: Frame
    """What their prompts have in common."""

    def fits(self, pair: Mapping[str, Any]) -> bool:
        """Whether a bank pair reads naturally in this form."""
        if pair["task"] is not None:
            return bool(pair["task"] == self.task.id)
        natural = pair["form"] == ANY_FORM or pair["form"] in self.task.forms
        return natural and not pair["history"] and not pair["system"]

    def pose(self, like: Record, asked: Turn, pair: Mapping[str, Any], number: int) -> Posed:
        """A pair's request, in the form in which `like` asks.

        Args:
            like: a row of the task.
            asked: its prompt.
            pair: a row of `Bank.pairs`.
            number: of the new row; inputs that hold requests take turns.
        """
        columns = _columns(like.row, asked)
        place = self._in_columns if columns else self._in_text
        if self.task.place == "request":
            return place(like.row, asked, columns, pair["prompt"], pair["input"])
        given = _input(self.task.input, asked, number)
        body = given.text.replace("{request}", pair["prompt"])
        body = body.replace("\n", "\r\n") if "\r\n" in asked.text else body
        if columns:
            main = _main(columns, asked)
            return self._in_columns(like.row, asked, columns, f"{like.row[main].rstrip()} {given.ask}", body)
        return Posed(like.row, self._with_input(asked.text, body, given.ask))

    def _in_columns(
        self, row: Row, asked: Turn, columns: Sequence[str], request: str, body: str | None
    ) -> Posed:
        main = _main(columns, asked)
        other = next(name for name in columns if name != main)
        # Somebody else's schema or document can be asked about; somebody else's list of numbers cannot.
        given = body or ("" if self.task.alone else row[other])
        filled = {**row, main: request, other: given}
        return Posed(filled, "\n".join(filled[name] for name in columns if filled[name]))

    def _in_text(self, row: Row, asked: Turn, _: Sequence[str], request: str, body: str | None) -> Posed:
        """The request in place of the last paragraph or line, keeping its label: `Question: ...`."""
        framed = self.frame.holds(asked.text)
        inner = self.frame.inner(asked.text) if framed else asked.text
        # The last empty line, or the last line break where there is none.
        gap = "\n\n" if "\n\n" in inner else "\n"
        before, found, last = inner.rpartition(gap)
        if not found and body is not None:
            text = f"{body}\n\n{request}"
        elif not found or (self.task.alone and body is None):
            text = request  # what the task works on is not in the prompt: tools, a system prompt
        else:
            label = _LABEL.match(last)
            text = f"{body or before}{gap}{label.group() if label else ''}{request}"
        return Posed(row, self.frame.around(text) if framed else text)

    def _with_input(self, asked: str, body: str, ask: str) -> str:
        """The input in the prompt's frame, and what to do with it where the prompt says so itself."""
        told = self.task.shows(asked, ())
        if self.frame.holds(asked):
            return self.frame.around(f"{body}\n\n{ask}" if told else body)
        return f"{ask}\n\n{body}" if told else body


def task_forms(shown: Sequence[tuple[Record, Sample]], tasks: Sequence[Task]) -> tuple[TaskForm, ...]:
    """The tasks of which a source has enough rows, most common first.

    Args:
        shown: the source's rows with a trained answer.
        tasks: the tasks to tell; a row is of the first that shows.
    """
    found: dict[str, list[tuple[Record, str]]] = {}
    for record, sample in shown:
        prompt, system = last_asked(sample), next(iter(sample.turns), None)
        if prompt is None:
            continue
        told = f"{system.text}\n{prompt.text}" if system and system.role is Role.SYSTEM else prompt.text
        task = next((task for task in tasks if task.shows(told, _filled(record.row))), None)
        if task is not None:
            found.setdefault(task.id, []).append((record, prompt.text))
    forms = [
        TaskForm(
            task,
            tuple(record for record, _ in found[task.id]),
            len(found[task.id]) / len(shown),
            prompt_frame(prompt for _, prompt in found[task.id]),
        )
        for task in tasks
        if len(found.get(task.id, ())) >= max(TASK_SHARE * len(shown), 2)
    ]
    return tuple(sorted(forms, key=lambda form: -form.share))


def last_asked(sample: Sample) -> Turn | None:
    """The last thing the user says."""
    return next((turn for turn in reversed(sample.turns) if turn.role is Role.USER), None)


def _filled(row: Row) -> list[str]:
    """The columns that hold something: where a corpus of tool calls has `tools: "[]"`, the row is plain chat."""
    return [name for name, value in row.items() if value and value not in ("[]", "{}", "null")]


def _columns(row: Row, asked: Turn) -> list[str]:
    """The columns that make up a prompt, in order; empty if it is one column, or no column at all."""
    names = [name for name, value in row.items() if isinstance(value, str) and value and value in asked.text]
    names.sort(key=lambda name: asked.text.find(row[name]))
    whole = "\n".join(row[name] for name in names) == asked.text
    return names if whole and len(names) > 1 else []


def _main(columns: Sequence[str], asked: Turn) -> str:
    """The column that holds the question or instruction itself."""
    name = asked.path.removeprefix("/")
    return name if name in columns else columns[0]


def _input(inputs: Sequence[TaskInput], asked: Turn, number: int) -> TaskInput:
    """Something like what the prompt works on."""
    looks = "dialogue" if len(_SPEAKER.findall(asked.text)) >= 2 else "text"
    alike = [each for each in inputs if each.looks == looks] or inputs
    return alike[number % len(alike)]
