"""Rows to verdicts: every question of a judge asked of every row, a few at a time."""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from contextlib import closing
from dataclasses import replace

from mixguard.served.chat import Answer
from mixguard.served.endpoint import Endpoint, ask_all
from mixguard.served.judges.base import NO_PLACE, Judge, Question, Row, Verdict

AT_ONCE = 64
"""Rows whose questions are asked together; a verdict is there once all of its row's are answered."""
REJECTED = ("status 400", "status 415", "status 422", "status 501")
"""What servers say to a field that they do not know."""


def judge_all(
    rows: Sequence[Row], endpoint: Endpoint, judge: Judge
) -> Generator[tuple[int, Verdict], None, None]:
    """The number of each row with its verdict, in chunks of rows as they come; greedy, whatever the endpoint says.

    Raises:
        UsageError: the API rejects the key, address or model, or sends its users elsewhere.
    """
    endpoint = replace(endpoint, temperature=0.0, max_tokens=judge.max_tokens)
    size = max(AT_ONCE, 4 * endpoint.concurrency)
    for start in range(0, len(rows), size):
        some = rows[start : start + size]
        answers: list[list[Answer | None]] = [[None] * len(judge.questions) for _ in some]
        for at, question in enumerate(judge.questions):
            for number, answer in _answers(some, endpoint, question).items():
                answers[number][at] = answer
        for number, row in enumerate(some):
            yield start + number, _verdict(row, answers[number], judge)


def _verdict(row: Row, answers: Sequence[Answer | None], judge: Judge) -> Verdict:
    if not any(answers):
        return Verdict(problem=NO_PLACE)
    return judge.read(row, answers)


def _answers(rows: Sequence[Row], endpoint: Endpoint, question: Question) -> Mapping[int, Answer]:
    """The answers to one question by row; once more without the further fields where the server rejects the request."""
    asked = {number: said for number, row in enumerate(rows) if (said := question.messages(row)) is not None}
    answers: dict[int, Answer] = {}
    for more in (question.more, {}) if question.more else ({},):
        left = [number for number in asked if number not in answers or answers[number].problem in REJECTED]
        told = replace(endpoint, more={**endpoint.more, **more})
        with closing(ask_all([asked[number] for number in left], told)) as coming:
            answers |= {left[number]: answer for number, answer in coming}
    return answers
