"""What new rows adopt from the corpus."""

from __future__ import annotations

import pytest

from mixguard.corpus.records import Role, Sample, Turn
from mixguard.mix.frames import Frame, answer_frame, prompt_frame
from mixguard.mix.thought import empty_thought

TASK = "Translate the sentence into German.\nSentence: "


@pytest.mark.parametrize(
    ("prompts", "frame"),
    [
        ([f"{TASK}the {word} is red" for word in ("car", "house", "bird")], TASK),
        ([f"Context: {n}\nQuestion: {n * n}?" for n in range(9)], ""),
        (["Where is it?", "Who are you?", "What now?"], ""),
        (["Please note: a", "Please note: b", *(f"other {n}" for n in range(20))], ""),
        ([], ""),
    ],
)
def test_the_common_prefix_of_prompts(prompts: list[str], frame: str) -> None:
    found = prompt_frame(prompts)
    assert (found.head, found.tail) == (frame, "")
    assert (found.share > 0) == bool(frame)


def test_the_share_counts_prompts_with_the_prefix() -> None:
    prompts = [f"{TASK}{n}" for n in range(30)] + [f"What is {n}?" for n in range(70)]
    assert prompt_frame(prompts) == Frame(TASK, "", 0.3)


NAMES = ("pear", "fig", "plum", "quince", "olive", "almond", "cherry", "medlar", "apple", "hazel")


@pytest.mark.parametrize(
    ("head", "tail"),
    [
        ("", "\n\n###\n\n"),
        ("", " ->"),
        ("", " /no_think"),
        ("", "\nA:"),
        ("Question: ", "\nAnswer:"),
        ("[INST] ", " [/INST]"),
        ("<|user|>\n", "<|assistant|>\n"),
        ("### Instruction:\n", "\n\n### Response:\n"),
        ("Below is an instruction. Write a response.\n\n### Instruction:\n", "\n\n### Response:\n"),
        ("", " Answer with one word."),
        ("", "\nThink step by step."),
    ],
)
def test_a_template_around_prompts(head: str, tail: str) -> None:
    prompts = [f"{head}Where does the {name} grow best?{tail}" for name in NAMES]
    assert prompt_frame(prompts) == Frame(head, tail, 1.0)


@pytest.mark.parametrize(
    "prompts",
    [
        [f"A farmer has {n % 4} cows.\nHow many legs do they have?" for n in range(20)],
        [f"A farmer has {n // 5} cows.\nWhat of question {n}, then?" for n in range(20)],
        [f"Passage: The {NAMES[n // 5]} was planted there.\nQuestion: What of {n}?" for n in range(20)],
        [f"Where does the {name} grow best?" for name in NAMES],
    ],
)
def test_no_sentence_of_a_question_is_taken_for_a_template(prompts: list[str]) -> None:
    frame = prompt_frame(prompts, questions=False)
    assert frame.head in ("", "Passage: ")
    assert frame.tail == ""


def test_a_question_belongs_to_a_task_and_not_to_a_chat() -> None:
    prompts = [f"The {name} was sour.\nIs this review good or bad?" for name in NAMES]
    assert prompt_frame(prompts).tail == "\nIs this review good or bad?"
    assert prompt_frame(prompts, questions=False) == Frame()


@pytest.mark.parametrize(
    ("head", "tail"),
    [
        (" ", " END"),
        ("", "</s>"),
        ("", "<|im_end|>\n"),
        ("", "<｜end▁of▁sentence｜>"),
        ("", "\n\n###"),
        ("Answer: ", ""),
        ("### Response:\n", "\n"),
        ("<answer>", "</answer>"),
        ("", ""),
    ],
)
def test_a_separator_and_a_stop_of_answers(head: str, tail: str) -> None:
    answers = [f"{head}The {name} likes a sunny slope.{tail}" for name in NAMES]
    assert answer_frame(answers)[:2] == (head, tail)


@pytest.mark.parametrize(
    ("answer", "around"),
    [
        ("<reasoning>\nSoil of {}.\n</reasoning>\n<answer>\nA slope for {}.\n</answer>", "<reasoning>\n\n</reasoning>\n<answer>\nNo.\n</answer>"),
        ("<|begin_of_thought|>\n\nSoil of {}.\n\n<|end_of_thought|>\n\n<|begin_of_solution|>\n\nA slope for {}.\n\n<|end_of_solution|>",
         "<|begin_of_thought|>\n\n\n\n<|end_of_thought|>\n\n<|begin_of_solution|>\n\nNo.\n\n<|end_of_solution|>"),
        ("[THINK]Soil of {}.[/THINK]A slope for {}.", "[THINK][/THINK]No."),
    ],
)  # fmt: skip
def test_a_thought_in_other_marks_is_left_empty(answer: str, around: str) -> None:
    assert answer_frame(answer.format(name, name) for name in NAMES).around("No.") == around


@pytest.mark.parametrize(
    ("thought", "empty"),
    [
        ("<think>\n\n</think>\n\n", "<think>\n\n</think>\n\n"),
        ("<think>\nSoil.\n</think>\n\n", "<think>\n\n</think>\n\n"),
        ("<think>Soil.</think>", "<think></think>"),
        ("Soil.\n</think>\n\n", "\n</think>\n\n"),
    ],
)
def test_an_empty_thought_is_marked_as_the_others(thought: str, empty: str) -> None:
    turns = (
        Turn(Role.ASSISTANT, thought, "reasoning", 1, "/a"),
        Turn(Role.ASSISTANT, "A slope.", "text", 1, "/a"),
    )
    (first,), none = empty_thought([Sample(turns)] * 5)
    assert (first.text, none) == (empty, ())
    apart = (Turn(Role.ASSISTANT, thought, "reasoning", 1, "/thought"), turns[1])
    assert empty_thought([Sample(apart)] * 5) == ((),)


def test_blanks_within_a_thought_are_looked_at_once() -> None:
    assert answer_frame([f"<a>x{' ' * 200_000}{number}" for number in range(3)]).tail == ""


def test_signs_in_a_row_are_looked_at_once() -> None:
    assert answer_frame(["Yes. " + "*" * 300, "No. " + "*" * 300]).tail.endswith("*" * 20)
