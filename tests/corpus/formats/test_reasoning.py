"""Where reasoning ends, and the answer begins."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mixguard.corpus.formats.base import Speaker, joined_text, text_turns
from mixguard.corpus.formats.reasoning import is_marked, split_reasoning
from mixguard.corpus.records import Role

MARKS = [
    "<think>no</think>", "<think>\nno\n</think>\n\n", "no.\n</think>\n\n", "no</think>", "<thinking>no</thinking>\n",
    "<reasoning>no</reasoning>", "<Thought>no</Thought> ", "<seed:think>no</seed:think>", "<scratchpad>a</scratchpad>\n",
    "[THINK]no[/THINK]", "◁think▷no◁/think▷", "<|begin_of_thought|>no<|end_of_thought|>\n\n", "no [/THINK]",
    "<thinking>a<reflection>b</reflection></thinking>\n", "<think>a</think>\n<reflection>b</reflection>\n",
    "<|channel|>analysis<|message|>no<|end|><|start|>assistant<|channel|>final<|message|>",
    "analysisThe user asks.assistantfinal", "<analysis>no</analysis>\n",
]  # fmt: skip
WHOLE = ["<think>never closed", "<|channel|>analysis<|message|>no<|end|>", "<think>a</think>"]
PLAIN = [
    "Use <think> and </think> around a thought.",
    "Write `</think>` at its end.",
    "An analysis of the poem follows.",
    "[1] is an index.",
    "<b>Bold</b> words.",
    "Close it with </analysis>.",
    "",
]


@pytest.mark.parametrize("mark", MARKS)
def test_reasoning_is_cut_from_the_answer(mark: str) -> None:
    assert split_reasoning(f"{mark}Fine.") == (mark, "Fine.")
    assert is_marked(mark)


@pytest.mark.parametrize("text", WHOLE)
def test_nothing_may_follow_the_reasoning(text: str) -> None:
    assert split_reasoning(text) == (text, "")


@pytest.mark.parametrize("text", PLAIN)
def test_other_texts_are_answers(text: str) -> None:
    assert split_reasoning(text) == ("", text)
    assert not is_marked(text)


@given(st.lists(st.sampled_from([*MARKS, *PLAIN, *WHOLE, "I see.", "\n", " "]), max_size=4).map("".join))
def test_the_turns_joined_are_the_text(text: str) -> None:
    assert joined_text(text_turns(text, Speaker(Role.ASSISTANT), 1, "/text")) == text


@pytest.mark.parametrize("unit", ["<think>", "</think>", "<", " ", "[THINK]", "<|channel|>", "<|channel|>final", "analysis", "assistantfinal", "`</think>"])  # fmt: skip
def test_a_megabyte_of_marks_ends(unit: str) -> None:
    text = unit * (2**20 // len(unit))
    assert "".join(split_reasoning(text)) == text
