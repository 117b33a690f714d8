"""Rows read by a plan, and lines parsed in a run, give the same parts as rows and lines read one by one."""

from __future__ import annotations

import json
from collections.abc import Generator
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mixguard.config import ReadConfig
from mixguard.corpus import plans
from mixguard.corpus.corpus import Corpus, Part, Tally
from mixguard.corpus.files import pieces
from mixguard.corpus.formats import FORMATS
from mixguard.corpus.formats.candidates import candidates
from mixguard.corpus.records import Row
from mixguard.corpus.shapes import shaped
from mixguard.errors import InputError

CASES = Path(__file__).resolve().parents[2] / "examples"
SAID = (
    "", "Why?", "Because.", "<think>\nSo.\n</think>\n\nYes.", " [THINK]a[/THINK]b", "a</think>b", "<|im_end|>", "[1]", "{}",
    'He said "no" and \\ left.', "x" * 2500, "Human: a\n\nAssistant: b", "### Response:\nYes", "Assistant: yes", "ends</s>",
    "analysis.. assistantfinal yes", "◁think▷a◁/think▷", '[{"role": "user", "content": "a"}]', "\ue0000\ue001", "\u3000é 漢",
)  # fmt: skip
texts = st.sampled_from(SAID)
roles = st.sampled_from(
    ["user", "assistant", "assistant", "system", "human", "gpt", "tool", "function_call", "who"]
)
messages = st.lists(
    st.one_of(
        st.fixed_dictionaries({"role": roles, "content": texts}),
        st.fixed_dictionaries(
            {"role": roles, "content": texts}, optional={"weight": st.sampled_from([0, 1])}
        ),
        st.fixed_dictionaries({"from": roles, "value": st.one_of(texts, st.none(), st.integers())}),
    ),
    max_size=5,
)
beside = {
    "system": st.one_of(texts, st.none()), "id": st.integers(0, 3), "label": st.sampled_from([True, "1", "bad", None]),
    "meta": st.just({"a": 1}), "cot": texts, "history": st.sampled_from(["", [], [["a", "b"]]]), "rating": st.integers(0, 5),
    "mask": st.sampled_from(["user", "assistant"]),
}  # fmt: skip
rows = st.one_of(
    st.fixed_dictionaries({"messages": messages}, optional=beside),
    st.fixed_dictionaries({"conversations": messages}, optional=beside),
    st.fixed_dictionaries({"instruction": texts, "input": texts, "output": texts}, optional=beside),
    st.fixed_dictionaries({"question": texts, "answer": st.one_of(texts, st.integers())}, optional=beside),
    st.fixed_dictionaries({"prompt": texts, "completion": texts}, optional=beside),
)
faults = st.lists(
    st.tuples(st.integers(0, 10**6), st.sampled_from([b'"', b"{", b"}", b"]", b",", b"\n", b"\r\n", b"\xff", b"\\u0022", b'"id":1,', b" "])),
    max_size=3,
)  # fmt: skip


def _nothing(*_: Any) -> Generator[Any, None, int]:
    return 0
    yield


def parts(path: Path, rows: int) -> list[Part] | str:
    try:
        return list(Corpus.open([path], ReadConfig(sample=10), offline=True).parts(rows))
    except InputError as error:
        return str(error)


def assert_same(path: Path, rows: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(plans, "_KNOWN", frozenset())
        patch.setattr(pieces, "plain_lines", _nothing)
        slow = parts(path, rows)
    fast = parts(path, rows)
    if isinstance(slow, str) or isinstance(fast, str):
        assert slow == fast
        return
    assert [part.tally for part in fast] == [part.tally for part in slow]
    assert [part.rejected for part in fast] == [part.rejected for part in slow]
    assert all(one.frame.equals(other.frame) for one, other in zip(fast, slow, strict=True))


@settings(max_examples=150, deadline=None)
@given(
    kinds=st.lists(rows, min_size=1, max_size=4),
    order=st.lists(st.integers(0, 3), min_size=4, max_size=16),
    damage=faults,
    cut=st.sampled_from([1, 3, 1000]),
    layout=st.sampled_from(["lines", "array", "indented"]),
)
def test_damaged_records_of_few_kinds_are_read_alike_by_plan_and_by_format(
    tmp_path_factory: pytest.TempPathFactory, kinds: list[Any], order: list[int], damage: Any, cut: int, layout: str
) -> None:  # fmt: skip
    chosen = [kinds[number % len(kinds)] for number in order]
    if layout == "lines":
        content = "".join(
            json.dumps(row, ensure_ascii=number % 2 == 0) + "\n" for number, row in enumerate(chosen)
        ).encode()
    else:
        content = json.dumps(chosen, indent=2 if layout == "indented" else None).encode()
    for at, extra in damage:
        content = content[: at % len(content)] + extra + content[at % len(content) :]
    path = tmp_path_factory.mktemp("plans") / "a.json"
    path.write_bytes(content)
    assert_same(path, cut)


@pytest.mark.parametrize("path", sorted(CASES.glob("*.json*")), ids=lambda path: path.name)
def test_examples_are_read_alike_by_plan_and_by_format(path: Path) -> None:
    assert_same(path, 7)


def test_a_shape_that_was_met_is_not_parsed_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text(
        "".join(json.dumps({"question": f"Why {n}?", "answer": f"So {n}."}) + "\n" for n in range(50))
    )
    asked: list[Row] = []

    def choose(row: Row, form: Any) -> Any:
        asked.append(row)
        return form

    monkeypatch.setattr("mixguard.corpus.reading.choose", choose)
    (part,) = Corpus.open([path], ReadConfig(), offline=True).parts(100)
    assert part.frame["prompt"].to_list() == [f"Why {n}?" for n in range(50)]
    assert len(asked) == 2  # the first row, and the row of marks


def test_a_key_that_stands_twice_is_noticed_where_texts_hold_quotes(tmp_path: Path) -> None:
    line = '{"question": "Why?", "answer": "He said \\u0022no\\u0022."}\n'
    twice = '{"question": "Why?", "answer": "a", "answer": "He said \\u0022no\\u0022."}\n'
    path = tmp_path / "a.jsonl"
    path.write_text(line * 4 + twice)
    found = sum((part.tally for part in Corpus.open([path], ReadConfig(), offline=True).parts(100)), Tally())
    assert found.flags == {"duplicate_keys": 1}


@settings(deadline=None)
@given(row=rows)
def test_no_format_is_left_out_that_a_row_matches(row: dict[str, Any]) -> None:
    left = candidates(tuple(row))
    assert [form.id for form in FORMATS if form.matches(row)] == [
        form.id for form in left if form.matches(row)
    ]


def test_rows_with_marks_of_reasoning_have_no_shape() -> None:
    assert shaped({"question": "a", "answer": "b</think>c"}) is None
    assert shaped({"messages": [{"role": "assistant", "content": "<think>a</think>b"}]}) is None
    assert shaped({"messages": [{"role": "assistant", "content": "<p>a</p>"}]}) is not None


def test_exchanges_without_text_are_kept(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text('{"instruction": "a", "input": "", "output": ""}\n' * 5)
    frame = pl.concat(part.frame for part in Corpus.open([path], ReadConfig(), offline=True).parts(2))
    assert frame["response"].to_list() == [""] * 5
