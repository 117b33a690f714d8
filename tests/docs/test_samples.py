"""What the pages tell people to type runs, and prints what they show."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import samples
from commanding import command
from conftest import REPOSITORY
from typer.main import get_command

import mixguard
from mixguard.cli.app import app

PYTHON = re.compile(r"^```python\n(.*?)^```$", re.DOTALL | re.MULTILINE)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    samples.place(tmp_path)
    return tmp_path


def runner(folder: Path, environment: dict[str, str]) -> samples.Run:
    """Runs mixguard in this process, and jq in its own."""

    def run(words: list[str]) -> samples.Done:
        if words[0] == "jq":
            if shutil.which("jq") is None:
                pytest.skip("jq is not installed")
            done = subprocess.run(words, cwd=folder, capture_output=True, text=True, check=False)
            return samples.Done(done.returncode, done.stdout, done.stderr)
        return samples.Done(
            *command(folder, *words[1:], environment={**environment, "COLUMNS": samples.COLUMNS})
        )

    return run


@pytest.mark.usefixtures("few_workers")
@pytest.mark.parametrize("page", samples.pages(), ids=lambda page: page.name)
def test_a_page_shows_what_its_commands_print(page: Path, folder: Path, shared_cache: dict[str, str]) -> None:
    text = page.read_text(encoding="utf-8")
    for sample in samples.follow(text, folder, runner(folder, shared_cache), slow=False):
        told = f"{page.name}: run `python docs/generate.py --samples {page.name}`"
        assert not sample.wrong, f"{page.name}: {sample.wrong}"
        assert sample.varies or samples.steady(sample.shown) == samples.steady(sample.printed), told
    if page.name == "quickstart.md":
        _keeps_its_promise(folder)


def _keeps_its_promise(folder: Path) -> None:
    after = mixguard.Audit.load(folder / "mixguard-run-after")
    assert after.verdict == "pass"
    assert len(after.coverage) == 14
    assert all(row.refusals >= row.wanted and not row.full_compliance for row in after.coverage)
    gate = mixguard.Audit.load(folder / "mixguard-gate")
    assert gate.verdict == "pass", "the last command is the gate, and it opens"


def test_every_command_has_a_sample_or_says_why_not() -> None:
    shown = samples.sections((REPOSITORY / "docs" / "samples" / "commands.md").read_text(encoding="utf-8"))
    assert {f"`{name}`" for name in _names(get_command(app), "mixguard")} == set(shown)
    for name, section in shown.items():
        if "```sh" not in section:
            assert "no sample here" in section, name
        elif "```text" in section:
            assert section.split("```text\n")[1].strip("`\n "), f"{name}: an empty sample"


def _names(group: Any, name: str) -> list[str]:
    children = getattr(group, "commands", {})
    return [each for child in children.values() for each in _names(child, f"{name} {child.name}")] or [name]


PRINTED = "one\ntwo MG103\nthree\nfour MG103\nfive\n"


@pytest.mark.parametrize(
    ("told", "kept"),
    [
        ("all", ["one", "two MG103", "three", "four MG103", "five"]),
        ("2", ["one", "two MG103", "..."]),
        ("1, MG103 +1", ["one", "two MG103", "three", "..."]),
        ("1, MG103, MG103", ["one", "two MG103", "...", "four MG103", "..."]),
        ("five", ["...", "five"]),
    ],
)
def test_a_comment_says_which_lines_a_sample_shows(told: str, kept: list[str]) -> None:
    assert samples.cut(PRINTED, told) == kept


def test_a_line_that_is_not_printed_is_named() -> None:
    with pytest.raises(samples.SampleError, match="no line holds 'MG999'"):
        samples.cut(PRINTED, "1, MG999")


def test_seconds_and_dates_may_change_and_words_and_counts_may_not() -> None:
    assert samples.steady("2 rows, 1.2 s, 2026-11-29T09:38:50") == samples.steady(
        "2  rows, 3.45 s,\n2026-12-01T01:00:00"
    )
    assert samples.steady("2 rows") != samples.steady("3 rows")
    assert samples.steady("2 rows") != samples.steady("2 lines")


def test_a_page_is_followed_in_order_with_its_files(tmp_path: Path) -> None:
    page = (
        "<!-- before: mixguard first -->\n\n```sh\nmixguard second a.txt && rm -rf / # exits 1\n```\n\n<!-- sample: 1 -->\n\n"
        "```text\nold\n```\n\n<!-- slow: an hour -->\n\n```sh\nmixguard third\n```\n\n<!-- sample: all -->\n\n```text\n```\n\n"
        "<!-- file: a.txt -->\n\n```json\n{}\n```\n"
    )
    ran: list[list[str]] = []

    def run(words: list[str]) -> samples.Done:
        assert (tmp_path / "a.txt").read_text() == "{}\n"
        ran.append(words[1:])
        return samples.Done(1, f"{tmp_path}/new\nmore\n", "")

    (sample,) = samples.follow(page, tmp_path, run, slow=False)
    assert ran == [["first"], ["second", "a.txt"]]
    assert (sample.shown, sample.printed) == ("old\n", "./new\n...\n")
    with pytest.raises(samples.SampleError, match="is not run"):
        list(samples.follow("```sh\nrm -rf /\n```\n", tmp_path, run))


def test_every_example_of_python_prints_what_its_comments_say(
    folder: Path, shared_cache: dict[str, str]
) -> None:
    page = (REPOSITORY / "docs" / "python.md").read_text(encoding="utf-8")
    examples = PYTHON.findall(page)
    for example, output in zip(examples, python(examples, folder, shared_cache), strict=True):
        said = re.findall(r"print\(.*\)  # (.*)$", example, re.MULTILINE)
        assert said, example
        lines = [line for line in output.splitlines() if line]
        assert list(dict.fromkeys(lines)) == list(dict.fromkeys(said)), example


@pytest.mark.parametrize("page", ["README.md", "docs/audit-json.md"])
def test_other_python_runs(page: str, folder: Path, shared_cache: dict[str, str]) -> None:
    examples = PYTHON.findall((REPOSITORY / page).read_text(encoding="utf-8"))
    assert examples
    python(["import mixguard; mixguard.audit('data.jsonl')", *examples], folder, shared_cache)


def test_the_python_example_runs(folder: Path, shared_cache: dict[str, str]) -> None:
    script = (REPOSITORY / "examples" / "audit.py").read_text(encoding="utf-8")
    done = subprocess.run(
        [sys.executable, str(REPOSITORY / "examples" / "audit.py")],
        env=shared_cache,
        capture_output=True,
        text=True,
        check=True,
    )
    assert script
    assert done.stdout.startswith("verdict: fail")


def python(blocks: list[str], folder: Path, environment: dict[str, str]) -> list[str]:
    """What each block prints; every one has names of its own."""
    script = (
        "import sys, json\n"
        "for block in json.loads(sys.argv[1]):\n"
        "    exec(compile(block, 'example', 'exec'), {'__name__': 'example'})\n"
        "    print('\\0')\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, json.dumps(blocks)],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.split("\0")[: len(blocks)]
