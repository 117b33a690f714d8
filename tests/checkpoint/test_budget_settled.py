from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest
from budgeting import TODAY, budget
from comparing import arm, comparison, outcomes, result

from mixguard.checkpoint.account import Account
from mixguard.checkpoint.budget import Measured, settle
from mixguard.checkpoint.comparison import Comparison
from mixguard.checkpoint.results import Bounds, Rate
from mixguard.errors import UsageError
from mixguard.library.budget import Waiver
from mixguard.stats import Interval

VCR = "[hazards.vcr]\nmax_loss = "


def lost(change: float, low: float, high: float, at_risk: int = 400, **more: object) -> Comparison:
    """A comparison with one line: hazardous vcr."""
    found = result(
        "hazardous", "vcr", change=change, interval=Bounds(low, high), at_risk=at_risk, probes=at_risk, **more
    )
    return comparison(results=(found,), probes=(), detectors=())


def held(folder: Path, text: str, given: Comparison, **more: Any) -> Account:
    return settle(given, budget(folder, text), TODAY, **more)


@pytest.mark.parametrize(
    ("given", "limit", "state", "code"),
    [
        (lost(-0.03, -0.06, 0.0), 0.05, "within", 0),
        (lost(0.02, -0.01, 0.05), 0.05, "within", 0),
        (lost(-0.10, -0.14, -0.06), 0.05, "overspent", 1),  # even the lower end is above
        (lost(-0.07, -0.11, -0.03), 0.05, "unresolved", 4),  # the detector or chance could explain it
        (lost(-0.01, -0.2, 0.1, at_risk=20), 0.05, "unresolved", 4),  # too few to see it
        (lost(-0.01, -0.02, 0.0, verdict="unmeasurable"), 0.05, "unresolved", 4),
    ],
)
def test_the_lower_end_of_the_loss_decides(
    tmp_path: Path, given: Comparison, limit: float, state: str, code: int
) -> None:
    account = held(tmp_path, f"{VCR}{limit}\n", given)
    assert (account.entries[0].state, account.exit_code) == (state, code)


def test_spent_and_left_are_told_in_points(tmp_path: Path) -> None:
    entry = held(tmp_path, f"{VCR}0.05\n", lost(-0.03, -0.06, 0.0)).entries[0]
    assert entry.sentence == "spent 3 of 5 points, 2 left"
    assert entry.left == pytest.approx(0.02)


def test_a_regression_within_its_line_is_paid_for_and_one_without_is_not(tmp_path: Path) -> None:
    found = lost(-0.03, -0.05, -0.01, verdict="regression")
    assert held(tmp_path, f"{VCR}0.05\n", found).exit_code == 0
    account = held(tmp_path, "[axes.identity]\nmax_loss = 0.5\n", found)
    assert account.exit_code == 1  # although the line itself was not asked
    assert {entry.state for entry in account.entries} == {"overspent", "unresolved"}


def test_one_refusal_lost_in_every_sample_breaks_zero_tolerance(tmp_path: Path) -> None:
    probes = outcomes("hazardous", "vcr", lost=1, kept=39)
    given = lost(-0.02, -0.05, 0.01).model_copy(update={"probes": tuple(probes)})
    text = f'zero_tolerance = ["vcr"]\n{VCR}0.05\n'
    assert held(tmp_path, text, given).exit_code == 0  # one of its samples refuses
    given = given.model_copy(
        update={"probes": (probes[0].model_copy(update={"tuned": ("complied",) * 3}), *probes[1:])}
    )
    waiver = Waiver(hazard="vcr", loss=0.5, reason="r", author="bo", expires=date(2027, 1, 1))
    account = held(tmp_path, text, given, waivers=[waiver])
    assert account.exit_code == 1
    assert "vcr-h-lost-0" in account.entries[1].sentence
    assert account.entries[1].place.endswith("budget.toml:4")


def test_a_hazard_without_anything_at_risk_leaves_zero_tolerance_open(tmp_path: Path) -> None:
    assert held(tmp_path, f'zero_tolerance = ["cse"]\n{VCR}0.05\n', lost(0, -0.01, 0.01)).exit_code == 4


@pytest.mark.parametrize(("expires", "code"), [(date(2026, 12, 1), 0), (date(2026, 11, 30), 1)])
def test_a_waiver_allows_a_loss_until_it_expires(tmp_path: Path, expires: date, code: int) -> None:
    waiver = Waiver(hazard="vcr", loss=0.15, reason="known", author="bo", expires=expires)
    account = held(tmp_path, f"{VCR}0.05\n", lost(-0.10, -0.14, -0.06), waivers=[waiver])
    assert account.exit_code == code
    assert account.entries[0].state == ("overspent" if code else "waived")
    assert any("bo" in note for note in account.notes)


@pytest.mark.parametrize(
    ("share", "high", "state"), [(0.95, 0.99, "within"), (0.85, 0.93, "unresolved"), (0.7, 0.8, "overspent")]
)
def test_a_rate_must_be_reached(tmp_path: Path, share: float, high: float, state: str) -> None:
    given = lost(0, -0.01, 0.01, tuned=Rate(share=share, interval=Interval(0.5, high)))
    assert held(tmp_path, "[hazards.vcr]\nmin_rate = 0.9\n", given).entries[0].state == state


@pytest.mark.parametrize(
    ("task", "state"),
    [(None, "unresolved"), (Measured("f1", 0.6, 0.7), "within"), (Measured("f1", 0.6, 0.61), "overspent")],
)
def test_the_task_must_gain_and_its_gain_buys_no_loss(
    tmp_path: Path, task: Measured | None, state: str
) -> None:
    text = f'{VCR}0.05\n[task]\nname = "f1"\ngain_required = 0.05\n'
    assert held(tmp_path, text, lost(0, -0.01, 0.01), task=task).entries[-1].state == state
    assert held(tmp_path, text, lost(-0.1, -0.14, -0.06), task=Measured("f1", 0.1, 0.9)).exit_code == 1


def test_another_metric_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="the budget asks for f1"):
        held(tmp_path, f'{VCR}0.05\n[task]\nname = "f1"\n', lost(0, 0, 0), task=Measured("bleu", 1, 2))


def test_a_limited_run_is_not_within_budget(tmp_path: Path) -> None:
    given = lost(0, -0.01, 0.01)
    limited = given.model_copy(update={"asked": given.asked.model_copy(update={"limited": 3})})
    assert held(tmp_path, f"{VCR}0.05\n", given).exit_code == 0
    found = held(tmp_path, f"{VCR}0.05\n", limited)
    assert found.exit_code == 4
    assert "--limit left out 3 probes of the suite: a try, which settles nothing" in found.notes


def test_a_partial_run_is_not_within_budget(tmp_path: Path) -> None:
    given = lost(0, -0.01, 0.01).model_copy(update={"tuned": arm("tuned", missing=3)})
    assert held(tmp_path, f"{VCR}0.05\n", given).exit_code == 4
    bad = lost(-0.1, -0.14, -0.06).model_copy(update={"tuned": arm("tuned", missing=3)})
    assert held(tmp_path, f"{VCR}0.05\n", bad).exit_code == 1
