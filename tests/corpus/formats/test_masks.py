"""Masks in every spelling: what is excluded is not trained, and a new answer is."""

from __future__ import annotations

from typing import Any

import pytest

from mixguard.corpus.formats import by_id
from mixguard.corpus.records import Role, Sample, Turn

CHAT = by_id("openai_chat")
ASK, SAY = {"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Yes."}
NEW = Sample((Turn(Role.USER, "How?"), Turn(Role.ASSISTANT, "So.", polarity=1)))


def _trained(row: dict[str, Any], name: str = "openai_chat") -> list[int]:
    return [turn.polarity for turn in by_id(name).parse(row).turns if turn.role is Role.ASSISTANT]


@pytest.mark.parametrize(
    ("key", "off", "on"),
    [
        ("masked", True, False),
        ("masked", 1, 0),
        ("masked", "true", "false"),
        ("trainable", False, True),
        ("step_loss_mask", 0, 1),
        ("step_loss_mask", 0.0, 1.0),
        ("loss_mask", "0", "1"),
        ("is_trained", "False", "True"),
        ("train_on_turn", False, True),
        ("weight", 0, 1),
        ("train", "false", "true"),
        ("skip_loss", True, False),
    ],
)
def test_a_mask_is_read_and_written_in_its_own_spelling(key: str, off: Any, on: Any) -> None:
    row = {"messages": [ASK, {**SAY, key: off}, ASK, {**SAY, key: on}]}
    assert _trained(row) == [0, 1]
    (_, answer) = CHAT.render(NEW, like=row)["messages"]
    assert answer == {"role": "assistant", "content": "So.", key: on}
    assert type(answer[key]) is type(on)


def test_a_mask_of_no_value_says_nothing() -> None:
    assert _trained({"messages": [ASK, {**SAY, "masked": None, "loss": None}]}) == [1]


@pytest.mark.parametrize(
    ("asked", "early", "late", "polarities"),
    [
        (True, True, False, [0, 1]),
        (1, 1, 0, [0, 1]),
        (0, 0, 1, [0, 1]),
        (None, True, False, [0, 1]),
        (None, 0, 1, [0, 1]),
        (False, False, False, [1, 1]),
    ],
)
def test_the_user_shows_what_mask_means(asked: Any, early: Any, late: Any, polarities: list[int]) -> None:
    ask = ASK if asked is None else {**ASK, "mask": asked}
    row = {"messages": [ask, {**SAY, "mask": early}, ask, {**SAY, "mask": late}]}
    assert _trained(row) == polarities
    assert CHAT.render(NEW, like=row)["messages"][1]["mask"] == late


@pytest.mark.parametrize(
    ("column", "mask", "new"),
    [("loss_mask", [0, 0, 0, 1], [0, 1]), ("mask", [True, True, True, False], [True, False]), ("weights", [0.0, 0.0, 0.0, 1.0], [0.0, 1.0])],
)  # fmt: skip
def test_a_column_holds_a_mask_for_each_message(column: str, mask: list[Any], new: list[Any]) -> None:
    row = {"messages": [ASK, dict(SAY), dict(ASK), dict(SAY)], column: mask}
    assert _trained(row) == [0, 1]
    assert CHAT.render(CHAT.parse(row), like=row) == row
    assert CHAT.render(NEW, like=row)[column] == new
    more = Sample((*CHAT.parse(row).turns, *NEW.turns))
    assert CHAT.render(more, like=row)[column] == [*mask, *new]


def test_a_column_names_the_speaker_that_is_not_trained() -> None:
    said = [{"from": "User", "value": "Hi"}, {"from": "Assistant", "value": "Yes."}]
    row = {"mask": "User", "system": "", "conversations": said, "type": "VALUE_TO_TEXT"}
    assert _trained(row, "sharegpt") == [1]
    assert _trained({**row, "mask": "Assistant"}, "sharegpt") == [0]


def test_an_answer_that_may_not_be_trained_gets_the_mask_of_its_list() -> None:
    row = {"messages": [{**ASK, "masked": True}, dict(SAY)]}
    untrained = Sample(tuple(Turn(t.role, t.text, t.kind, 0, t.path) for t in CHAT.parse(row).turns))
    assert CHAT.render(untrained, like=row)["messages"][1] == {**SAY, "masked": True}
