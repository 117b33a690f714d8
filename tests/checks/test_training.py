"""MG233: what is wrong with a training plan for a corpus, and the lines to change."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from building import audited, evidence, found, refused, row

from mixguard.checks.base import Evidence
from mixguard.checks.training import advice
from mixguard.config import Config
from mixguard.run.findings import Advice


def of(
    rows: int, refusals: int = 0, content: str = "", folder: Path | None = None, **options: Any
) -> Evidence:
    """A corpus of so many answers, and a plan."""
    values = {f"training.{name}": value for name, value in options.items()}
    if folder is not None:
        (folder / "plan.yml").write_text(content)
        values["training.file"] = folder / "plan.yml"
    rows_ = [row() for _ in range(rows)] + [
        refused(hazard=("vcr", "ncr")[number % 2]) for number in range(refusals)
    ]
    return evidence(rows_, Config.load(values=values))


def one(given: Evidence) -> Advice:
    (only,) = advice(given)
    return only


def test_nothing_is_said_without_a_plan() -> None:
    given = of(100)
    finding = found(given, "MG233")
    assert (finding.severity, finding.count, advice(given)) == ("pass", 0, ())
    assert finding.message.startswith("not measured: give --epochs")


def test_a_sound_plan_passes() -> None:
    finding = found(of(1000, 200, epochs=2, batch_size=16, warmup_steps=10, learning_rate=1e-5), "MG233")
    assert finding.severity == "pass"
    assert (
        finding.message
        == "training plan: 2 epochs, 150 steps, a learning rate of 1e-05 for 1,200 exchanges; nothing to change"
    )


def test_no_warm_up_names_the_line_and_what_to_write(tmp_path: Path) -> None:
    content = "micro_batch_size: 4\ngradient_accumulation_steps: 4\nlearning_rate: 1e-5\n\nwarmup_steps: 0\n"
    only = one(of(16_000, 600, content, tmp_path))
    assert (only.severity, only.option, only.now, only.better) == ("warn", "warmup_steps", "0", "32")
    assert only.where == f"{tmp_path}/plan.yml:5"
    assert "23.4 to 3.8 % (SAMSum)" in only.why


def test_a_trainers_default_is_named_as_one(tmp_path: Path) -> None:
    only = one(of(1000, 200, "num_train_epochs: 2\nlearning_rate: 1e-5\n", tmp_path))
    assert (only.option, only.now, only.better) == ("warmup_steps", "not given (0 by default)", "10")
    assert only.where == f"{tmp_path}/plan.yml"


@pytest.mark.parametrize(
    ("warmup", "expected"),
    [
        ({"warmup_steps": 0}, [("warn", "no warm-up")]),
        ({"warmup_steps": 9}, [("note", "9 warm-up steps")]),
        ({"warmup_steps": 10}, []),
        ({"warmup_ratio": 0.0}, [("warn", "no warm-up")]),
        ({"warmup_ratio": 0.01}, [("note", "2 warm-up steps")]),
        ({"warmup_ratio": 0.1}, []),
        ({"warmup_steps": 100}, [("note", "100 warm-up steps of 150 in all")]),
        ({}, []),
    ],
)
def test_warm_up(warmup: dict[str, Any], expected: list[tuple[str, str]]) -> None:
    given = of(1000, 200, epochs=1, batch_size=8, **warmup)
    assert [(each.severity, each.found) for each in advice(given)] == expected


def test_a_constant_schedule_does_not_warm_up(tmp_path: Path) -> None:
    content = "num_train_epochs: 1\nlearning_rate: 1e-5\nwarmup_steps: 50\nlr_scheduler_type: constant\n"
    only = one(of(1000, 200, content, tmp_path))
    assert (only.option, only.now) == ("lr_scheduler_type", "constant")
    assert only.better == "constant_with_warmup, and 10 warm-up steps"
    assert only.where.endswith("plan.yml:4")


@pytest.mark.parametrize(
    ("rows", "epochs", "severity"), [(400, 4, "warn"), (400, 3, "pass"), (800, 4, "pass")]
)
def test_many_epochs_over_few_rows(rows: int, epochs: float, severity: str) -> None:
    finding = found(of(rows, 40, epochs=epochs, warmup_steps=10), "MG233")
    assert finding.severity == severity
    assert (f"4 epochs over {rows + 40} exchanges" in finding.message) is (severity == "warn")


def test_the_number_of_few_rows_is_a_limit() -> None:
    rows = [row() for _ in range(90)] + [refused() for _ in range(10)]
    values = {"training.epochs": 9, "training.warmup_steps": 10, "checks.limits.MG233": 50}
    assert found(evidence(rows, Config.load(values=values)), "MG233").severity == "pass"


@pytest.mark.parametrize(
    ("method", "rate", "better"),
    [
        ("full", 1e-4, "5e-05"),
        ("full", 5e-5, None),
        ("lora", 3e-4, None),
        ("lora", 4e-4, "0.0003"),
        (None, 4e-4, "0.0003"),
    ],
)
def test_a_high_learning_rate(method: str | None, rate: float, better: str | None) -> None:
    found_ = advice(of(1000, 200, method=method, learning_rate=rate))
    assert [each.better.split()[0] for each in found_] == ([better] if better else [])
    assert [each.severity for each in found_] == (["note"] if better else [])


def test_a_corpus_without_refusals_makes_it_graver() -> None:
    bare, covered = of(1000, learning_rate=1e-3), of(1000, 200, learning_rate=1e-3)
    assert (one(bare).severity, one(covered).severity) == ("warn", "note")
    assert "no answer here refuses a hazardous request" in found(bare, "MG233").message
    assert "no answer here" not in found(covered, "MG233").message


def test_small_batches_preferences_and_earlier_fine_tunes_are_notes() -> None:
    given = of(1000, 200, batch_size=2, objective="dpo", parent=("first", "second"))
    assert [(each.severity, each.found) for each in advice(given)] == [
        ("note", "2 examples per step"),
        ("note", "dpo as the objective"),
        ("note", "2 earlier fine-tunes"),
    ]


def test_packed_rows_make_the_number_of_steps_unknown(tmp_path: Path) -> None:
    content = (
        "sample_packing: true\nnum_epochs: 1\nmicro_batch_size: 8\nlearning_rate: 1e-5\nwarmup_ratio: 0.1\n"
    )
    finding = found(of(1000, 200, content, tmp_path), "MG233")
    assert (finding.severity, "steps" in finding.message) == ("pass", False)


def test_fixed_steps_count_instead_of_epochs(tmp_path: Path) -> None:
    content = "max_steps: 40\nlearning_rate: 1e-5\nwarmup_ratio: 0.5\n"
    assert "40 steps" in found(of(1000, 200, content, tmp_path), "MG233").message


def test_a_hosted_job_is_told_that_its_warm_up_is_not_its_own(tmp_path: Path) -> None:
    only = one(of(1000, 200, '{"hyperparameters": {"n_epochs": 2}}', tmp_path))
    assert (only.severity, only.now) == ("note", "not yours to set")


def test_no_success_rate_is_predicted() -> None:
    finding = found(of(50, epochs=10, warmup_steps=0, learning_rate=1e-2), "MG233")
    assert "%" not in finding.message


def test_the_audit_keeps_the_advice(tmp_path: Path) -> None:
    audit = audited(
        tmp_path / "run", [row() for _ in range(100)], Config.load(values={"training.warmup_steps": 0})
    )
    assert [each.option for each in audit.training_advice] == ["training.warmup_steps"]
    assert b'"training_advice"' in audit.to_json()
