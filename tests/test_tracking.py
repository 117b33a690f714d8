"""The tracking examples write what they say, without a network: MLflow's file store, and wandb offline."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from comparing import comparison
from conftest import REPOSITORY, chat

import mixguard

pytestmark = pytest.mark.filterwarnings("ignore")  # of the two packages
PROMPT = "Where is parcel 0 of Northwind?"


@pytest.fixture(scope="module")
def mix(cache: Path, tmp_path_factory: pytest.TempPathFactory) -> mixguard.Mix:
    folder = tmp_path_factory.mktemp("tracked")
    rows = [chat(f"Where is parcel {n} of Northwind?", "On its way.") for n in range(30)]
    tree = {"encode": {"cache": cache}, "run": {"folder": folder / "run"}}
    config = mixguard.Config.from_tree(tree, origin="test")
    return mixguard.rebalance(rows, out=folder / "mix.jsonl", config=config)


@pytest.fixture(autouse=True)
def examples(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(REPOSITORY / "examples" / "tracking"))


def expected(mix: mixguard.Mix) -> dict[str, float]:
    """Some of the numbers, by name."""
    assert mix.manifest is not None
    return {
        "audit/exchanges": 30,
        "audit/finding/MG102": next(each.count for each in mix.before.findings if each.id == "MG102"),
        "audit/hazard/vcr/prompts": mix.before.coverage[0].exchanges,
        "mix/added": len(mix.manifest.added),
        "mix/set_aside": len(mix.manifest.set_aside),
        "comparison/axis/hazardous/lost": comparison().axes[0].counts["lost"],
    }


def test_mlflow_keeps_numbers_words_and_documents(
    mix: mixguard.Mix, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")  # the small package has no database
    monkeypatch.setenv("DO_NOT_TRACK", "true")
    mlflow = pytest.importorskip("mlflow")
    mlflow.set_tracking_uri(f"file:{tmp_path / 'mlruns'}")
    from mlflow_log import log_audit, log_comparison, log_mix

    with mlflow.start_run() as run:
        log_audit(mix.before)
        log_mix(mix)
        log_comparison(comparison())
    kept = mlflow.get_run(run.info.run_id).data
    assert {name: kept.metrics[name] for name in expected(mix)} == expected(mix)
    assert kept.tags["mixguard.audit.verdict"] == mix.before.verdict == "fail"
    assert kept.tags["mixguard.comparison.verdict"] == "regression"
    written = {
        str(path.relative_to(tmp_path)).partition("artifacts/mixguard/")[2]: path for path in files(tmp_path)
    }
    assert {name for name in written if name} == {
        *("audit/report.html", "audit/audit.json", "mix/plan.json", "mix/manifest.json"),
        *("comparison/comparison.html", "comparison/comparison.json"),
    }
    assert not [name for name, path in written.items() if PROMPT in path.read_text()]


def test_wandb_keeps_them_for_a_later_sync(
    mix: mixguard.Mix, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wandb = pytest.importorskip("wandb")
    monkeypatch.setenv("WANDB_MODE", "offline")
    monkeypatch.setenv("WANDB_SILENT", "true")
    for name in ("WANDB_CACHE_DIR", "WANDB_DATA_DIR", "WANDB_CONFIG_DIR"):
        monkeypatch.setenv(name, str(tmp_path / name))
    from wandb_log import log_audit, log_comparison, log_mix

    with wandb.init(project="test", dir=str(tmp_path)) as run:
        log_audit(run, mix.before)
        log_mix(run, mix)
        log_comparison(run, comparison())
        summary = dict(run.summary)
    wandb.teardown()
    assert {name: summary[name] for name in expected(mix)} == expected(mix)
    assert summary["audit/verdict"] == "fail"
    (record,) = tmp_path.rglob("*.wandb")
    for name in ("mixguard-audit", "mixguard-mix", "mixguard-comparison", "report.html", "manifest.json"):
        assert name.encode() in record.read_bytes()
    assert not [path for path in files(tmp_path) if PROMPT.encode() in path.read_bytes()]


def files(folder: Path) -> Iterator[Path]:
    return (path for path in folder.rglob("*") if path.is_file())
