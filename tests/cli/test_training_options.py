"""A plan and a provider, from the command line."""

from __future__ import annotations

from pathlib import Path

import pytest
from building import audited, row

from mixguard.cli import main


def run(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    monkeypatch.setattr("sys.argv", ["mixguard", *arguments])
    with pytest.raises(SystemExit) as done:
        main()
    return int(done.value.code or 0)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return audited(tmp_path / "run", [row() for _ in range(7)]).folder


def test_check_takes_a_plan_and_a_provider(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder.parent / "axolotl.yml").write_text(
        "micro_batch_size: 8\nnum_epochs: 2\nlearning_rate: 1e-5\nwarmup_steps: 0\n"
    )
    monkeypatch.chdir(folder.parent)
    options = [
        "--training-config",
        "axolotl.yml",
        "--epochs",
        "9",
        "--provider",
        "openai",
        "--fail-on",
        "never",
    ]
    assert run(monkeypatch, "check", "run", *options) == 0
    text = " ".join(capsys.readouterr().out.split())
    assert "axolotl.yml:4: warmup_steps: 0 -> 10" in text
    assert "training.epochs: 9 -> 3 or fewer" in text
    assert "OpenAI: 7 samples; it asks for at least 10 examples" in text


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--provider", "nowhere"], "no provider 'nowhere'; use one of azure, bedrock"),
        (["--epochs", "0"], "training.epochs"),
        (["--learning-rate", "nan"], "training.learning_rate"),
        (["--training-config", "gone.yml"], "gone.yml: cannot be read"),
    ],
)
def test_a_mistake_is_a_usage_error(
    folder: Path,
    options: list[str],
    told: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(folder.parent)
    assert run(monkeypatch, "check", "run", *options) == 2
    assert told in " ".join(capsys.readouterr().err.split())
