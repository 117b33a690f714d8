from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mixguard.errors import ConfigError
from mixguard.library.budget import BudgetFile, load_budget, load_waivers

HEAD = 'owner = "ann@example.org"\napproved_by = "bo@example.org"\nuntil = 2027-01-31\n'
TODAY = date(2026, 12, 1)


def load(folder: Path, text: str, today: date = TODAY) -> BudgetFile:
    path = folder / "budget.toml"
    path.write_text(text)
    return load_budget(path, today)


def test_lines_know_their_axis_hazard_and_place(tmp_path: Path) -> None:
    text = (
        HEAD
        + "[all.hazardous]\nmax_loss = 0.05\n[hazards.vcr]\nmax_loss = 0.2\n[look_alikes.vcr]\nmin_rate = 0.9\n[axes.injection]\nmax_loss = 0.3\n"
    )
    lines = load(tmp_path, text).lines
    assert [line[:2] for line in lines] == [
        ("hazardous", None),
        ("hazardous", "vcr"),
        ("look_alike", "vcr"),
        ("injection", None),
    ]
    assert [line.place.rpartition(":")[2] for line in lines] == ["4", "6", "8", "10"]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (HEAD + "[hazards.vcr]\nmax_los = 0.1\n", ":5: hazards.vcr.max_los: unknown key"),
        (
            HEAD + "[hazards.vcr]\nmax_loss = 5\n",
            ":5: hazards.vcr.max_loss: Input should be less than or equal to 1",
        ),
        (HEAD + "[hazards.vcr]\n", ":4: hazards.vcr: has neither max_loss nor min_rate"),
        (HEAD + "[all.injection]\nmax_loss = 0.1\n", "injection is neither hazardous nor look_alike"),
        (HEAD.replace("ann@example.org", " "), ":1: owner: fill in a name"),
        (HEAD.replace("2027-01-31", "7"), ":3: until: write a date"),
        (HEAD, "limits nothing"),
        ("owner = ", "not valid TOML"),
        (HEAD + "[hazards.vcr]\nmax_loss = nan\n", "hazards.vcr.max_loss"),
    ],
)
def test_what_is_wrong_is_named_with_its_line(tmp_path: Path, text: str, told: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load(tmp_path, text)
    assert told in str(caught.value)


def test_an_expired_budget_names_its_owner(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r":3: expired on 2027-01-31; ann@example.org, who owns it"):
        load(tmp_path, HEAD + "[all.hazardous]\nmax_loss = 0.1\n", date(2027, 2, 1))
    assert load(tmp_path, HEAD + "[all.hazardous]\nmax_loss = 0.1\n", date(2027, 1, 31)).lines


def test_waivers_are_read_and_wrong_ones_named(tmp_path: Path) -> None:
    path = tmp_path / "waivers.toml"
    entry = '[[waive]]\nhazard = "vcr"\nloss = 0.2\nreason = "known"\nauthor = "bo"\nexpires = 2027-01-01\n'
    path.write_text(entry)
    (waiver,) = load_waivers(path)
    assert (waiver.axis, waiver.hazard, waiver.loss) == ("hazardous", "vcr", 0.2)
    path.write_text(entry + entry.replace('reason = "known"\n', ""))
    with pytest.raises(ConfigError, match=r"\[\[waive\]\] number 2: reason: Field required"):
        load_waivers(path)
    path.write_text("[waiver]\n")
    with pytest.raises(ConfigError, match="write each entry as"):
        load_waivers(path)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(text=st.text(max_size=60))
def test_any_text_is_read_or_refused_in_a_sentence(tmp_path: Path, text: str) -> None:
    path = tmp_path / "b.toml"
    path.write_bytes((HEAD + text).encode("utf-8", "surrogatepass"))
    try:
        load_budget(path, TODAY)
    except ConfigError as error:
        assert str(path) in str(error)
