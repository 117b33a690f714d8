"""`mixguard formats` and `--columns`, as a user meets them."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest
from conftest import REPOSITORY
from typer.testing import CliRunner, Result

from mixguard.cli.app import app
from mixguard.corpus.formats import FORMATS
from mixguard.errors import ConfigError, InputError

CASES = REPOSITORY / "tests" / "data" / "cases" / "reading"


def run(*arguments: str | Path) -> Result:
    done = CliRunner().invoke(app, ["formats", *map(str, arguments)], env={"COLUMNS": "200", "NO_COLOR": "1"})
    if done.exception and not isinstance(done.exception, SystemExit):
        raise done.exception
    assert done.exit_code == 0, done.output
    return done


def look(*arguments: str | Path) -> dict[str, Any]:
    (only,) = json.loads(run(*arguments, "--json").output)
    return dict(only)


def test_every_format_is_listed_with_its_keys() -> None:
    listed = json.loads(run("--json").output)
    assert list(listed) == [form.id for form in FORMATS]
    assert all(listed.values())
    assert listed["alpaca"] == "instruction, input, output; instructions, inputs, outputs"
    assert listed["openai_dpo"].startswith("system, preferred_output, non_preferred_output, input.messages; ")
    assert "trl_prompt_completion" in run().output


@pytest.fixture
def pears(tmp_path: Path) -> Path:
    """Prompts with two answers in columns that no format knows."""
    path = tmp_path / "pears.jsonl"
    rows = (
        json.dumps(
            {"prompt": f"Where does pear {n} grow best?", "leaf": "On a sunny slope.", "bark": "No idea."}
        )
        for n in range(3)
    )
    path.write_text("\n".join(rows))
    return path


def test_a_file_is_shown_as_it_is_read(pears: Path) -> None:
    found = look(pears)
    assert found["formats"] == {"trl_prompt_only": 3}
    assert {name: column["read_as"] for name, column in found["columns"].items()} == {
        "prompt": {"prompt": 3},
        "leaf": {"not read": 3},
        "bark": {"not read": 3},
    }
    assert found["advice"].endswith("--columns response=leaf")
    shown = run(pears).output
    assert "read as trl_prompt_only (3)" in shown
    assert "prompt: Where does pear 0 grow best?" in shown


def test_columns_can_be_named(pears: Path) -> None:
    found = look(pears, "--columns", "chosen=leaf,rejected=bark")
    assert found["formats"] == {"pref_explicit": 3}
    assert {name: column["read_as"] for name, column in found["columns"].items()} == {
        "prompt": {"prompt": 3},
        "leaf": {"chosen": 3},
        "bark": {"rejected": 3},
    }
    assert [(each["response"], each["polarity"]) for each in found["exchanges"]] == [
        ("On a sunny slope.", 1),
        ("No idea.", -1),
        ("On a sunny slope.", 1),
    ]


def test_unread_rows_and_hostile_text(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl.gz"
    rows = ['{"Frage": "Wo [red]ist\\u001b[2J es?", "Beste": "Hier ist es."}', "{broken"]
    path.write_bytes(gzip.compress("\n".join(rows).encode()))
    found = look(path)
    assert found["kind"] == "JSON, compressed (gz)"
    assert found["records"] == sum(found["rejected"].values()) == 2
    assert found["advice"].endswith("--columns prompt=Frage,response=Beste")
    shown = run(path, "--columns", "prompt=Frage,response=Beste").output
    assert "\x1b" not in shown
    assert "prompt: Wo [red]ist�[2J es?" in shown
    assert "answer: Hier ist es." in shown


def test_only_the_head_is_read(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text('{"text": "Some words."}\n' * 50)
    assert look(path, "--set", "read.sample=10")["records"] == 10


def test_wrong_names_are_told() -> None:
    path = CASES / "k9a-json-answers.csv"
    with pytest.raises(ConfigError, match="prompts"):
        run(path, "--columns", "prompts=prompt")
    with pytest.raises(ConfigError, match="role=column"):
        run(path, "--columns", "prompt")
    with pytest.raises(
        InputError, match=r"k9a-json-answers\.csv: no record has the column 'x'.*prompt, completion"
    ):
        run(path, "--columns", "response=x")
