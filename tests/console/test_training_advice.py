"""The terminal names the line to change, and what to write there."""

from __future__ import annotations

from pathlib import Path

from building import audited, row
from rich.console import Console

from mixguard.config import Config
from mixguard.console.audit import render
from mixguard.run.document import Audit


def shown(audit: Audit) -> str:
    console = Console(width=120, color_system=None)
    with console.capture() as captured:
        console.print(render(audit))
    return captured.get()


def test_each_change_is_one_line(tmp_path: Path) -> None:
    file = tmp_path / "axolotl.yml"
    file.write_text("base_model: m\nmicro_batch_size: 8\nlearning_rate: 1e-5\nwarmup_steps: 0\n")
    values = {"training.file": file, "training.epochs": 9}
    text = shown(audited(tmp_path / "run", [row() for _ in range(100)], Config.load(values=values)))
    assert f"warn   {file}:4: warmup_steps: 0 -> 10\n" in "\n".join(
        line.strip() + "\n" for line in text.splitlines()
    )
    assert "training.epochs: 9 -> 3 or fewer" in text
    assert "training.epochs: training.epochs" not in text


def test_nothing_is_said_without_a_plan(tmp_path: Path) -> None:
    assert "line by line" not in shown(audited(tmp_path / "run", [row() for _ in range(100)]))
