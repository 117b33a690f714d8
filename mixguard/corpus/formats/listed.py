"""Find a list of answers to one prompt in a row, and how good it says each is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from mixguard.corpus.formats.names import filled
from mixguard.corpus.records import Row

LISTS = (
    "answers", "completions", "responses", "generations", "candidates", "summaries", "outputs", "replies", "modelanswers",
    "modelresponses",
)  # fmt: skip
"""Columns of answers, by `names.key`."""
_TEXTS = (
    "answer",
    "response",
    "completion",
    "text",
    "output",
    "generation",
    "summary",
    "content",
    "body",
    "reply",
)
_HIGHER = ("overallscore", "score", "rating", "reward", "grade", "preferencescore")
LOWER = ("rank", "ranking")
_CHOICES = (
    "choice", "best", "bestindex", "bestid", "chosenindex", "chosenid", "chosen", "preferredindex", "preferredid", "preferred",
)  # fmt: skip


class Listed(NamedTuple):
    """A list of answers."""

    column: str
    text: str | None
    """Key of the text in each; None if each is a text."""


class Graded(NamedTuple):
    """How good each answer is."""

    goodness: tuple[float, ...]
    """The better an answer, the greater."""
    inside: str | None = None
    """Key of the grade in each answer."""
    column: str | None = None
    """Column of the grades, or of the best answer's number."""


def answers_of(row: Row, lists: Sequence[str] = LISTS) -> Listed | None:
    """The first list of answers in a row; None if there is none with a text in each."""
    columns = filled(row)
    for name in lists:
        answers = row[columns[name]] if name in columns else None
        if not isinstance(answers, list) or not answers:
            continue
        if all(isinstance(answer, str) for answer in answers):
            return Listed(columns[name], None)
        if all(isinstance(answer, dict) for answer in answers):
            texts = [filled(answers[0])[text] for text in _TEXTS if text in filled(answers[0])]
            for text in texts:
                if all(isinstance(answer.get(text), str | dict) for answer in answers):
                    return Listed(columns[name], text)
    return None


def grades_of(row: Row, listed: Listed) -> Graded | None:
    """The grades of a list of answers: in each of them, beside them, or the number of the best."""
    answers = row[listed.column]
    if listed.text is not None:
        found = _inside(answers)
        if found is not None:
            return found
    columns = filled(row)
    for name in (*_HIGHER, *LOWER):
        column = columns.get(f"{name}s") or columns.get(name)
        grades = row[column] if column is not None else None
        if isinstance(grades, list) and len(grades) == len(answers) and all(map(_is_number, grades)):
            return Graded(_goodness(grades, name), column=column)
    return _chosen(row, len(answers), columns)


def _inside(answers: Sequence[Mapping[str, Any]]) -> Graded | None:
    names = filled(answers[0])
    for name in (*_HIGHER, *LOWER):
        grades = [answer.get(names[name]) for answer in answers] if name in names else []
        if grades and all(map(_is_number, grades)):
            return Graded(_goodness(grades, name), inside=names[name])
    return None


def _chosen(row: Row, count: int, columns: Mapping[str, str]) -> Graded | None:
    for name in _CHOICES:
        best = row[columns[name]] if name in columns else None
        if isinstance(best, int) and not isinstance(best, bool) and 0 <= best < count and count > 1:
            return Graded(tuple(float(number == best) for number in range(count)), column=columns[name])
    return None


def _goodness(grades: Sequence[Any], name: str) -> tuple[float, ...]:
    return tuple(-float(grade) if name in LOWER else float(grade) for grade in grades)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
