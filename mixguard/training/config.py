"""The options that say how a model will be trained."""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypeAlias

from pydantic import BeforeValidator, Field

from mixguard.model import MaybePath, Model

Method: TypeAlias = Literal["full", "lora"]
Objective: TypeAlias = Literal["sft", "dpo", "ipo", "orpo", "kto", "simpo", "rl"]
STEPS_MOST = 10**9


def _names(given: Any) -> Any:
    """Names from `first, second`."""
    if not isinstance(given, str):
        return given
    given.encode()  # one that is not UTF-8 cannot be written to a report; the error is a ValueError
    return tuple(name.strip() for name in given.split(",") if name.strip())


class TrainingConfig(Model):
    """How the model will be trained on the corpus. Nothing here changes how exchanges are judged."""

    file: MaybePath = None
    """The trainer's own configuration, which is read for its options: axolotl, LLaMA-Factory, TRL or transformers (YAML or JSON), or an OpenAI fine-tuning job (JSON). Options below override it."""
    epochs: float | None = Field(default=None, gt=0, le=10**4)
    """Passes over the corpus."""
    learning_rate: float | None = Field(default=None, gt=0, le=10)
    """Highest learning rate."""
    warmup_steps: int | None = Field(default=None, ge=0, le=STEPS_MOST)
    """Steps in which the learning rate rises."""
    warmup_ratio: float | None = Field(default=None, ge=0, le=1)
    """The same as a share of all steps."""
    batch_size: int | None = Field(default=None, ge=1, le=STEPS_MOST)
    """Examples per step, over all devices and accumulation."""
    method: Method | None = None
    """Whether all weights are trained or an adapter."""
    objective: Objective | None = None
    """What training maximises."""
    parent: Annotated[tuple[str, ...], BeforeValidator(_names)] = ()
    """Earlier fine-tunes of the checkpoint, oldest first, as `first, second`."""
    teacher: str | None = None
    """The model that wrote the answers, or who did."""
