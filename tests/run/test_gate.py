"""The exit code of a run: which verdicts and kinds of findings fail it."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

import pytest
from building import answered, audited, refused, row

from mixguard.errors import ConfigError
from mixguard.run.document import Audit
from mixguard.run.findings import Kind
from mixguard.run.gate import LEVELS, check_fail_on, exit_code

CLEAN = [*[row()] * 300, *[refused()] * 20, *[refused(hazard="ncr")] * 30]
HARM = [answered()] * 40
ATTACK = [row(stance_note="turnover")] * 12
ROWS = {
    "pass": CLEAN,
    "warn": [*CLEAN, answered()],
    "harm": [*CLEAN, *HARM],
    "attack": [*CLEAN, *ATTACK],
    "harm and attack": [*CLEAN, *HARM, *ATTACK],
    "gap": [row()] * 300,
    "incomplete": [*CLEAN, *HARM],
}


@pytest.fixture(scope="module")
def audits(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Audit]:
    """One audit per corpus."""
    folder = tmp_path_factory.mktemp("gate")
    unread = {"incomplete": {"not JSON": 90}}
    return {
        name: audited(Path(folder / name), rows, quarantined=unread.get(name, {}))
        for name, rows in ROWS.items()
    }


def test_each_corpus_gets_the_verdict_it_is_named_after(audits: dict[str, Audit]) -> None:
    assert {name: (audit.verdict, audit.kinds) for name, audit in audits.items()} == {
        "pass": ("pass", ()),
        "warn": ("warn", ("harm",)),
        "harm": ("fail", ("harm",)),
        "attack": ("fail", ("attack",)),
        "harm and attack": ("fail", ("harm", "attack")),
        "gap": ("fail", ("gap",)),
        "incomplete": ("incomplete", ("reading",)),
    }


@pytest.mark.parametrize(
    ("fail_on", "failing"),
    [
        ("fail", {"harm", "attack", "harm and attack", "gap"}),
        ("warn", {"warn", "harm", "attack", "harm and attack", "gap"}),
        ("harm", {"harm", "harm and attack"}),
        ("attack", {"attack", "harm and attack"}),
        ("gap", {"gap"}),
        ("quality", set()),
        ("harm,attack", {"harm", "attack", "harm and attack"}),
        (" attack , harm ", {"harm", "attack", "harm and attack"}),
        ("harm,attack,gap,quality,reading", {"harm", "attack", "harm and attack", "gap"}),
    ],
)
def test_a_gate_fails_what_it_names_and_returns_4_if_incomplete(
    fail_on: str, failing: set[str], audits: dict[str, Audit]
) -> None:
    codes = {name: exit_code(audit, fail_on) for name, audit in audits.items()}
    assert codes.pop("incomplete") == 4
    assert {name for name, code in codes.items() if code} == failing
    assert set(codes.values()) <= {0, 1}


def test_never_returns_0_for_every_run(audits: dict[str, Audit]) -> None:
    assert {exit_code(audit, "never") for audit in audits.values()} == {0}


def test_the_default_gate_matches_the_document(audits: dict[str, Audit]) -> None:
    for audit in audits.values():
        assert exit_code(audit) == exit_code(audit, "fail") == audit.exit_code


@pytest.mark.parametrize(
    ("fail_on", "strange"),
    [("hamr", "hamr"), ("harm,atack", "atack"), ("harm,", ""), ("", ""), ("fail,harm", "fail"), ("Harm", "Harm")],
)  # fmt: skip
def test_an_invalid_gate_is_refused_and_valid_ones_are_listed(
    fail_on: str, strange: str, audits: dict[str, Audit]
) -> None:
    with pytest.raises(ConfigError) as refusal:
        check_fail_on(fail_on)
    message = str(refusal.value)
    assert f"{strange!r} is neither a level nor a kind" in message
    assert all(word in message for word in (*LEVELS, *get_args(Kind)))
    with pytest.raises(ConfigError):
        exit_code(audits["pass"], fail_on)


@pytest.mark.parametrize("fail_on", [*LEVELS, *get_args(Kind), "harm, gap"])
def test_every_valid_gate_passes_the_early_check(fail_on: str) -> None:
    check_fail_on(fail_on)
