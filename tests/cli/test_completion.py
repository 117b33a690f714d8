"""A shell completes commands, and the values of options that are names; help says defaults as they are."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from commanding import command


@pytest.mark.parametrize(
    ("typed", "completed"),
    [
        ("rebal", ["rebalance"]),
        ("audit --fail-on h", ["harm"]),
        ("audit --format alp", ["alpaca", "alpaca_text"]),
        ("audit --provider op", ["openai"]),
        ("audit --set judge.tax", ["judge.taxonomy="]),
        ("rebalance --profile gen", ["general"]),
        ("rebalance --voice llama-3", ["llama-3"]),
        ("audit --qui", ["--quiet"]),
    ],
)
def test_a_shell_completes(tmp_path: Path, typed: str, completed: list[str]) -> None:
    words = f"mixguard {typed}"
    asked = {
        "COMP_WORDS": words,
        "COMP_CWORD": str(len(words.split()) - 1),
        "_MIXGUARD_COMPLETE": "complete_bash",
    }
    assert command(tmp_path, environment={**os.environ, **asked}).stdout.split() == completed


def test_the_script_is_shown_for_a_shell(tmp_path: Path) -> None:
    done = command(tmp_path, environment={**os.environ, "_MIXGUARD_COMPLETE": "source_bash"})
    assert done.returncode == 0
    assert "_mixguard_completion" in done.stdout


def test_defaults_are_shown_without_parentheses(tmp_path: Path) -> None:
    shown = command(tmp_path, "rebalance", "--help", environment={**os.environ, "COLUMNS": "200"}).stdout
    assert "[default: general]" in shown
    assert "[default: (" not in shown
