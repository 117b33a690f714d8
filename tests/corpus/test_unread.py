"""Text in columns that no format reads is told, and only text."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from conftest import REPOSITORY, chat

from mixguard.config import ReadConfig
from mixguard.corpus.corpus import Corpus, Tally
from mixguard.corpus.unread import is_text
from mixguard.errors import InputError

CASES = REPOSITORY / "tests" / "data" / "cases" / "reading"
ASK = {"prompt": "Where does pear grow best?"}


def tally(source: Path | list[dict[str, Any]], **read: Any) -> Tally:
    parts = Corpus.open([source], ReadConfig(**read), offline=True).parts(7)
    return sum((part.tally for part in parts), Tally())


def unread(rows: list[dict[str, Any]], **read: Any) -> dict[str, tuple[int, int]]:
    """Column to records with and without an answer beside it."""
    counts = tally(rows, **read).unread
    return {
        column: (sum(n for (_, c, a), n in counts.items() if c == column and a), sum(n for (_, c, a), n in counts.items() if c == column and not a))
        for _, column, _ in counts
    }  # fmt: skip


def test_answers_in_unknown_columns_beside_a_bare_prompt() -> None:
    rows = [{**ASK, "leaf": "For pear, choose a sunny slope.", "bark": "No idea."}] * 3
    assert unread(rows) == {"leaf": (0, 3), "bark": (0, 3)}
    found = tally(rows)
    assert found.looked.total() == 3
    assert list(found.asked.values()) == ["prompt"]


def test_two_answers_without_a_label_are_quarantined_or_told() -> None:
    try:
        found = tally(CASES / "k2d-answer1-answer2.jsonl")
    except InputError as refusal:  # no record can be read
        assert "answer1 and answer2" in str(refusal)
        return
    assert {column: count for (_, column, answered), count in found.unread.items() if not answered} == {
        "answer1": 3,
        "answer2": 3,
    }


def test_a_list_cut_short_is_named_in_the_reason() -> None:
    rows = [chat("Where is it?", "Here."), {"messages": "[{'role': 'user', 'content': 'x'}, ..."}]
    (reason,) = tally(rows).rejected
    assert reason.endswith("messages is text that does not spell a list")


def test_json_answers_of_a_table_are_answers() -> None:
    path = CASES / "k9a-json-answers.csv"
    (part,) = Corpus.open([path], ReadConfig(), offline=True).parts(10)
    assert part.frame["response"].to_list() == ['{"name": "Ann", "age": 30}', "[]", "hi"]
    assert not part.tally.rejected
    assert not part.tally.unread


def test_messages_in_a_json_string_are_messages() -> None:
    (part,) = Corpus.open([CASES / "k15a-messages-json-string.jsonl"], ReadConfig(), offline=True).parts(10)
    assert part.frame["prompt"].to_list()[0] == "Where does pear grow best?"
    assert part.frame["response"].to_list()[0] == "For pear, choose a sunny slope."
    assert part.tally.formats.total() == 3
    assert not part.tally.unread


def test_tokens_beside_text_are_flagged() -> None:
    assert tally(CASES / "k4b-input-ids.jsonl").flags["trl_pretokenized"] == 20


def test_text_beside_an_answer() -> None:
    rows = [
        {"Question": f"Where is {n}?", "Notes": f"I think about {n}.", "Response": f"It is {n}."}
        for n in "abc"
    ]
    assert unread(rows) == {"Notes": (3, 0)}


@pytest.mark.parametrize(
    "beside",
    [
        {"category": "Creative Writing and such"},
        {"prompt_id": "two words here"},
        {"digest": "d41d8cd98f00b204e9800998ecf8427e"},
        {"link": "see https://example.org/some/page"},
        {"where": "https://example.org/some/page other"},
        {"day": "2024-01-01 12:00:00"},
        {"count": 3, "flag": True, "nothing": None},
        {"ids": [1, 2, 3], "scores": {"a": 1.5, "b": 2}},
        {"code": "en-GB"},
        {"level_of_it": "very hard"},
        {"copy": ASK["prompt"]},
        {"copies": [{"role": "user", "content": ASK["prompt"]}]},
    ],
)
def test_what_is_not_text_or_was_read_is_not_told(beside: dict[str, Any]) -> None:
    assert unread([{**ASK, **beside}] * 3) == {}


def test_a_rendering_of_what_was_read_is_not_told_but_other_text_in_a_template_is() -> None:
    def row(n: int, said: str) -> dict[str, Any]:
        filled = f"Below is an instruction that describes a task.\n### Instruction:\nSay {n}!\n### Response:\n{said}"
        return {"instruction": f"Say {n}!", "input": "", "output": f"Here is {n}.", "text": filled}

    assert unread([row(n, f"Here is {n}.") for n in range(20)]) == {}
    assert unread([row(n, f"No, {n} is wrong.") for n in range(20)]) == {"text": (20, 0)}


def test_a_constant_answer_is_text_and_a_repeated_label_is_not() -> None:
    rows = [
        {"prompt": f"Where is {n}?", "leaf": "I cannot help.", "mood": "quite friendly"} for n in range(40)
    ]
    assert unread(rows) == {"leaf": (0, 40)}


def test_a_sentence_under_the_name_of_a_label_is_text() -> None:
    assert unread([{**ASK, "label": "For pear, choose a sunny slope."}]) == {"label": (0, 1)}
    assert unread([{**ASK, "label": "very good", "source": "Open Orca flan"}]) == {}


def test_text_without_spaces_counts() -> None:
    assert is_text("请告诉我怎样种梨树")
    assert is_text("ここで梨を育ててください")
    assert not is_text("北京")
    assert unread([{**ASK, "回答": "梨树喜欢阳光充足的山坡"}]) == {"(not shown)": (0, 1)}


def test_text_deep_in_an_object_counts() -> None:
    rows = [{**ASK, "output_data": {"steps": [{"said": f"Number {n} is best."}]}} for n in range(3)]
    assert unread(rows) == {"output_data": (0, 3)}


def test_what_the_user_left_out_is_no_surprise() -> None:
    rows = [{"q": f"Where is {n}?", "best": f"It is {n}.", "bark": f"It is not {n}."} for n in "abc"]
    assert unread(rows, columns={"prompt": "q", "response": "best"}) == {"bark": (3, 0)}
    prompts = [{**ASK, "bark": "No idea at all."}]
    assert unread(prompts, format="trl_prompt_only") == {"bark": (1, 0)}
    assert unread(prompts) == {"bark": (0, 1)}


def test_only_a_part_of_a_large_source_is_looked_at() -> None:
    rows = [{**chat(f"What is {n}?", "It is."), "extra_words": f"some words of {n}."} for n in range(1000)]
    found = tally(rows, sample=100)
    assert found.looked.total() == 109
    assert found.unread.total() == 109
