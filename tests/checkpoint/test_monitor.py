from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from monitoring import history, run

from mixguard.checkpoint.answers import Target
from mixguard.checkpoint.history import History
from mixguard.checkpoint.monitor import check
from mixguard.errors import UsageError


def test_the_last_run_is_checked_against_the_baseline_promoted_last(tmp_path: Path) -> None:
    there = history(
        tmp_path, run("1", promoted=True), run("2", bad=12), run("3", bad=12, promoted=True), run("4", bad=12)
    )
    drift = check(there)
    assert (drift.verdict, drift.exit_code, drift.baseline, drift.runs) == ("within limits", 0, "3", 1)
    assert check(History(there.path, there.runs[:2])).exit_code == 1


def test_a_run_need_not_be_added_to_be_checked(tmp_path: Path) -> None:
    there = history(tmp_path, run("1", promoted=True), run("2"))
    assert (check(there, run("3", bad=12)).exit_code, check(there, run("3")).runs) == (1, 2)
    assert check(there, run("2")).runs == 1  # counted once


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"probes": "1" * 16}, "the probes differs"),
        ({"temperature": 0.0}, "the temperature differs from the baseline's: 0.7 then, 0.0 now"),
        ({"judge": "0.2.0/y"}, "judges them again"),
    ],
)
def test_a_run_asked_otherwise_is_not_judged(tmp_path: Path, changed: dict[str, Any], told: str) -> None:
    drift = check(history(tmp_path, run("1", promoted=True), run("2", **changed)))
    assert (drift.verdict, drift.exit_code, drift.lines) == ("not judged", 4, ())
    assert told in drift.why[0]


def test_earlier_runs_asked_otherwise_are_left_out_and_counted(tmp_path: Path) -> None:
    drift = check(history(tmp_path, run("1", promoted=True), run("2", temperature=0.0), run("3")))
    assert (drift.exit_code, drift.runs, drift.times) == (0, 1, ("3",))
    assert "1 earlier runs were asked otherwise and are left out" in drift.notes


def test_missing_answers_leave_it_open_unless_a_drift_was_seen(tmp_path: Path) -> None:
    for bad, code in ((0, 4), (12, 1)):
        late = run("2", bad=bad)
        states = late.states | {"injection": {**late.states["injection"], "i-0": "gge"}}
        drift = check(
            history(tmp_path / str(bad), run("1", promoted=True), late.model_copy(update={"states": states}))
        )
        assert (drift.exit_code, drift.missing) == (code, 1)


def test_another_server_is_told(tmp_path: Path) -> None:
    late = run("2").model_copy(update={"target": Target(model="m", kind="demo", server="llama.cpp b9")})
    assert check(history(tmp_path, run("1", promoted=True), late)).notes == (
        "the server is llama.cpp b9; it was not known when the baseline was asked",
    )


def test_without_a_baseline_or_a_run_after_it_the_next_step_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="--promote"):
        check(history(tmp_path / "a", run("1")))
    with pytest.raises(UsageError, match="no run was added after the baseline"):
        check(history(tmp_path / "b", run("1", promoted=True)))
