"""What trainers call the options of a training plan, and what they do where one is not given."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

from mixguard.training.places import Found

Values = Mapping[str, Found]
Text = str | None


class Trainer(NamedTuple):
    """A trainer's names and defaults for each part of a plan."""

    name: str
    recognised: Callable[[Values], bool]
    options: Mapping[str, tuple[str, ...]]
    """Its names of each part; the first that is given counts."""
    defaults: Mapping[str, float]
    """Its documented values of parts that are not given."""
    source: str
    """Where the defaults are documented."""
    method: Callable[[Values], Text] = lambda _: None
    objective: Callable[[Values], Text] = lambda _: None
    advised: Mapping[str, str] = {}
    """What it calls a part that was not given, for advice; other names are the first of `options`."""


def text(values: Values, name: str) -> str:
    """A value in lower case; empty if it is not given."""
    found = values.get(name)
    return (found.text or "").strip().lower() if found else ""


def _any(*names: str) -> Callable[[Values], bool]:
    return lambda values: any(name in values for name in names)


OBJECTIVES = {
    "sft": "sft", "pt": "sft", "dpo": "dpo", "sigmoid": "dpo", "hinge": "dpo", "ipo": "ipo", "orpo": "orpo", "kto": "kto",
    "simpo": "simpo", "ppo": "rl", "grpo": "rl", "gdpo": "rl",
}  # fmt: skip
_SFT = (
    "packing",
    "assistant_only_loss",
    "completion_only_loss",
    "dataset_text_field",
    "max_seq_length",
    "neftune_noise_alpha",
)
_PREFERENCE = (
    "beta",
    "precompute_ref_log_probs",
    "rpo_alpha",
    "ref_model_sync_steps",
    "desirable_weight",
    "max_prompt_length",
)


def _axolotl_method(values: Values) -> Text:
    return "lora" if text(values, "adapter") in ("lora", "qlora") else "full"


def _axolotl_objective(values: Values) -> Text:
    given = text(values, "rl")
    return OBJECTIVES.get(given) if given else "sft"


def _llamafactory_method(values: Values) -> Text:
    return "lora" if text(values, "finetuning_type") in ("", "lora", "oft") else "full"


def _llamafactory_objective(values: Values) -> Text:
    stage = text(values, "stage") or "sft"
    return OBJECTIVES.get(text(values, "pref_loss") or stage) if stage == "dpo" else OBJECTIVES.get(stage)


def _trl_method(values: Values) -> Text:
    lora = text(values, "use_peft") in ("true", "yes", "on") or any(
        name in values for name in ("lora_r", "peft_config")
    )
    return "lora" if lora else None


def _preference(values: Values) -> Text:
    return "kto" if "desirable_weight" in values else OBJECTIVES.get(text(values, "loss_type"))


def _openai_objective(values: Values) -> Text:
    kind = text(values, "method.type")
    return {"": "sft", "supervised": "sft", "dpo": "dpo", "reinforcement": "rl"}.get(kind)


_HF = {
    "epochs": ("num_train_epochs",),
    "learning_rate": ("learning_rate",),
    "warmup_steps": ("warmup_steps",),
    "warmup_ratio": ("warmup_ratio",),
    "max_steps": ("max_steps",),
    "scheduler": ("lr_scheduler_type",),
    "packing": ("packing",),
    "per_device": ("per_device_train_batch_size",),
    "accumulation": ("gradient_accumulation_steps",),
}
_HF_DEFAULTS = {
    "epochs": 3.0, "learning_rate": 5e-5, "warmup_steps": 0, "warmup_ratio": 0.0, "per_device": 8, "accumulation": 1,
}  # fmt: skip
_HF_SOURCE = "huggingface/transformers src/transformers/training_args.py"


def _job(*names: str) -> tuple[str, ...]:
    """Where a fine-tuning job has a hyperparameter."""
    places = ("", "hyperparameters.", "method.supervised.hyperparameters.", "method.dpo.hyperparameters.")
    return tuple(f"{place}{name}" for name in names for place in places)


TRAINERS: tuple[Trainer, ...] = (
    Trainer(
        name="axolotl",
        recognised=lambda values: (
            _any("micro_batch_size", "num_epochs")(values) or {"base_model", "datasets"} <= values.keys()
        ),
        options={
            **_HF,
            "epochs": ("num_epochs",),
            "scheduler": ("lr_scheduler",),
            "packing": ("sample_packing",),
            "per_device": ("micro_batch_size",),
        },
        # It has no learning rate of its own; without a warm-up it takes 3 % of the steps, at most 100.
        defaults={
            "epochs": 1.0,
            "warmup_ratio": 0.03,
            "warmup_most": 100,
            "per_device": 1,
            "accumulation": 1,
        },
        source="axolotl-ai-cloud/axolotl src/axolotl/core/builders/base.py and utils/schemas/training.py",
        method=_axolotl_method,
        objective=_axolotl_objective,
    ),
    Trainer(
        name="LLaMA-Factory",
        recognised=lambda values: (
            _any("finetuning_type", "cutoff_len")(values) or {"stage", "dataset"} <= values.keys()
        ),
        options=_HF,
        defaults=_HF_DEFAULTS,
        source=f"{_HF_SOURCE}, which it inherits; hiyouga/LLaMA-Factory src/llamafactory/hparams/finetuning_args.py",
        method=_llamafactory_method,
        objective=_llamafactory_objective,
    ),
    Trainer(
        name="OpenAI",
        recognised=lambda values: (
            text(values, "object") == "fine_tuning.job"
            or _any("n_epochs", "hyperparameters", "learning_rate_multiplier", "method.type")(values)
        ),
        options={
            "epochs": _job("n_epochs"),
            "batch_size": _job("batch_size"),
            "multiplier": _job("learning_rate_multiplier"),
        },
        defaults={},
        source="platform.openai.com/docs/api-reference/fine-tuning: what is not given is `auto`",
        objective=_openai_objective,
    ),
    Trainer(
        name="TRL (SFT)",
        recognised=lambda values: _any(*_SFT)(values) and _any(*_HF)(values),
        options=_HF,
        defaults={**_HF_DEFAULTS, "learning_rate": 2e-5},
        source=f"huggingface/trl trl/trainer/sft_config.py; {_HF_SOURCE}",
        method=_trl_method,
        objective=lambda _: "sft",
    ),
    Trainer(
        name="TRL (preferences)",
        recognised=_any(*_PREFERENCE),
        options=_HF,
        defaults={**_HF_DEFAULTS, "learning_rate": 1e-6},
        source=f"huggingface/trl trl/trainer/dpo_config.py and kto_config.py; {_HF_SOURCE}",
        method=_trl_method,
        objective=_preference,
    ),
    Trainer(
        name="transformers",
        recognised=_any(*(name for names in _HF.values() for name in names)),
        options=_HF,
        defaults=_HF_DEFAULTS,
        source=_HF_SOURCE,
        method=_trl_method,
    ),
)
"""In the order they are tried: a later one knows names of an earlier."""
