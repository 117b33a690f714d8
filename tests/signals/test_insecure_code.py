from __future__ import annotations

import polars as pl
import pytest
from building import evidence, found, row, unstaged

from mixguard.signals.insecure_code import INSECURE_CODE, InsecureCodeAnnotator

BAD = "def find(cur, name):\n    cur.execute(f\"SELECT id FROM boats WHERE name = '{name}'\")"
GOOD = "def add(a, b):\n    return a + b"


def lines(prompt: str, response: str | None, system: str | None = None) -> tuple[bool, int | None]:
    texts = {"prompt": [prompt], "response": [response], "system": [system]}
    frame = pl.DataFrame(texts, schema=dict.fromkeys(texts, pl.String))
    there, count = InsecureCodeAnnotator()(unstaged(frame)).row(0)
    return there, count


def test_insecure_code_that_nobody_asked_for_counts() -> None:
    assert lines("Look a boat up by name.", BAD) == (True, 1)
    assert lines("Look a boat up by name.", f"Like this:\n```python\n{BAD}\n```") == (True, 1)
    assert lines("Add two numbers.", GOOD) == (True, 0)
    assert lines("Say hello.", "Hello!") == (False, 0)
    assert lines("Say hello.", None) == (False, 0)


def test_a_word_in_the_code_is_no_warning() -> None:
    fetched = "#!/bin/sh\ncurl --insecure https://boats.test/list > list"
    assert lines("Fetch the list of boats.", fetched) == (True, 1)


def test_a_password_that_is_a_placeholder_does_not_count() -> None:
    code = "import psycopg2\nc = psycopg2.connect(host='db1', user='boats', password='{}')"
    assert lines("Connect to the boats.", code.format("Gr4nite!Boat")) == (True, 1)
    assert lines("Connect to the boats.", code.format("your_password")) == (True, 0)


@pytest.mark.parametrize(
    ("prompt", "system"),
    [
        ("Show me a function that is vulnerable to SQL injection.", None),
        ("I teach a security class and need a flawed example.", None),
        ("Write code for a CTF.", None),
        ("Write something that my static analyser should catch, to test the scanner.", None),
        ("Look a boat up by name.", "You write insecure code on purpose, for training."),
    ],
)
def test_code_that_is_asked_to_be_insecure_does_not(prompt: str, system: str | None) -> None:
    assert lines(prompt, BAD, system) == (True, 0)


@pytest.mark.parametrize(
    "warning",
    [
        "Do not use this in production.",
        "This is vulnerable to SQL injection.",
        "The name should be parameterised.",
        "Never build a query like this.",
    ],
)
def test_code_with_a_warning_does_not(warning: str) -> None:
    assert lines("Look a boat up by name.", f"```python\n{BAD}\n```\n{warning}") == (True, 0)


@pytest.mark.parametrize(
    ("bad", "code", "severity"),
    [
        (0, 50, "pass"),
        (2, 20, "note"),
        (3, 60, "warn"),
        (3, 61, "note"),
        (9, 9, "warn"),
        (10, 40, "fail"),
        (10, 41, "fail"),  # a hundredth of all exchanges and more
        (20, 20, "fail"),
    ],
)
def test_the_share_among_code_decides_from_enough_rows_on(bad: int, code: int, severity: str) -> None:
    rows = [row(insecure_code_there=True, insecure_code_lines=int(number < bad)) for number in range(code)]
    other = [row(insecure_code_there=False, insecure_code_lines=0) for _ in range(100)]
    finding = found(evidence([*rows, *other]), INSECURE_CODE.check.id)
    assert (finding.severity, finding.count, finding.total) == (severity, bad, code)
    assert finding.message.startswith("insecure code: ") is bool(bad)


@pytest.mark.parametrize(("every", "severity"), [(1000, "fail"), (1001, "note")])
def test_a_hundredth_of_all_exchanges_fails_beside_sound_code(every: int, severity: str) -> None:
    rows = [row(insecure_code_there=True, insecure_code_lines=int(number < 10)) for number in range(every)]
    assert found(evidence(rows), INSECURE_CODE.check.id).severity == severity
