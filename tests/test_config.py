from __future__ import annotations

from pathlib import Path

import pytest

from mixguard.catalogue import LIMITS
from mixguard.config import Config, changed, options, parsed
from mixguard.errors import ConfigError


def test_a_printed_configuration_can_be_loaded(tmp_path: Path) -> None:
    config = Config.load(
        values=parsed(["checks.hazard_limit=0.8", "encode.model=my/model", "run.folder=a b"])
    )
    file = tmp_path / "mixguard.toml"
    file.write_text(config.to_toml(), encoding="utf-8")
    assert Config.load(file) == config


def test_the_command_line_overrides_the_file(tmp_path: Path) -> None:
    file = tmp_path / "mixguard.toml"
    file.write_text("[checks]\nsamples = 3\nbenign_below = 0.4\n")
    config = Config.load(file, {"checks.samples": 7})
    assert (config.checks.samples, config.checks.benign_below) == (7, 0.4)


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("checks.refusal_per_hazard=3", r"checks\.refusal_per_hazard: no such option"),
        ("checks.confidence=2", r"checks\.confidence"),
        ("checks", r"section\.name=value"),
    ],
)
def test_invalid_options_are_reported_by_name(override: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        Config.load(values=parsed([override]))


def test_a_broken_file_is_reported(tmp_path: Path) -> None:
    file = tmp_path / "mixguard.toml"
    file.write_text("[checks\n")
    with pytest.raises(ConfigError, match="not valid TOML"):
        Config.load(file)
    with pytest.raises(ConfigError, match="cannot be read"):
        Config.load(tmp_path / "absent.toml")


def test_every_option_has_help() -> None:
    assert all(help_ for _, _, _, help_ in options())


@pytest.mark.parametrize("name", ["checks.baseline", "checks.allow", "run.folder", "encode.cache"])
def test_an_empty_path_unsets_an_option(name: str, tmp_path: Path) -> None:
    file = tmp_path / "mixguard.toml"
    section, _, key = name.partition(".")
    file.write_text(f'[{section}]\n{key} = "gone"\n')
    assert Config.load(file).value(name) == Path("gone")
    assert Config.load(file, parsed([f"{name}="])).value(name) is None
    assert Config.load(file).replace(parsed([f'{name}=""'])).value(name) is None
    assert Config.load(file, parsed([f"{name}=."])).value(name) == Path()


def test_changed_options_differ_from_their_default() -> None:
    config = Config.load(values=parsed(["checks.samples=7", "checks.confidence=0.95", "run.folder=a"]))
    assert changed(config, {}) == [("checks.samples", 7, 100), ("run.folder", Path("a"), None)]
    assert changed(Config(), {}) == []


def test_changed_limits_are_listed_by_check() -> None:
    config = Config.load(values={"checks.limits.MG103": 5, "checks.limits.MG201": 0.01})
    assert changed(config, {"MG103": 10.0, "MG201": 0.01}) == [("checks.limits.MG103", 5.0, 10.0)]


def test_printed_limits_have_help_and_can_be_loaded(tmp_path: Path) -> None:
    file = tmp_path / "mixguard.toml"
    config = Config.load(values={"checks.limits.MG103": 5})
    file.write_text(config.to_toml(LIMITS), encoding="utf-8")
    assert Config.load(file) == config
    assert "\n# MG201 = 0.01\n" in file.read_text(encoding="utf-8")


@pytest.mark.parametrize("text", ["2026", "1e3", "true", "0x1f", '"2026"', "2026-01-31"])
def test_text_options_stay_text(text: str) -> None:
    config = Config.load(values=parsed([f"rebalance.bank={text}", f"run.folder={text}"]))
    assert config.rebalance.bank == text.strip('"')
    assert config.run.folder == Path(text.strip('"'))
