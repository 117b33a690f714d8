"""What a plan says, from each trainer's own file and from options."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from mixguard.checkpoint.efficacy_configs import rendered
from mixguard.errors import ConfigError
from mixguard.training.config import TrainingConfig
from mixguard.training.plan import Plan, Planned

AXOLOTL = """\
base_model: some/model
datasets:
  - path: data.jsonl
adapter: qlora
micro_batch_size: 2
gradient_accumulation_steps: 4
num_epochs: 4
learning_rate: 2e-4
warmup_steps: 0
"""
LLAMAFACTORY = """\
model_name_or_path: some/model
stage: dpo
pref_loss: orpo
finetuning_type: full
dataset: mine
per_device_train_batch_size: 1
learning_rate: 5.0e-6
warmup_ratio: 0.1
"""
SFT = '{"output_dir": "out", "packing": true, "warmup_steps": 0.05, "lr_scheduler_type": "cosine"}'
KTO = "beta: 0.1\ndesirable_weight: 1.0\nnum_train_epochs: 2\n"
TRAINING = '{\n "num_train_epochs": 5,\n "max_steps": -1,\n "per_device_train_batch_size": 16\n}'
JOB = '{"object": "fine_tuning.job",\n"hyperparameters": {"n_epochs": 6, "batch_size": "auto", "learning_rate_multiplier": 2}}'
METHOD = '{"method": {"type": "dpo", "dpo": {\n"hyperparameters": {"n_epochs": 3}}}}'


def plan(folder: Path, content: str, suffix: str = ".yml", **options: Any) -> Plan:
    file = folder / f"plan{suffix}"
    file.write_text(content)
    return Plan.of(TrainingConfig(file=file, **options))


def numbers(of: Plan) -> dict[str, float | str]:
    return {name: each.value for name, each in of.values.items() if not each.default}


def test_axolotl(tmp_path: Path) -> None:
    found = plan(tmp_path, AXOLOTL)
    assert found.trainer == "axolotl"
    assert numbers(found) == {
        "batch_size": 8, "epochs": 4, "learning_rate": 2e-4, "warmup_steps": 0, "method": "lora", "objective": "sft",
    }  # fmt: skip
    assert found.values["warmup_steps"] == Planned(0.0, "warmup_steps", f"{tmp_path}/plan.yml:9")
    assert found.values["batch_size"].option == "micro_batch_size x gradient_accumulation_steps"
    assert found.values["method"].where == f"{tmp_path}/plan.yml:4"


def test_axolotl_warms_up_where_nothing_is_said(tmp_path: Path) -> None:
    found = plan(tmp_path, "base_model: m\nmicro_batch_size: 4\nlearning_rate: 1e-5\n")
    assert (found.number("warmup_ratio"), found.number("epochs")) == (0.03, 1)
    assert found.values["warmup_ratio"].shown == "not given (0.03 by default)"
    assert found.values["warmup_ratio"].where == f"{tmp_path}/plan.yml"
    assert found.word("method") == "full"


def test_llamafactory(tmp_path: Path) -> None:
    found = plan(tmp_path, LLAMAFACTORY, ".yaml")
    assert found.trainer == "LLaMA-Factory"
    assert numbers(found) == {
        "batch_size": 1, "learning_rate": 5e-6, "warmup_ratio": 0.1, "method": "full", "objective": "orpo",
    }  # fmt: skip
    assert found.values["objective"][1:3] == ("pref_loss", f"{tmp_path}/plan.yaml:3")
    assert found.values["epochs"].shown == "not given (3 by default)"


def test_trl_takes_a_fraction_of_a_step_for_a_share(tmp_path: Path) -> None:
    found = plan(tmp_path, SFT, ".json")
    assert found.trainer == "TRL (SFT)"
    assert numbers(found) == {
        "packing": "true",
        "scheduler": "cosine",
        "warmup_ratio": 0.05,
        "objective": "sft",
    }
    assert found.number("learning_rate") == 2e-5


def test_trl_preferences(tmp_path: Path) -> None:
    found = plan(tmp_path, KTO)
    assert (found.trainer, found.word("objective")) == ("TRL (preferences)", "kto")
    assert (found.number("learning_rate"), found.number("warmup_steps")) == (1e-6, 0)


def test_transformers(tmp_path: Path) -> None:
    found = plan(tmp_path, TRAINING, ".json")
    assert (found.trainer, found.word("objective"), found.word("method")) == ("transformers", "", "")
    assert numbers(found) == {"batch_size": 16, "epochs": 5}
    assert found.values["epochs"].where == f"{tmp_path}/plan.json:2"


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (JOB, {"epochs": 6, "multiplier": 2, "objective": "sft"}),
        (METHOD, {"epochs": 3, "objective": "dpo"}),
    ],
)
def test_openai(tmp_path: Path, content: str, expected: dict[str, Any]) -> None:
    found = plan(tmp_path, content, ".json")
    assert found.trainer == "OpenAI"
    assert numbers(found) == expected
    assert found.values["epochs"].where == f"{tmp_path}/plan.json:2"


def test_an_option_overrides_the_file(tmp_path: Path) -> None:
    found = plan(tmp_path, AXOLOTL, epochs=2, warmup_ratio=0.05, method="full")
    assert found.values["epochs"] == Planned(2.0, "training.epochs", "training.epochs")
    assert (found.number("warmup_steps"), found.number("warmup_ratio"), found.word("method")) == (
        None,
        0.05,
        "full",
    )
    assert found.number("learning_rate") == 2e-4


def test_nothing_said_is_no_plan() -> None:
    assert not Plan.of(TrainingConfig()).stated
    assert not Plan.of(TrainingConfig(teacher="some/model")).stated
    assert Plan.of(TrainingConfig.model_validate({"parent": "first, second"})).parent == ("first", "second")


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("num_epochs: three", r"plan\.yml:1: num_epochs: 'three' is not a number"),
        ("num_epochs: ${EPOCHS}", r"plan\.yml:1: num_epochs: '\$\{EPOCHS\}' is not a number"),
        ("num_epochs: .nan", r"plan\.yml:1: num_epochs: '\.nan' is not a number"),
        ("num_epochs: nan", r"plan\.yml:1: num_epochs: must be from 0 to 10000"),
        ("num_epochs: 1e400", r"plan\.yml:1: num_epochs: must be from"),
        ("num_epochs: 1\nlearning_rate: -1", r"plan\.yml:2: learning_rate: must be from 0 to 10"),
        ("num_epochs: " + "9" * 5000, r"plan\.yml:1: num_epochs: must be from 0 to 10000, not '9{40}\.\.\.'"),
        ("name: x", r"plan\.yml: has no option of a known trainer"),
    ],
)
def test_a_value_that_cannot_be_is_refused_with_its_place(tmp_path: Path, line: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        plan(tmp_path, line)


def test_a_list_where_a_number_belongs_is_not_given(tmp_path: Path) -> None:
    assert plan(tmp_path, "num_epochs: [1, 2]\nlearning_rate: {a: 1}\n").values["epochs"].default


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        Plan.of(TrainingConfig(file=tmp_path / "gone.yml"))


@pytest.mark.parametrize(
    ("name", "trainer"), [("axolotl.yml.j2", "axolotl"), ("llamafactory.yaml.j2", "LLaMA-Factory")]
)
def test_the_configurations_that_we_write_are_read(tmp_path: Path, name: str, trainer: str) -> None:
    values = {
        "dose": "dose-1", "suffix": ".jsonl", "kind": "json", "messages": "messages", "role": "role", "content": "content",
        "roles": {"user": ["user"]}, "warmup": 12,
    }  # fmt: skip
    file = tmp_path / "written.yml"
    file.write_bytes(rendered(name, values))
    found = Plan.of(TrainingConfig(file=file))
    assert found.trainer == trainer
    assert numbers(found) == {
        "batch_size": 8, "epochs": 2, "learning_rate": 1e-4, "warmup_steps": 12, "scheduler": "cosine", "method": "lora",
        "objective": "sft",
    }  # fmt: skip
