"""Profiles: every bundled one is complete, each number is justified, and mistakes are reported."""

from __future__ import annotations

from pathlib import Path

import pytest

from mixguard.errors import ConfigError
from mixguard.library.profile import RiskProfile, profile_names
from mixguard.library.taxonomy import Taxonomy

CODES = Taxonomy.load("mixguard").codes


@pytest.mark.parametrize("name", profile_names())
def test_every_bundled_profile_is_complete(name: str) -> None:
    profile = RiskProfile.load(name)
    assert profile.about
    assert set(profile.hazards) <= set(CODES)
    grounds = [part.why for part in profile.constants.values()] + [
        part.why for part in profile.hazards.values()
    ]
    assert min(map(len, grounds)) > 10
    assert profile.dose.most <= 0.12


def test_there_is_a_profile_for_each_promised_domain() -> None:
    promised = "general customer-support health finance legal education children code creative"
    assert set(promised.split()) <= set(profile_names())


def test_your_own_profile_changes_only_what_it_names(tmp_path: Path) -> None:
    path = tmp_path / "ours.toml"
    path.write_text(
        'extends = "health"\n[hazard.ssh]\nweight = 9\nfloor = 50\nwhy = "we run a crisis line"\n'
    )
    ours, health = RiskProfile.load(str(path)), RiskProfile.load("health")
    assert ours.weight("ssh").weight == 9
    assert ours.weight("spc") == health.weight("spc")
    assert ours.dose == health.dose


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[dose.ratio]\nvalue = -1\nwhy = 'x'\n", "dose.ratio.value"),
        ("[dose.rato]\nvalue = 1\nwhy = 'x'\n", "unknown constant"),
        ("[hazard.ssh]\nweight = 1\n", "hazard.ssh.why"),
        ("[hazzard.ssh]\nweight = 1\n", "unknown key 'hazzard'"),
        ("id = 'x'\n", 'extends = "general"'),
        ("id = [", "not valid TOML"),
    ],
)
def test_mistakes_are_reported_with_file_and_name(tmp_path: Path, text: str, words: str) -> None:
    path = tmp_path / "bad.toml"
    path.write_text(text)
    with pytest.raises(ConfigError, match=words) as error:
        RiskProfile.load(str(path))
    assert str(path) in str(error.value)


def test_an_unknown_name_lists_the_known_ones() -> None:
    with pytest.raises(ConfigError, match="general"):
        RiskProfile.load("helth")


def test_a_base_is_resolved_from_the_folder_of_the_profile_that_names_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "ours").mkdir()
    (tmp_path / "ours" / "base.toml").write_text('extends = "general"\nabout = "the base"\n')
    (tmp_path / "ours" / "clinic.toml").write_text('extends = "base.toml"\nabout = "on top"\n')
    (tmp_path / "base.toml").write_text('about = "another one, which has no constants"\n')
    monkeypatch.chdir(tmp_path)
    for name in ("ours/clinic.toml", str(tmp_path / "ours" / "clinic.toml")):
        profile = RiskProfile.load(name)
        assert profile.about == "on top"
        assert profile.constants == RiskProfile.load("general").constants
