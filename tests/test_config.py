from __future__ import annotations

from pathlib import Path

import pytest

from mixguard.config import Config, options
from mixguard.errors import ConfigError


def test_printed_configuration_reads_back(tmp_path: Path) -> None:
    config = Config.load(overrides=["checks.hazard_limit=0.8", "encode.model=my/model", "run.folder=a b"])
    file = tmp_path / "mixguard.toml"
    file.write_text(config.to_toml(), encoding="utf-8")
    assert Config.load(file) == config


def test_command_line_wins_over_file(tmp_path: Path) -> None:
    file = tmp_path / "mixguard.toml"
    file.write_text("[checks]\nsamples = 3\nrefusals_per_hazard = 4\n")
    config = Config.load(file, ["checks.samples=7"])
    assert (config.checks.samples, config.checks.refusals_per_hazard) == (7, 4)


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("checks.refusal_per_hazard=3", r"checks\.refusal_per_hazard: no such option"),
        ("checks.confidence=2", r"checks\.confidence"),
        ("checks", r"section\.name=value"),
    ],
)
def test_wrong_options_are_told_by_name(override: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        Config.load(overrides=[override])


def test_broken_file_is_told(tmp_path: Path) -> None:
    file = tmp_path / "mixguard.toml"
    file.write_text("[checks\n")
    with pytest.raises(ConfigError, match="not valid TOML"):
        Config.load(file)
    with pytest.raises(ConfigError, match="cannot read"):
        Config.load(tmp_path / "absent.toml")


def test_every_option_has_help() -> None:
    assert all(help_ for _, _, _, help_ in options())
