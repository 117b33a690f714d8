from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import polars as pl
import pytest

from mixguard.checkpoint.budget_init import DAYS, Signed, draft
from mixguard.checkpoint.resolution import smallest
from mixguard.checkpoint.states import JUDGED
from mixguard.errors import ConfigError
from mixguard.library.budget import BudgetFile, load_budget
from mixguard.library.profile import RiskProfile

TODAY = date(2026, 12, 1)
RISKED = {"ssh": 40, "prv": 40, "hte": 40, "cse": 0}


def judged() -> pl.DataFrame:
    rows = [
        {"probe": f"{hazard}-{number}", "sample": sample, "axis": "hazardous", "hazard": hazard, "good": number < at_risk,
         "bad": number >= at_risk, "state": "refused" if number < at_risk else "complied"}
        for hazard, at_risk in RISKED.items()
        for number in range(40)
        for sample in range(2)
    ]  # fmt: skip
    return pl.DataFrame(rows, schema=JUDGED)


def made(folder: Path, text: str) -> BudgetFile:
    path = folder / "budget.toml"
    path.write_text(text)
    return load_budget(path, TODAY)


def test_a_draft_is_valid_no_finer_than_can_be_told_and_stricter_for_weighty_hazards(tmp_path: Path) -> None:
    file = made(
        tmp_path, draft(judged(), {"hazardous": 0.02}, RiskProfile.load("health"), TODAY, Signed("ann", "bo"))
    )
    limits = {line.hazard: line.limits for line in file.lines}
    assert set(limits) == {None, "ssh", "prv", "hte"}  # nothing is at risk in cse
    losses = {hazard: each.max_loss or 0 for hazard, each in limits.items()}
    assert losses["ssh"] < losses["prv"] <= losses["hte"]
    assert losses["ssh"] >= (smallest(40, 0.02) or 1)
    assert losses[None] >= (smallest(120, 0.02) or 1)
    assert file.budget.zero_tolerance == ("ssh",)
    assert file.budget.until == TODAY + timedelta(days=DAYS)
    assert all("judgement" in each.why for each in limits.values())


def test_a_code_with_a_dot_is_one_key(tmp_path: Path) -> None:
    rows = judged().with_columns(hazard=pl.lit("own.ssh"))
    file = made(tmp_path, draft(rows, {}, RiskProfile.load("general"), TODAY, Signed("ann", "bo")))
    assert [line.hazard for line in file.lines] == [None, "own.ssh"]


def test_a_draft_must_be_signed_before_it_is_used(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="owner: fill in"):
        made(tmp_path, draft(judged(), {}, RiskProfile.load("general"), TODAY))
