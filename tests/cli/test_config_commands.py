"""A file of options to start from, and the options in force."""

from __future__ import annotations

import re
from pathlib import Path

from commanding import command

from mixguard.config import Config, changed


def test_a_file_to_start_from_changes_nothing_and_is_never_replaced(tmp_path: Path) -> None:
    done = command(tmp_path, "config", "init")
    assert done.returncode == 0
    assert "wrote mixguard.toml" in done.stdout
    file = tmp_path / "mixguard.toml"
    assert Config.load(file) == Config()
    file.write_text("[checks]\nsamples = 3\n")
    again = command(tmp_path, "config", "init")
    assert again.returncode == 2
    assert "mixguard.toml: already exists" in again.stderr
    assert file.read_text() == "[checks]\nsamples = 3\n"


def test_every_line_of_it_works_once_its_mark_is_taken_away(tmp_path: Path) -> None:
    assert command(tmp_path, "config", "init", "own.toml").returncode == 0
    text = (tmp_path / "own.toml").read_text()
    (tmp_path / "all.toml").write_text(re.sub(r"^# (\w+ = )", r"\1", text, flags=re.MULTILINE))
    effective = Config.load(tmp_path / "all.toml")
    assert effective.checks.limits == {"MG103": 10}
    moved = {name for name, _, _ in changed(effective, {})}
    assert {"checks.provider", "judge.evaluation", "training.epochs", "rebalance.voice"} <= moved


def test_a_file_to_start_from_can_be_printed(tmp_path: Path) -> None:
    done = command(tmp_path, "config", "init", "-")
    assert done.stdout.startswith("# Options of mixguard")
    assert not list(tmp_path.iterdir())


def test_config_alone_shows_as_config_show_does(tmp_path: Path) -> None:
    alone, shown = (
        command(tmp_path, "config", *more, "--set", "checks.samples=3") for more in ((), ("show",))
    )
    assert alone.stdout == shown.stdout
    assert "samples = 3" in alone.stdout
    lost = command(tmp_path, "config", "--set", "checks.samples=3", "show")
    assert lost.returncode == 2
    assert "give options after the command" in lost.stderr
