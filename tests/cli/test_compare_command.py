"""`mixguard compare`: exit codes and files."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from probe_files import bad, good, write_probe
from typer.testing import CliRunner

from mixguard.checkpoint.comparison import Comparison
from mixguard.cli.app import app
from mixguard.detectors import Recipe
from mixguard.errors import UsageError


@pytest.fixture
def folder(tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mixguard.toml").write_text(f'[encode]\ncache = "{cache}"\n')
    write_probe(tmp_path / "base.probe")
    write_probe(
        tmp_path / "tuned.probe", lambda probe: bad(probe) if probe.axis == "hazardous" else good(probe)
    )
    return tmp_path


def test_a_regression_exits_with_1_and_is_written_before_it_is_printed(folder: Path) -> None:
    done = CliRunner().invoke(app, ["compare", "base.probe", "tuned.probe", "-o", "out.json", "--show-text"])
    assert done.exit_code == 1, done.output
    assert "REGRESSION" in done.output
    assert "Lost probes" in done.output
    assert Comparison.load(folder / "out.json").verdict == "regression"
    assert json.loads((folder / "out.json").read_text())["base"]["file"] == "base.probe"


def test_the_same_model_exits_with_0(folder: Path) -> None:
    write_probe(folder / "same.probe")
    assert CliRunner().invoke(app, ["compare", "base.probe", "same.probe"]).exit_code == 0


def test_a_file_is_not_compared_with_itself(folder: Path) -> None:
    done = CliRunner().invoke(app, ["compare", "base.probe", "./base.probe"])
    assert isinstance(done.exception, UsageError)
    assert "the same file" in str(done.exception)


def test_a_report_of_no_kind_is_refused_before_anything_is_judged(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Recipe, "answers", lambda _: pytest.fail("judged"))
    done = CliRunner().invoke(app, ["compare", "base.probe", "tuned.probe", "-o", "out.docx"])
    assert done.exit_code != 0
    assert "out.docx" in str(done.exception)


def test_what_is_no_comparison_is_told(folder: Path) -> None:
    (folder / "out.json").write_text('{"version": "mixguard-comparison/9"}')
    with pytest.raises(Exception, match="not a comparison that this version can read"):
        Comparison.load(folder / "out.json")
