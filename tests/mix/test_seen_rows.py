"""New rows of corpora that are read through a view: under the file's own names, in its own spelling."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from random import Random
from typing import Any

import pytest

from mixguard.config import ReadConfig
from mixguard.corpus.files import open_sources
from mixguard.library.bank import Bank
from mixguard.library.taxonomy import Taxonomy
from mixguard.mix.mould import Mould

TALK = [{"role": "user", "content": "Where is it?"}, {"role": "assistant", "content": "It is here, as ever."}]
CHAT = [{"role": "user", "content": "New?"}, {"role": "assistant", "content": "No, never."}]


@pytest.fixture(scope="module")
def bank() -> Bank:
    return Bank.load("mixguard", Taxonomy.load("mixguard"))


def cast(path: Path, bank: Bank, **columns: str) -> dict[str, Any]:
    """A new row like those of a file."""
    (source,) = open_sources([path], offline=True)
    mould = Mould.of(source, ReadConfig(columns=columns), bank)
    pair = {
        "id": "p-1",
        "kind": "refusal",
        "lang": "en",
        "prompt": "New?",
        "response": "No, never.",
        "history": None,
    }
    made = mould.cast(pair, 0, Random(0))
    assert made is not None
    return made.row


@pytest.mark.parametrize("write", [json.dumps, repr])
def test_messages_kept_as_text(tmp_path: Path, bank: Bank, write: Any) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text((json.dumps({"id": 4, "messages": write(TALK), "done": True}) + "\n") * 3)
    assert cast(path, bank) == {"id": 5, "messages": write(CHAT), "done": True}


def test_messages_in_a_cell(tmp_path: Path, bank: Bank) -> None:
    path = tmp_path / "a.csv"
    text = io.StringIO()
    csv.writer(text).writerows([["messages", "n"], *[[json.dumps(TALK), "1"]] * 3])
    path.write_text(text.getvalue())
    assert cast(path, bank) == {"messages": json.dumps(CHAT), "n": "1"}


def test_named_columns(tmp_path: Path, bank: Bank) -> None:
    path = tmp_path / "a.jsonl"
    row = {"id": "a", "data": {"ask": "Where is it?", "n": 1}, "answer": "old", "best": "It is here, as ever.", "copy": "It is here, as ever."}  # fmt: skip
    path.write_text((json.dumps(row) + "\n") * 3)
    made = cast(path, bank, prompt="data.ask", response="best")
    assert made == {
        **row,
        "id": "p-1",
        "data": {"ask": "New?", "n": 1},
        "best": "No, never.",
        "copy": "No, never.",
    }
    assert list(made) == list(row)
