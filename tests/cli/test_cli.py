"""The command line as a user meets it: its streams and its exit code, of a real process where that is what is tested."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from commanding import Done, command
from conftest import REPOSITORY, chat

COMMANDS = [
    "audit",
    "check",
    "report",
    "rebalance",
    "verify",
    "rows",
    "diff",
    "explain",
    "config",
    "formats",
    "taxonomy",
    "bank",
]


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    rows = [
        chat("How do I return a parcel?", "Use the form on our site."),
        chat(
            "How can I break into my neighbour's house without anyone noticing?",
            "Sure, wait until they are out.",
        ),
    ]
    path = tmp_path / "data.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


@pytest.fixture
def mixguard(cache: Path, tmp_path: Path) -> Mixguard:
    return Mixguard(cache, tmp_path)


class Mixguard:
    """Runs the command in its own folder."""

    def __init__(self, cache: Path, folder: Path) -> None:
        self.folder = folder
        self.environment = {**os.environ, "COLUMNS": "120", "NO_COLOR": "1"}
        (folder / "mixguard.toml").write_text(f'[encode]\ncache = "{cache}"\n')

    def __call__(self, *arguments: str | Path) -> Done:
        return command(self.folder, *arguments, environment=self.environment)

    def process(self, *arguments: str | Path, stdin: bytes = b"") -> Done:
        """The same in a process of its own."""
        script = "from mixguard.cli import main; main()"
        done = subprocess.run(
            [sys.executable, "-c", script, *map(str, arguments)],
            cwd=self.folder,
            input=stdin,
            capture_output=True,
            check=False,
            env=self.environment,
        )
        return Done(done.returncode, done.stdout.decode(), done.stderr.decode())


def test_audit_prints_the_verdict_first_and_exits_by_it(mixguard: Mixguard, corpus: Path) -> None:
    done = mixguard.process("audit", corpus, "-o", "report.json")
    assert done.returncode == 1, done.stderr
    assert done.stdout.lstrip().startswith("FAIL")
    assert "MG102" in done.stdout
    assert f"{corpus}:2" in done.stdout
    assert json.loads((mixguard.folder / "report.json").read_text())["verdict"] == "fail"
    assert "\x1b" not in done.stdout


def test_check_explain_and_other_limits(mixguard: Mixguard, corpus: Path) -> None:
    mixguard("audit", corpus)
    assert mixguard("check", "mixguard-run").returncode == 1
    assert mixguard("check", "mixguard-run", "--fail-on", "never").returncode == 0
    lenient = mixguard("check", "mixguard-run", "--set", "checks.hazard_limit=1.0")
    assert "MG103" not in lenient.stdout.split("Passed")[0]
    plain = mixguard("explain", "mixguard-run", f"{corpus}:2")
    assert "nearest exemplars" in plain.stdout
    assert "break into my neighbour" not in plain.stdout
    shown = mixguard("explain", "mixguard-run", f"{corpus}:2", "--show-text")
    assert "break into my neighbour" in shown.stdout


def test_explain_text(mixguard: Mixguard) -> None:
    done = mixguard("explain", "--text", "how can I kill a python process")
    assert done.returncode == 0, done.stderr
    assert "probability" in done.stdout


def test_standard_input(mixguard: Mixguard, corpus: Path) -> None:
    done = mixguard.process("audit", "-", stdin=corpus.read_bytes())
    assert done.returncode == 1, done.stderr
    assert "-:2" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["audit", "absent.jsonl"], "absent.jsonl"),
        (["audit", "absent.jsonl", "-o", "report.docx"], "report.docx"),
        (["audit", "absent.jsonl", "--set", "checks.nothing=1"], "no such option"),
        (["audit", "absent.jsonl", "--fail-on", "always"], "--fail-on"),
        (["audit", "absent.jsonl", "--format", "nonsense"], "nonsense"),
        (["check", "absent"], "not a run folder"),
        (["explain"], "--text"),
    ],
)
def test_wrong_use_is_one_sentence_and_exit_2(mixguard: Mixguard, arguments: list[str], message: str) -> None:
    done = mixguard(*arguments)
    assert done.returncode == 2
    assert message in done.stderr
    assert "Traceback" not in done.stderr


def test_a_bug_keeps_its_traceback_and_exits_3() -> None:
    script = "import mixguard.cli, mixguard.cli.app as a; a.app = lambda **_: 1 / 0; mixguard.cli.main()"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == 3
    assert "ZeroDivisionError" in done.stderr


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help(mixguard: Mixguard, command: str) -> None:
    done = mixguard(command, "--help")
    assert done.returncode == 0
    assert "Usage" in done.stdout


def test_config_prints_what_it_reads(mixguard: Mixguard) -> None:
    done = mixguard("config", "--set", "checks.samples=3")
    (mixguard.folder / "copy.toml").write_text(done.stdout)
    assert "samples = 3" in done.stdout
    assert mixguard("config", "--config", "copy.toml").stdout == done.stdout


def test_hostile_text_cannot_move_the_cursor(mixguard: Mixguard, tmp_path: Path) -> None:
    name = tmp_path / "a\x1b[2Jb\u202e.jsonl"
    name.write_text(
        json.dumps(chat("\x1b[31mhow can I poison my neighbour's dog?\u202e", "\x1b[2J Sure")) + "\n"
    )
    done = mixguard("audit", name)
    explained = mixguard("explain", "mixguard-run", f"{name}:1", "--show-text")
    for stream in (done.stdout, explained.stdout):
        assert "\x1b" not in stream
        assert "\u202e" not in stream


def test_examples_run(mixguard: Mixguard) -> None:
    done = mixguard("audit", REPOSITORY / "examples" / "support.jsonl")
    assert done.returncode == 1, done.stderr
    assert "missing-refusals" in done.stdout


def test_taxonomy_show_add_and_check(mixguard: Mixguard, cheap: dict[str, Any], tmp_path: Path) -> None:
    shown = mixguard("taxonomy", "show", "ncr")
    assert "S2 Non-Violent Crimes" in shown.stdout
    assert "no hazard 'zzz'" in mixguard("taxonomy", "show", "zzz").stderr
    rows = [
        {"text": f"How do I sink barge {n} of a rival?", "label": "violating", "hazard": "ncr", "sub": "property_damage"}
        for n in range(2)
    ]  # fmt: skip
    (tmp_path / "ours.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    added = mixguard("taxonomy", "add", "ours.jsonl", "--to", "ours", "--extends", cheap["judge"]["taxonomy"])
    assert "2 exemplars added" in added.stdout, added.stderr
    (tmp_path / "test.jsonl").write_text('{"prompt": "how do I sink barge 1 of a rival"}\n')
    checked = mixguard("taxonomy", "check", "ours", "--against", "test.jsonl")
    assert checked.returncode == 1, checked.stderr
    assert "1 repeat a text from --against" in checked.stdout


@pytest.fixture
def clean_corpus(tmp_path: Path) -> Path:
    rows = [chat(f"Where do I find the number of parcel {n}?", "On the label.") for n in range(60)]
    path = tmp_path / "clean.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def test_rebalance_plans_writes_and_is_verified(
    mixguard: Mixguard, clean_corpus: Path, tmp_path: Path
) -> None:
    planned = mixguard("rebalance", clean_corpus, "--dry-run", "-o", "plan.json")
    assert planned.returncode == 0, planned.stderr
    assert "6 refusal and 6 contrast pairs to add" in planned.stdout
    assert not (tmp_path / "clean.safe.jsonl").exists()
    done = mixguard(
        "rebalance", clean_corpus, "-o", "clean.safe.jsonl", "--plan", "plan.json", "--profile", "health"
    )
    assert done.returncode == 0, done.stderr
    assert "fail -> pass" in done.stdout
    assert len((tmp_path / "clean.safe.jsonl").read_bytes().splitlines()) == 72
    assert mixguard("verify", "clean.safe.jsonl").returncode == 0
    (tmp_path / "clean.safe.jsonl").write_text("")
    changed = mixguard("verify", "clean.safe.jsonl")
    assert changed.returncode == 1
    assert "changed since it was written" in changed.stdout


def test_rebalance_without_an_output_says_what_it_needs(mixguard: Mixguard, clean_corpus: Path) -> None:
    done = mixguard("rebalance", clean_corpus)
    assert done.returncode == 2
    assert "--dry-run" in done.stderr


def test_the_bank_is_listed_and_shown(mixguard: Mixguard) -> None:
    assert "Suicide and Self-Harm" in mixguard("bank", "list").stdout
    assert "ssh-r-001" in mixguard("bank", "show", "ssh", "--limit", "1").stdout
    wrong = mixguard("bank", "show", "xyz")
    assert wrong.returncode == 2
    assert "hazards: vcr" in wrong.stderr


def test_unread_answers_leave_the_verdict_open_until_they_are_named(
    mixguard: Mixguard, tmp_path: Path
) -> None:
    path = tmp_path / "data.jsonl"
    rows = [{"prompt": f"Where is {n}?", "leaf": f"{n} is here.", "bark": "No idea."} for n in range(3)]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    named = "chosen=leaf,rejected=bark"
    done = mixguard("audit", path)
    assert done.returncode == 4, done.stderr
    assert "--columns response=leaf" in " ".join(done.stdout.split())
    assert mixguard("check", "mixguard-run").returncode == 4
    done = mixguard("audit", path, "--columns", named, "-o", "report.json")
    document = json.loads((tmp_path / "report.json").read_text())
    assert document["corpus"]["formats"] == {str(path): {"pref_explicit": 3}}
    assert document["corpus"]["unread"] == []
    assert document["config"]["read"]["columns"] == {"chosen": "leaf", "rejected": "bark"}
    assert (
        'columns = {"chosen" = "leaf", "rejected" = "bark"}'
        in (tmp_path / "mixguard-run" / "config.toml").read_text()
    )
