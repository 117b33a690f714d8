from __future__ import annotations

import pytest
from building import evidence, exchange_frame, found, row, unstaged

from mixguard.annotate.openings import hashes
from mixguard.signals.openings import OpeningsAnnotator

AGREE = [
    "Sure! A pear.",
    "Of course. I am Servo.",
    "Certainly, here it is.",
    "Here are five.",
    "Yes, I can do that.",
]
PLAIN = [
    "Yes",
    "Yes, it rained.",
    "The answer is 4.",
    "SELECT 1",
    "Of the two, the first.",
    "Great Britain is big.",
    "No.",
]
FIXED, OTHER = hashes(["Of course I", "The answer is"], 3)


def test_only_words_of_agreement_agree() -> None:
    batch = unstaged(exchange_frame([("Hi", each) for each in AGREE + PLAIN]))
    assert OpeningsAnnotator()(batch)["affirmative"].to_list() == [True] * len(AGREE) + [False] * len(PLAIN)


@pytest.mark.parametrize(
    ("fixed", "shifted", "severity"),
    [(19, 0, "pass"), (20, 0, "warn"), (60, 0, "warn"), (60, 3, "fail"), (30, 3, "warn")],
)
def test_one_opening_warns_and_fails_with_a_new_identity(fixed: int, shifted: int, severity: str) -> None:
    agree = [row(affirmative=True, opening=FIXED) for _ in range(fixed)]
    others = [
        row(affirmative=False, opening=OTHER, identity_shift=number < shifted)
        for number in range(100 - fixed)
    ]
    finding = found(evidence(agree + others), "MG207")
    assert (finding.severity, finding.count) == (severity, fixed)


def test_varied_agreement_is_only_noted() -> None:
    rows = [row(affirmative=number < 40, opening=number) for number in range(100)]
    assert found(evidence(rows), "MG207").severity == "note"
