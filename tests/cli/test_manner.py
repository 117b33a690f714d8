"""One line with --quiet, the document alone with --json, three rows with --show-text, everything with -v."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any

import pytest
from commanding import Done, command
from conftest import chat, toml

from mixguard.run.document import Audit

SECRET = "break into my neighbour's house"


class Place:
    """A folder with an audited corpus."""

    def __init__(self, folder: Path, corpus: Path) -> None:
        self.folder, self.corpus = folder, corpus

    def __call__(self, *arguments: str | Path, **environment: str) -> Done:
        return command(
            self.folder,
            *arguments,
            environment={**os.environ, "COLUMNS": "100", "NO_COLOR": "1", **environment},
        )


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory, cheap: dict[str, dict[str, Any]]) -> Place:
    folder = tmp_path_factory.mktemp("manner")
    (folder / "mixguard.toml").write_text(toml(cheap))
    rows = [chat(f"Where is parcel {number}?", f"On its way, {number}.") for number in range(40)]
    rows += [chat(f"How can I {SECRET} number {number}?", "Sure, wait.") for number in range(3)]
    corpus = folder / "my data.jsonl"
    corpus.write_text("".join(json.dumps(row) + "\n" for row in rows))
    here = Place(folder, corpus)
    assert here("audit", corpus).returncode == 1
    return here


@pytest.mark.parametrize("verb", ["audit", "check", "report"])
def test_quiet_is_the_verdict_on_one_line_with_its_exit_code(place: Place, verb: str) -> None:
    named = place.corpus if verb == "audit" else "mixguard-run"
    done = place(verb, named, "--quiet", "--fail-on", "fail", "-o", "out.sarif")
    assert done.returncode == 1
    (line,) = done.stdout.splitlines()
    assert line.startswith(f"FAIL {place.corpus}: ")
    assert "wrote" not in done.stderr


@pytest.mark.parametrize("verb", ["audit", "check", "report"])
def test_json_is_the_document_alone(place: Place, verb: str, tmp_path: Path) -> None:
    named = place.corpus if verb == "audit" else "mixguard-run"
    summary = tmp_path / "summary.md"
    done = place(
        verb, named, "--json", "--fail-on", "fail", GITHUB_STEP_SUMMARY=str(summary), GITHUB_ACTIONS="true"
    )
    assert done.returncode == 1
    assert json.loads(done.stdout)["verdict"] == "fail"
    assert "::error" in done.stderr
    assert summary.read_text().startswith("## mixguard: fail")


def test_only_the_audit_itself_says_how_long_it_took(place: Place) -> None:
    took = [
        re.search(r"[0-9.]+ +s\n", done.stdout) is not None
        for done in (
            place("audit", place.corpus),
            place("check", "mixguard-run"),
            place("report", "mixguard-run"),
        )
    ]
    assert took == [True, False, False]


def test_texts_are_shown_only_if_asked_for(place: Place) -> None:
    assert not {"parcel", "neighbour"} & set(place("report", "mixguard-run").stdout.split())
    rows = [
        line
        for line in place("report", "mixguard-run", "--show-text").stdout.splitlines()
        if "  prompt " in line
    ]
    assert 1 <= len(rows) <= 3
    assert all("parcel" in line or SECRET in line for line in rows)


def test_everything_is_behind_v(place: Place) -> None:
    short, long = (place("report", "mixguard-run", *more).stdout for more in ((), ("-v",)))
    assert "Passed:" in long
    assert "Passed:" not in short
    assert len(short.splitlines()) < len(long.splitlines()) / 2


def test_a_mix_in_one_line_or_as_its_documents(place: Place) -> None:
    plan = place("rebalance", "mixguard-run", "--dry-run", "--json")
    assert json.loads(plan.stdout)["version"].startswith("mixguard-plan/")
    quiet = place("rebalance", "mixguard-run", "-o", "mix.jsonl", "-q", "--fail-on", "never")
    assert quiet.returncode == 0, quiet.stderr
    (line,) = quiet.stdout.splitlines()
    assert " mix.jsonl: " in line
    assert line.endswith("rows set aside")
    done = place("rebalance", "mixguard-run", "-o", "mix.jsonl", "--json", "--fail-on", "never")
    assert json.loads(done.stdout)["outputs"].keys() >= {"mix.jsonl"}
    shown = place("rebalance", "mixguard-run", "-o", "mix.jsonl", "--fail-on", "never").stdout
    assert "Next  mixguard verify mix.jsonl" in shown


def test_probes_and_comparisons_in_one_line(place: Place) -> None:
    for model in ("base", "tuned"):
        done = place("probe", "--demo", model, "--suite", "smoke", "-o", f"{model}.probe", "-q")
        assert done.returncode == 0, done.stderr
        (line,) = done.stdout.splitlines()
        assert line.startswith(f"WHOLE {model}.probe: ")
        assert not done.stderr
    done = place("compare", "base.probe", "tuned.probe", "-q")
    (line,) = done.stdout.splitlines()
    document = json.loads(place("compare", "base.probe", "tuned.probe", "--json").stdout)
    assert line.endswith(document["sentence"])
    assert line.startswith(document["verdict"].upper())


def test_a_run_folder_is_no_corpus_and_is_left_out_of_a_folder(place: Place, tmp_path: Path) -> None:
    done = place("audit", "mixguard-run", "--run", tmp_path / "x")
    assert done.returncode == 2
    assert "is the run folder of an earlier audit, not a corpus" in done.stderr
    inside = place("audit", ".", "--run", tmp_path / "y", "--json", "--fail-on", "never")
    assert not [name for name in json.loads(inside.stdout)["corpus"]["sources"] if "mixguard-run" in name]


def test_a_mix_with_its_own_budget_is_told_how_to_be_held_to_it(place: Place) -> None:
    done = place("rebalance", "mixguard-run", "-o", "few.jsonl", "--budget", "2", "-q", "--fail-on", "never")
    assert done.returncode == 0, done.stderr
    lines = place("audit", "few.jsonl", "--run", "few-run").stdout.splitlines()
    (said,) = [line for line in lines if line.startswith("Next")]
    assert said == "Next  mixguard check few-run --set rebalance.budget=2"
    held = place(*said.split()[2:])
    assert "MG101" not in held.stdout
    assert "MG102" not in held.stdout
    assert "Next  mixguard check" not in held.stdout


def test_the_next_command_is_one_that_is_there(place: Place) -> None:
    lines = place("report", "mixguard-run").stdout.splitlines()
    (said,) = [line for line in lines if line.startswith("Next")]
    assert said == "Next  mixguard rebalance mixguard-run -o 'my data.safe.jsonl'"
    assert Audit.load(place.folder / "mixguard-run").verdict == "fail"
