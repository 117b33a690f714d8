"""`mixguard rows` and `mixguard diff` as a user meets them."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from commanding import Done, command
from conftest import toml

from mixguard.flagged.write import write_csv

ROWS = [
    *({"prompt": f"What is {n} and {n}?", "response": f"It is {2 * n}."} for n in range(4)),
    {
        "prompt": "=1+1 who sells ünions?",
        "response": "Write to jane.roe@mailhost.io\x1b[31m ::error::x today.",
    },
    {"prompt": "And leeks? " + "word " * 200, "response": "@me jim.poe@mailhost.io"},
]
Run = Callable[..., Done]


@pytest.fixture(scope="module")
def folder(cheap: dict[str, dict[str, Any]], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a corpus, its run, and the run of what is left of it."""
    there = tmp_path_factory.mktemp("rows")
    (there / "mixguard.toml").write_text(toml(cheap))
    (there / "data.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in ROWS))
    (there / "less.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in ROWS[:5]))
    for name, run in (("data.jsonl", "run"), ("less.jsonl", "less")):
        done = command(there, "audit", name, "--run", run, "--fail-on", "never")
        assert done.returncode == 0, done.stderr
    return there


@pytest.fixture
def mixguard(folder: Path) -> Run:
    def run(*arguments: str | Path) -> Done:
        return command(folder, *arguments, environment={**os.environ, "COLUMNS": "100", "NO_COLOR": "1"})

    return run


def test_a_card_tells_place_reason_and_score_and_no_text_unless_asked(mixguard: Run) -> None:
    done = mixguard("rows", "run", "--check", "MG214")
    assert done.returncode == 0, done.stderr
    assert "data.jsonl:5" in done.stdout
    assert "MG214 personal-data: teaches what looks like personal data" in done.stdout
    assert "jane.roe" not in done.stdout


def test_texts_on_cards_are_harmless_and_end_at_a_whole_word(mixguard: Run) -> None:
    shown = mixguard("rows", "run", "--check", "MG214", "--show-text").stdout
    assert "jane.roe@mailhost.io" in shown
    assert "\x1b" not in shown
    assert "::error::" not in shown
    assert "word …" in shown
    assert "and 1 more;" in mixguard("rows", "run", "--check", "MG214", "--limit", "1").stdout


def test_a_file_of_rows_holds_texts_reasons_and_marks(mixguard: Run, folder: Path) -> None:
    done = mixguard("rows", "run", "--check", "MG214", "-o", "flagged.jsonl")
    assert "wrote flagged.jsonl: 2 rows, with their texts" in done.stdout
    first, second = map(json.loads, (folder / "flagged.jsonl").read_text().splitlines())
    assert first["prompt"] == ROWS[4]["prompt"]
    assert (first["line"], second["line"]) == (5, 6)
    assert first["reason"].startswith("MG214 personal-data: teaches")
    (mark,) = first["marks"]
    assert first["response"][mark["start"] : mark["end"]] == "jane.roe@mailhost.io"
    assert (mark["field"], mark["kind"], mark["check"]) == ("response", "signal", "MG214")
    mixguard("rows", "run", "--check", "MG214", "-o", "flagged.parquet")
    assert pl.read_parquet(folder / "flagged.parquet")["prompt"].to_list() == [
        first["prompt"],
        second["prompt"],
    ]


def test_no_cell_of_a_table_is_a_formula(mixguard: Run, folder: Path) -> None:
    mixguard("rows", "run", "--check", "MG214", "-o", "flagged.csv")
    table = pl.read_csv(folder / "flagged.csv")
    assert table["prompt"][0] == f"'{ROWS[4]['prompt']}"
    assert table["response"][1] == f"'{ROWS[5]['response']}"
    assert table["response"][0] == ROWS[4]["response"]
    assert json.loads(table["marks"][0])[0]["check"] == "MG214"


@pytest.mark.parametrize("begin", [*"=+-@\t\r＝＋－＠"])
def test_every_beginning_of_a_formula_is_guarded(begin: str) -> None:
    out = BytesIO()
    write_csv([pl.DataFrame({"checks": [["MG214"]], "prompt": [f"{begin}1+1"]})], out)
    assert pl.read_csv(out.getvalue())["prompt"].to_list() == [f"'{begin}1+1"]


def test_output_has_the_usual_names(mixguard: Run, folder: Path) -> None:
    printed = mixguard("rows", "run", "--check", "MG214", "--format", "jsonl", "-o", "-")
    assert mixguard("rows", "run", "--check", "MG214", "-o", "flagged.JSONL").returncode == 0
    assert (folder / "flagged.JSONL").read_text() == printed.stdout
    assert not (folder / "-").exists()


def test_texts_can_be_left_out(mixguard: Run) -> None:
    done = mixguard("rows", "run", "--check", "MG214", "--format", "jsonl", "--no-text")
    assert [json.loads(line)["line"] for line in done.stdout.splitlines()] == [5, 6]
    assert "jane" not in done.stdout
    assert "marks" not in done.stdout


def test_rows_whose_texts_are_gone_are_still_listed(mixguard: Run, folder: Path) -> None:
    shutil.move(folder / "data.jsonl", folder / "gone")
    try:
        done = mixguard("rows", "run", "--check", "MG214", "--format", "jsonl")
        cards = mixguard("rows", "run", "--check", "MG214", "--show-text")
    finally:
        shutil.move(folder / "gone", folder / "data.jsonl")
    assert [json.loads(line)["prompt"] for line in done.stdout.splitlines()] == [None, None]
    assert "not available: the file is gone or has changed" in cards.stdout


def test_the_rest_of_a_corpus_is_its_other_lines(mixguard: Run) -> None:
    done = mixguard("rows", "run", "--check", "MG214", "--rest")
    assert done.stdout == "".join(f"{json.dumps(row)}\n" for row in ROWS[:4])
    assert "data.jsonl without 2 records" in done.stderr
    flagged = mixguard("rows", "run", "--check", "MG214", "--format", "corpus")
    assert flagged.stdout == "".join(f"{json.dumps(row)}\n" for row in ROWS[4:])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--check", "MG1"], "not a check of this run"),
        (["-o", "rows.txt"], "end it in .jsonl, .csv or .parquet"),
        (["--format", "xml"], "use one of table, jsonl"),
        (["--format", "table", "-o", "x.jsonl"], "is for the terminal"),
        (["--format", "csv", "--rest"], "drop one of the two options"),
        (["--rest", "-o", "./data.jsonl"], "inputs are never overwritten"),
        (["--rest", "-o", "clean.csv"], "end the name in .jsonl"),
        (["--format", "corpus", "-o", "flagged.parquet"], "end the name in .jsonl"),
        (["--rest", "-o", "clean.jsonl.gz"], "leave .gz off the name"),
    ],
)
def test_wrong_use_of_rows_is_one_sentence(mixguard: Run, arguments: list[str], message: str) -> None:
    done = mixguard("rows", "run", *arguments)
    assert done.returncode == 2
    assert message in done.stderr


def test_diff_tells_what_changed_and_gates_on_what_is_new(mixguard: Run, folder: Path) -> None:
    same = mixguard("diff", "run", "run", "--fail-on", "new")
    assert (same.returncode, same.stdout.splitlines()[0]) == (
        0,
        "No difference: fail in both, with the same findings on the same rows.",
    )
    done = mixguard("diff", "less", "run", "-o", "diff.json", "-o", "diff.md")
    assert done.returncode == 0, done.stderr
    assert "1 new, 0 gone, 1 newly flagged" in done.stdout
    assert "data.jsonl:6: newly flagged by" in done.stdout
    assert "jim.poe" not in done.stdout + (folder / "diff.md").read_text()
    tree = json.loads((folder / "diff.json").read_text())
    assert tree["version"] == "mixguard-diff/1"
    assert tree["rows"]["new"] == 1
    shown = mixguard("diff", "less", "run", "--show-text", "-o", "diff.md")
    assert "Response: @me jim.poe@mailhost.io" in " ".join(shown.stdout.split())
    assert "\\#\\# " not in (folder / "diff.md").read_text()
    assert "@me" not in (folder / "diff.md").read_text()


def test_wrong_use_of_diff_is_one_sentence(mixguard: Run) -> None:
    assert "use never or new" in mixguard("diff", "run", "less", "--fail-on", "old").stderr
    assert "end it in one of" in mixguard("diff", "run", "less", "-o", "diff.html").stderr
