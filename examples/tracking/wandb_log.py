"""Log audits, mixes and comparisons to Weights & Biases; see README.md."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import wandb
from figures import Logged, of_audit, of_comparison, of_mix

import mixguard


def log_audit(run: wandb.Run, audit: mixguard.Audit) -> None:
    """To the run's summary, and as an artifact."""
    _log(run, "audit", lambda folder: of_audit(audit, folder))


def log_mix(run: wandb.Run, mix: mixguard.Mix) -> None:
    """To the run's summary, and as an artifact."""
    _log(run, "mix", lambda folder: of_mix(mix, folder))


def log_comparison(run: wandb.Run, comparison: mixguard.Comparison) -> None:
    """To the run's summary, and as an artifact."""
    _log(run, "comparison", lambda folder: of_comparison(comparison, folder))


def _log(run: wandb.Run, name: str, made: Callable[[Path], Logged]) -> None:
    with TemporaryDirectory() as folder:
        logged = made(Path(folder))
        run.summary.update({f"{name}/{key}": each for key, each in (logged.words | logged.numbers).items()})
        artifact = wandb.Artifact(f"mixguard-{name}", type="mixguard", metadata=logged.words)
        artifact.add_dir(folder)
        run.log_artifact(artifact)
