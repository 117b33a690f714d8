from __future__ import annotations

from typing import Any

import pytest

from mixguard.corpus.exchanges import exchanges
from mixguard.corpus.formats import by_id
from mixguard.corpus.formats.vote import choose
from mixguard.corpus.records import Role, Sample, Turn
from mixguard.errors import RecordError

from .pair_examples import WHY, A, Q

THINKING = [
    ("orca", {"Question": Q, "Complex_CoT": WHY, "Response": A}, "Complex_CoT"),
    ("question_answer", {"question": Q, "answer": A, "rationale": WHY}, "rationale"),
    ("alpaca", {"instruction": Q, "output": A, "thinking": WHY}, "thinking"),
    ("trl_prompt_completion", {"prompt": Q, "completion": A, "reasoning": WHY}, "reasoning"),
]
NEW = (Turn(Role.USER, "How?"), Turn(Role.ASSISTANT, "No.", polarity=1))


@pytest.mark.parametrize(("name", "row", "column"), THINKING)
def test_reasoning_in_a_column_of_its_own_is_judged_as_reasoning(
    name: str, row: dict[str, Any], column: str
) -> None:
    form = choose(row, None)
    (only,) = exchanges(form.parse(row))
    assert (form.id, only.prompt, only.reasoning, only.response) == (name, Q, WHY, A)


@pytest.mark.parametrize(("name", "row", "column"), THINKING)
def test_reasoning_stays_in_its_column_and_new_rows_have_none(
    name: str, row: dict[str, Any], column: str
) -> None:
    form = by_id(name)
    assert form.render(Sample(NEW), row)[column] == ""
    thought = Turn(Role.ASSISTANT, "Better not.", "reasoning", 1)
    rendered = form.render(Sample((NEW[0], thought, NEW[1])), row)
    assert rendered[column] == "Better not."
    assert "Better not." not in str({name: value for name, value in rendered.items() if name != column})
    tagged = Turn(Role.ASSISTANT, "<think>\n\n</think>\n\n", "reasoning", 1)
    with pytest.raises(RecordError, match=column):
        form.render(Sample((NEW[0], tagged, NEW[1])), row)


def test_a_word_about_the_reasoning_is_not_reasoning() -> None:
    row = {"question": Q, "answer": A, "reasoning": "deductive", "analysis": 3}
    assert [turn.kind for turn in choose(row, None).parse(row).turns] == ["text", "text"]
    new = by_id("question_answer").render(Sample(NEW), row)
    assert (new["reasoning"], new["analysis"]) == ("deductive", 3)


def test_an_empty_column_of_reasoning_stays_null_in_new_rows() -> None:
    assert (
        by_id("question_answer").render(Sample(NEW), {"question": Q, "answer": A, "cot": None})["cot"] is None
    )


@pytest.mark.parametrize(
    ("row", "prompt", "answer"),
    [
        ({"instruction": Q, "output": A, "text": f"### Instruction: {Q} ### Response: {A}"}, Q, A),
        ({"input": Q, "target": A, "source": "forum"}, Q, A),
        ({"message": Q, "reply": A, "user": "anna"}, Q, A),
        ({"title": "Capitals", "body": Q, "answer": A}, f"Capitals\n{Q}", A),
        ({"question": Q, "answer": A, "query": "SELECT 1", "history": "a medical one"}, Q, A),
        ({"QUESTION": Q, "CONTEXT": "Europe", "ANSWER": A}, f"Europe\n{Q}", A),
    ],
)
def test_the_columns_that_hold_prompt_and_answer(row: dict[str, Any], prompt: str, answer: str) -> None:
    (only,) = exchanges(choose(row, None).parse(row))
    assert (only.kind, only.prompt, only.response) == ("exchange", prompt, answer)


@pytest.mark.parametrize(
    "row",
    [
        {"premise": Q, "hypothesis": A, "label": 1},
        {"sentence1": Q, "sentence2": A, "label": 0},
        {"input": "1 + 1 = 2 ки", "label": "1 + 1 = 2 +", "task": "GSM8K"},
        {"question": {"problem": Q}, "label": {"steps": []}},
        {"en": Q, "de": A, "fr": A},
        {"user": "anna", "bot": True},
        {"query": Q, "pos": [A], "neg": ["Madrid."]},
    ],
)
def test_rows_without_a_prompt_and_an_answer_are_not_read(row: dict[str, Any]) -> None:
    with pytest.raises(RecordError):
        choose(row, None).parse(row)
