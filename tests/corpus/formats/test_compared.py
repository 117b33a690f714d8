from __future__ import annotations

from typing import Any

import pytest

from mixguard.corpus.exchanges import exchanges
from mixguard.corpus.formats import by_id
from mixguard.corpus.formats.vote import choose, vote
from mixguard.corpus.records import Role, Sample, Turn
from mixguard.errors import RecordError

from .comparison_examples import A, B, Q

NEW = Sample(
    (
        Turn(Role.USER, "How?"),
        Turn(Role.ASSISTANT, "I will not.", polarity=1),
        Turn(Role.ASSISTANT, "Like so.", polarity=-1),
    )
)


def polarities(row: dict[str, Any]) -> dict[str | None, int]:
    return {each.response: each.polarity for each in exchanges(choose(row, None).parse(row))}


@pytest.mark.parametrize(
    ("columns", "verdict", "better"),
    [
        (("response_a", "response_b"), {"winner": "A"}, A),
        (("response_a", "response_b"), {"winner": "[[B]]"}, B),
        (("response_a", "response_b"), {"chosen": "B", "rejected": "A"}, B),
        (("response_a", "response_b"), {"winner": "model_a", "loser": "model_b"}, A),
        (("response_a", "response_b"), {"choice": "Response B"}, B),
        (("response_a", "response_b"), {"preferred": "the response b"}, B),
        (("response_a", "response_b"), {"score_a": "2", "score_b": "7.5"}, B),
        (("response_a", "response_b"), {"response_a_score": 9, "response_b_score": 1}, A),
        (("answer1", "answer2"), {"label": "answer2"}, B),
        (("answer1", "answer2"), {"preferred": "1"}, A),
        (("completion_0", "completion_1"), {"preferred": 1}, B),
        (("model_a_response", "model_b_response"), {"winner": "model_b"}, B),
        (("left_response", "right_response"), {"winner": "left"}, A),
        (("First Response", "Second Response"), {"Better": "second"}, B),
        (("output_1", "output_2"), {"preference_strength": -1}, A),
    ],
)
def test_the_better_answer_by_any_name(
    columns: tuple[str, str], verdict: dict[str, Any], better: str
) -> None:
    row = {"prompt": Q, columns[0]: A, columns[1]: B, **verdict}
    assert polarities(row) == {A: 1 if better == A else -1, B: 1 if better == B else -1}
    new = by_id("compared").render(NEW, row)
    assert {name: new[name] for name in verdict} == verdict
    assert polarities(new) == {"I will not.": 1, "Like so.": -1}


@pytest.mark.parametrize(
    "verdict",
    [
        {"winner": "tie"}, {"winner": "tie (bothbad)"}, {"preferred": "neither"}, {"overall_preference": 0},
        {"score_a": 1, "score_b": 1}, {"winner_model_a": 0, "winner_model_b": 0, "winner_tie": 1},
    ],
)  # fmt: skip
def test_a_tie_is_context_and_told(verdict: dict[str, Any]) -> None:
    row = {"prompt": Q, "response_a": A, "response_b": B, **verdict}
    sample = choose(row, None).parse(row)
    assert [turn.polarity for turn in sample.turns] == [0, 0, 0]
    assert sample.flags == ("tie",)
    assert by_id("compared").render(sample, row) == row
    with pytest.raises(RecordError, match="tie"):
        by_id("compared").render(NEW, row)


@pytest.mark.parametrize(
    "row",
    [
        {"prompt": Q, "answer1": A, "answer2": B},
        {"prompt": Q, "answer_a": A, "answer_b": B, "winner": None},
        {"prompt": Q, "answer_a": A, "answer_b": B, "winner": "claude"},
        {"prompt": Q, "answer_a": A, "answer_b": B, "label": 1},
        {"prompt": Q, "answer_a": A, "answer_b": B, "answer_c": "Porto.", "winner": "a"},
        {"prompt": Q, "response_0": A, "response_1": B, "annotator": "anna", "score_0": None, "score_1": 1},
    ],
)
def test_two_answers_without_a_clear_label_are_named_and_not_guessed(row: dict[str, Any]) -> None:
    first, second = [name for name in row if name.startswith(("answer", "response"))][:2]
    with pytest.raises(RecordError, match=f"two answers, {first} and {second}, and no label") as error:
        choose(row, None).parse(row)
    assert f"--columns chosen={first},rejected={second}" in str(error.value)


def test_answers_called_chosen_and_rejected_are_read_before_those_they_were_taken_from() -> None:
    row = {
        "prompt": Q,
        "chosen": A,
        "rejected": B,
        "response_1": B,
        "response_2": A,
        "score_1": 9,
        "score_2": 1,
    }
    assert choose(row, None).id == "pref_explicit"
    assert polarities(row) == {A: 1, B: -1}


def test_a_list_of_answers_without_grades_is_not_guessed() -> None:
    row = {"prompt": Q, "responses": [A, B]}
    with pytest.raises(RecordError, match="responses, and no grade"):
        choose(row, None).parse(row)


def test_answers_1_and_2_numbered_from_zero_are_not_guessed() -> None:
    rows: list[dict[str, Any]] = [
        {"prompt": Q, "answer_1": A, "answer_2": B, "preferred": number} for number in (1, 0, 1)
    ]
    form = vote(rows)
    for row in rows:
        with pytest.raises(RecordError, match="no label"):
            choose(row, form).parse(row)
    for row in rows:
        row["preferred"] += 1
    form = vote(rows)
    assert [choose(row, form).id for row in rows] == ["compared"] * 3


def test_a_new_comparison_is_better_and_safer_at_once() -> None:
    row = {"prompt": Q, "response_0": A, "response_1": B, "better_response_id": 1, "safer_response_id": 0}
    form = by_id("compared")
    assert form.parse(row).flags == ("safer_differs",)
    new = form.render(NEW, row)
    assert (new["better_response_id"], new["safer_response_id"]) == (1, 1)
    assert (new["response_0"], new["response_1"]) == ("Like so.", "I will not.")


def test_of_graded_answers_the_best_is_chosen_and_its_equals_are_context() -> None:
    row = {"prompt": Q, "responses": [B, A, "Porto.", "Lisbon!"], "scores": [1, 5, 2, 5]}
    sample = choose(row, None).parse(row)
    assert [(turn.text, turn.polarity) for turn in sample.turns[1:]] == [
        (A, 1),
        (B, -1),
        ("Porto.", -1),
        ("Lisbon!", 0),
    ]
    new = by_id("graded_answers").render(NEW, row)
    assert (new["responses"], new["scores"]) == (["I will not.", "Like so."], [5, 1])
    tie = {**row, "scores": [4, 4, 4, 4]}
    assert by_id("graded_answers").parse(tie).flags == ("tie",)
    assert {turn.polarity for turn in by_id("graded_answers").parse(tie).turns} == {0}
