"""Log audits, mixes and comparisons to MLflow; see README.md."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import mlflow
from figures import Logged, of_audit, of_comparison, of_mix

import mixguard


def log_audit(audit: mixguard.Audit) -> None:
    """To the active run, under `audit`."""
    _log("audit", lambda folder: of_audit(audit, folder))


def log_mix(mix: mixguard.Mix) -> None:
    """To the active run, under `mix`."""
    _log("mix", lambda folder: of_mix(mix, folder))


def log_comparison(comparison: mixguard.Comparison) -> None:
    """To the active run, under `comparison`."""
    _log("comparison", lambda folder: of_comparison(comparison, folder))


def _log(name: str, made: Callable[[Path], Logged]) -> None:
    with TemporaryDirectory() as folder:
        logged = made(Path(folder))
        mlflow.set_tags({f"mixguard.{name}.{key}": word for key, word in logged.words.items()})
        mlflow.log_metrics({f"{name}/{key}": number for key, number in logged.numbers.items()})
        mlflow.log_artifacts(folder, artifact_path=f"mixguard/{name}")
