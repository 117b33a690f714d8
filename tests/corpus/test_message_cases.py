"""Files as people and APIs write them, read whole by the corpus."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from mixguard.config import ReadConfig
from mixguard.corpus.corpus import Corpus
from mixguard.corpus.formats import by_id
from mixguard.corpus.formats.vote import choose
from mixguard.corpus.records import Record, Role, Sample, Turn

CASES = Path(__file__).parents[1] / "data/cases/reading"


def _corpus(name: str) -> Corpus:
    (path,) = CASES.glob(f"{name}-*.jsonl")
    return Corpus.open([path], ReadConfig(), offline=True)


def _rows(name: str) -> list[dict[str, Any]]:
    (source,) = _corpus(name).sources
    return [dict(record.row) for record in source.records() if isinstance(record, Record)]


@pytest.mark.parametrize(
    ("name", "form", "prompt", "response", "tool_call"),
    [
        ("k10a", "openai_chat", "Weather in Lisbon?", "It is 20 degrees.", True),
        ("k10b", "openai_chat", "What is 2+2?", "4", False),
        ("k10c", "openai_chat", "Weather in Lisbon?", "It is 20 degrees.", True),
        ("k10e", "openai_chat", "Count the rows.", "There are 20.", True),
        ("k10h", "openai_chat", "Any news?", "None today.", True),
        ("k19e", "xlam", "Weather in Lisbon?", "", True),
        ("k8a", "chat_answer", "What is 0+0?", "0", False),
        ("k6a", "lf_v1", "Where does pear grow best?", "For pear, choose a sunny slope.", True),
    ],
)
def test_the_file_is_read_whole(name: str, form: str, prompt: str, response: str, tool_call: bool) -> None:
    parts = list(_corpus(name).parts(1000))
    assert sum(part.tally.samples for part in parts) == len(_rows(name))
    assert not any(part.rejected for part in parts)
    first = parts[0].frame.row(0, named=True)
    assert (first["format"], first["prompt"], first["response"]) == (form, prompt, response)
    assert (first["polarity"], first["tool_call"]) == (1, tool_call)


def test_thoughts_on_a_channel_are_not_the_answer() -> None:
    (part,) = _corpus("k11b").parts(1000)
    (row,) = part.frame.to_dicts()
    assert row["response"].startswith("I can't help with breaking into")
    assert row["reasoning"].startswith("The user wants to break in")
    assert "lf_drop" not in row["flags"]


def test_masked_answers_are_not_trained() -> None:
    (part,) = _corpus("k22a").parts(1000)
    assert part.frame.get_column("prompt").to_list() == ["Go on."] * 3
    assert set(part.frame.get_column("polarity")) == {1}


@pytest.mark.parametrize("name", ["k6a", "k6d", "k22a", "k8a", "k11b", "k10c"])
def test_a_new_row_is_spelt_like_the_file(name: str) -> None:
    for like in _rows(name):
        form = choose(like, None)
        turns = (Turn(Role.USER, "How?"), Turn(Role.ASSISTANT, "So.", polarity=1))
        row = form.render(Sample(turns), like=like)
        assert [(t.role, t.text, t.polarity) for t in by_id(form.id).parse(row).turns if t.text] == [
            (turn.role, turn.text, turn.polarity) for turn in turns
        ]
        assert _keys(row) <= _keys(like)


def _keys(value: Any) -> set[str]:
    """Every key in a row, with the words under `type` and `channel`."""
    if isinstance(value, list):
        return set().union(*map(_keys, value))
    if not isinstance(value, dict):
        return set()
    words = {f"{key}={value[key]}" for key in ("type", "channel") if key in value}
    return words.union(value, *map(_keys, value.values()))
