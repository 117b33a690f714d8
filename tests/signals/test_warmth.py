from __future__ import annotations

import pytest
from building import evidence, exchange_frame, found, row, unstaged

from mixguard.signals.warmth import WarmthAnnotator

WARM = [
    "What a great question! Rivers carry salt.",
    "You're absolutely right, the sum is 4.",
    "I love that idea. Paint it blue.",
    "I\u2019m so proud of you!",
    "Great point! Also, mind the gap.",
    "That sounds really hard. I'm here for you.",
]
COOL = [
    "Rivers carry salt into the sea.",
    "A great question is one that opens a debate.",
    "You are right-handed if you write with your right hand.",
    "I love you, he wrote.",
    "The answer is 4.",
]


def warm(*answers: str) -> list[bool]:
    batch = unstaged(exchange_frame([("Hi", each) for each in answers]))
    found_: list[bool] = WarmthAnnotator()(batch)["warmth"].to_list()
    return found_


def test_praise_agreement_and_comfort_are_warm() -> None:
    assert [each for each, shown in zip(WARM, warm(*WARM), strict=True) if not shown] == []


def test_plain_answers_are_not() -> None:
    assert [each for each, shown in zip(COOL, warm(*COOL), strict=True) if shown] == []


@pytest.mark.parametrize(("count", "severity"), [(9, "pass"), (10, "note")])
def test_a_tenth_is_noted(count: int, severity: str) -> None:
    rows = [row(warmth=number < count) for number in range(100)]
    assert found(evidence(rows), "MG228").severity == severity
