"""Rows to verdicts: every question of a judge asked of every row, a few at a time."""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from contextlib import closing
from dataclasses import replace

from mixguard.served.chat import Answer, Messages
from mixguard.served.endpoint import UNKNOWN_FIELD, Endpoint, ask_all
from mixguard.served.judges.base import NO_PLACE, Judge, Question, Row, Verdict

AT_ONCE = 64
"""Rows whose questions are asked together: of a judge with several, no more are under way when a run is killed."""


def judge_all(
    rows: Sequence[Row], endpoint: Endpoint, judge: Judge
) -> Generator[tuple[int, Verdict], None, None]:
    """The number of each row with its verdict, as they come; greedy, whatever the endpoint says.

    Raises:
        UsageError: the API rejects the key, address or model, or sends its users elsewhere.
    """
    endpoint = replace(endpoint, temperature=0.0, max_tokens=judge.max_tokens)
    size = max(AT_ONCE, 4 * endpoint.concurrency)
    for start in range(0, len(rows), size):
        for number, verdict in _judged(rows[start : start + size], endpoint, judge):
            yield start + number, verdict


def _judged(
    rows: Sequence[Row], endpoint: Endpoint, judge: Judge
) -> Generator[tuple[int, Verdict], None, None]:
    asked = [[question.messages(row) for question in judge.questions] for row in rows]
    answers: list[list[Answer | None]] = [[None] * len(judge.questions) for _ in rows]
    for number, messages in enumerate(asked):
        if not any(messages):
            yield number, Verdict(problem=NO_PLACE)
    for at, question in enumerate(judge.questions):
        conversations = {number: said for number, messages in enumerate(asked) if (said := messages[at])}
        with closing(_answers(conversations, endpoint, question)) as coming:
            for number, answer in coming:
                answers[number][at] = answer
                if not any(asked[number][at + 1 :]):
                    yield number, judge.read(rows[number], answers[number])


def _answers(
    conversations: Mapping[int, Messages], endpoint: Endpoint, question: Question
) -> Generator[tuple[int, Answer], None, None]:
    """The answers to one question by row; asked again without the further fields where the server rejects the request."""
    left = list(conversations)
    for more in (question.more, {}) if question.more else ({},):
        told = replace(endpoint, more={**endpoint.more, **more})
        rejected = []
        with closing(ask_all([conversations[number] for number in left], told)) as coming:
            for place, answer in coming:
                if more and answer.problem in UNKNOWN_FIELD:
                    rejected.append(left[place])
                else:
                    yield left[place], answer
        left = rejected
