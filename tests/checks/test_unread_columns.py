"""MG309: unread text decides the verdict where no answer was read."""

from __future__ import annotations

import shlex
from typing import Any

import pytest
from building import evidence, found, row

from mixguard.config import Config
from mixguard.run.findings import Finding, UnreadColumn
from mixguard.run.mapping import suggested


def told(*columns: UnreadColumn, config: Config | None = None, **corpus: Any) -> Finding:
    looked = columns[0].looked if columns else 100
    return found(evidence([row()] * looked, config, unread=columns, looked=looked, **corpus), "MG309")


def column(name: str, records: int, unanswered: int = 0, asked: str | None = None) -> UnreadColumn:
    return UnreadColumn(
        source="data.jsonl", column=name, records=records, unanswered=unanswered, looked=100, asked=asked
    )


def test_nothing_unread_passes() -> None:
    assert told().severity == "pass"


def test_an_unread_answer_leaves_the_verdict_open() -> None:
    finding = told(column("response_0", 100, 100, "prompt"), column("response_1", 90, 90, "prompt"))
    assert finding.severity == "incomplete"
    assert (finding.count, finding.total) == (100, 100)
    assert finding.message == (
        "`response_0` and `response_1` hold text in 100 of 100 records and were not read;"
        " map them: --columns chosen=response_0,rejected=response_1"
    )


def test_the_limit_decides() -> None:
    few = column("reply", 2, 2, "prompt")
    assert told(few).severity == "incomplete"
    assert told(few, config=Config.load(values={"checks.limits.MG309": 0.02})).severity == "warn"


@pytest.mark.parametrize(
    ("name", "severity"), [("Complex_CoT", "warn"), ("response_b", "warn"), ("remarks", "note")]
)
def test_beside_an_answer_it_is_told(name: str, severity: str) -> None:
    assert told(column(name, 100)).severity == severity


@pytest.mark.parametrize(
    ("names", "asked", "option"),
    [
        (["summary"], "content", "prompt=content,response=summary"),
        (["answer1", "answer2"], "prompt", "chosen=answer1,rejected=answer2"),
        (["reply_a", "reply_b", "reply_c"], "messages", "prompt=messages,chosen=reply_a,rejected=reply_b"),
        (["note", "reply"], "prompt", "response=reply"),
        (["best reply", "my question"], None, "'prompt=my question,response=best reply'"),
        (["(not shown)"], "text", "prompt=...,response=..."),
        (["only"], None, "response=only"),
    ],
)
def test_what_to_do(names: list[str], asked: str | None, option: str) -> None:
    assert suggested(names, asked) == f"--columns {option}"
    assert len(shlex.split(suggested(names, asked))) == 2
