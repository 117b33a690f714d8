"""What new rows adopt from the corpus."""

from __future__ import annotations

import pytest

from mixguard.mix.frames import Frame, prompt_frame

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
