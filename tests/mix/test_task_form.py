"""Bank pairs in the form of the corpus's task."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import pytest
from conftest import chat

import mixguard
from mixguard.config import Config
from mixguard.corpus.files import open_sources
from mixguard.corpus.records import Record
from mixguard.library.bank import Bank
from mixguard.library.taxonomy import Taxonomy
from mixguard.mix.manifest import Manifest, manifest_of
from mixguard.mix.mould import Mould
from mixguard.mix.task_form import FORM_SHARE

pytestmark = pytest.mark.usefixtures("few_workers")

BANK = Bank.load("mixguard", Taxonomy.load("mixguard"))
WORDS = ("kettle", "garden", "parcel", "bicycle", "lamp")
DIALOGUES = [
    f"Ana: did you see the {word}?\nBen: no, where?\nAna: by door {n}\nBen: ok, I'll fetch it"
    for n in range(12)
    for word in WORDS
]
SCHEMAS = [
    f"CREATE TABLE {word}_{n} (id INTEGER, name VARCHAR, price INTEGER)" for n in range(12) for word in WORDS
]

Rows = list[dict[str, Any]]
SHAPES: dict[str, tuple[str, Callable[[int], dict[str, Any]]]] = {
    "dialogues in a column": ("summarise", lambda n: {"dialogue": DIALOGUES[n], "summary": "Ben fetches it."}),
    "dialogues in a message": (
        "summarise",
        lambda n: chat(f"Summarize this dialogue:\n{DIALOGUES[n]}\n\nSummary:", "Ben fetches it."),
    ),
    "a schema in a column": (
        "sql",
        lambda n: {"question": f"How many cost {n}?", "context": SCHEMAS[n], "answer": f"SELECT COUNT(*) FROM t WHERE price = {n}"},
    ),
    "a schema in a message": (
        "sql",
        lambda n: chat(f"Write the SQL query.\n\n{SCHEMAS[n]}\n\nQuestion: how many cost {n}?", f"SELECT {n}"),
    ),
    "a program with values": (
        "code",
        lambda n: {"instruction": f"Write a Python function that sorts list {n}.", "input": f"[{n}, 3, 1]", "output": f"def f{n}(): ..."},
    ),
    "an instruction with an input": (
        "translate",
        lambda n: {"instruction": "Translate the text into French.", "input": DIALOGUES[n][:40], "output": f"Texte {n}."},
    ),
}  # fmt: skip


@pytest.fixture
def config(config: Config) -> Config:
    """What is tested here does not depend on the careful stage, which takes longer to start."""
    return config.replace({"judge.stages": "fast"})


def mould_of(rows: Rows, tmp_path: Path, config: Config) -> Mould:
    path = tmp_path / "corpus.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    (source,) = open_sources([path], offline=True)
    return Mould.of(source, config.read, BANK)


@pytest.mark.parametrize("name", SHAPES)
def test_a_task_is_told_from_its_rows(name: str, tmp_path: Path) -> None:
    task, row = SHAPES[name]
    mould = mould_of([row(n) for n in range(60)], tmp_path, Config())
    assert [form.task.id for form in mould.tasks] == [task]


@pytest.mark.parametrize("empty", ["[]", "", None, []])
def test_a_row_whose_tools_are_empty_is_chat(empty: str | list[str] | None, tmp_path: Path) -> None:
    tools = (
        json.dumps([{"name": "find_parcel"}]) if not isinstance(empty, list) else [{"name": "find_parcel"}]
    )
    rows = [
        {**chat(f"Where is parcel {n}?", "On its way."), "tools": empty if n % 2 else tools}
        for n in range(60)
    ]
    (form,) = mould_of(rows, tmp_path, Config()).tasks
    assert (form.task.id, form.share) == ("tool_call", 0.5)
    assert all(like.row["tools"] == tools for like in form.likes)


def test_a_chat_corpus_has_no_task(tmp_path: Path) -> None:
    rows = [
        chat(f"Where do I find the {word} number {n}?", "Look at the back.")
        for n in range(12)
        for word in WORDS
    ]
    assert not mould_of(rows, tmp_path, Config()).tasks


@pytest.mark.parametrize("name", SHAPES)
def test_new_rows_have_the_form_of_the_task(
    name: str, write_jsonl: Callable[..., Path], config: Config, tmp_path: Path
) -> None:
    task, row = SHAPES[name]
    rows = [row(n) for n in range(60)]
    out = tmp_path / "safe.jsonl"
    chosen = config.replace({"rebalance.voice": "llama-3"})
    mix = mixguard.rebalance(write_jsonl(rows), out=out, config=chosen)
    assert mix.manifest is not None
    assert mix.after is not None
    assert not [
        finding for finding in mix.after.findings if finding.id == "MG102" and finding.severity == "fail"
    ]
    assert mix.after.corpus.flags == mix.before.corpus.flags  # the same trainer rules as their neighbours
    assert not mix.after.corpus.quarantined
    added = mix.manifest.added
    assert sum(each.task == task for each in added) >= FORM_SHARE * len(added)
    new = _rows(out)
    for each in added:
        if each.task == task:
            made = new[each.record]
            assert list(made) == list(rows[0])
            _looks_like_its_neighbours(name, made, each.pair)


def _looks_like_its_neighbours(name: str, row: dict[str, Any], pair: str) -> None:
    """The task's own parts are there, and the request stands where the task puts its own."""
    asked = _pair(pair)
    if name == "a schema in a column":
        assert row["question"] == asked["prompt"]
        assert row["context"] == (asked["input"] or row["context"])
        assert row["context"].startswith("CREATE TABLE")
    elif name == "dialogues in a column":
        assert asked["prompt"] in row["dialogue"]
        assert row["dialogue"].count("\n") >= 1
    elif name == "a program with values":
        assert row["instruction"] == asked["prompt"]
        assert row["input"] == (asked["input"] or "")
    elif name == "an instruction with an input":
        assert row["instruction"].startswith("Translate the text into French. ")
        assert asked["prompt"] in row["input"]
    else:
        (prompt,) = [turn["content"] for turn in row["messages"] if turn["role"] == "user"]
        head, tail = (
            ("Summarize this dialogue:\n", "\n\nSummary:")
            if "dialogues" in name
            else ("Write the SQL query.\n\n", "")
        )
        assert prompt.startswith(head)
        assert prompt.endswith(tail or f"Question: {asked['prompt']}")


def _pair(name: str) -> dict[str, Any]:
    (row,) = BANK.pairs.filter(BANK.pairs["id"] == name).to_dicts()
    return row


def _rows(path: Path) -> Rows:
    (source,) = open_sources([path], offline=True)
    return [dict(record.row) for record in source.records() if isinstance(record, Record)]


def test_separators_and_stop_words_of_answers_are_adopted(
    write_jsonl: Callable[..., Path], config: Config, tmp_path: Path
) -> None:
    rows = [
        {"prompt": f"Where is the {word} {n}?", "completion": f" On shelf {n}. END"}
        for n in range(12)
        for word in WORDS
    ]
    out = tmp_path / "safe.jsonl"
    mix = mixguard.rebalance(
        write_jsonl(rows), out=out, config=config.replace({"rebalance.voice": "llama-3"})
    )
    made = _rows(out)
    added = Manifest.load(manifest_of(out)).added
    assert added
    for each in added:
        assert made[each.record]["completion"].startswith(" ")
        assert made[each.record]["completion"].endswith(" END")
    assert mix.after is not None
    assert mix.after.verdict != "fail"


def test_where_all_answers_think_a_new_one_has_an_empty_thought(tmp_path: Path, config: Config) -> None:
    rows = [
        chat(f"Where is the {w} {n}?", f"<think>\nIt is {n}.\n</think>\n\nOn shelf {n}.")
        for n in range(12)
        for w in WORDS
    ]
    mould = mould_of(rows, tmp_path, config)
    cast = mould.cast(_pair("ncr-r-002"), 0, Random(0))
    assert cast is not None
    assert cast.row["messages"][-1]["content"].startswith("<think>\n\n</think>\n\n")
