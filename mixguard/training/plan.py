"""A training plan: each value with the place that says so."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from mixguard.errors import ConfigError
from mixguard.training.config import TrainingConfig
from mixguard.training.places import Found, read
from mixguard.training.trainers import TRAINERS, Trainer

AUTO = ("auto", "")
"""What says that the trainer chooses."""
COUNTS = ("epochs", "batch_size", "max_steps", "multiplier")
"""Parts of which -1 says the same."""
BOUNDS = {
    "epochs": (0, 1e4), "learning_rate": (0, 10), "warmup_steps": (0, 1e9), "warmup_ratio": (0, 1), "max_steps": (-1, 1e12),
    "per_device": (1, 1e9), "accumulation": (1, 1e9), "batch_size": (1, 1e9), "multiplier": (0, 1e4),
}  # fmt: skip
"""Smallest and largest value of each part that is a number."""
SAID_BY = {
    "method": ("adapter", "finetuning_type", "use_peft", "lora_r"),
    "objective": ("rl", "pref_loss", "stage", "loss_type", "desirable_weight", "method.type"),
}
"""Options that trainers have for parts that are words, the more exact first."""
OWN = ("epochs", "learning_rate", "warmup_steps", "warmup_ratio", "batch_size")
"""Parts that have an option of their own."""


class Planned(NamedTuple):
    """One value of a plan."""

    value: float | str
    option: str
    """As its place spells it."""
    where: str
    """`file:line`, or the name of our option."""
    default: bool = False
    """Whether it is what the trainer does if nothing is said."""

    @property
    def shown(self) -> str:
        """The value, and that nobody chose it if so."""
        said = f"{self.value:g}" if isinstance(self.value, float) else str(self.value)
        return f"not given ({said} by default)" if self.default else said


class Plan(NamedTuple):
    """What is known of the training; empty if nothing was said."""

    trainer: str | None = None
    """The trainer whose file was read."""
    file: str | None = None
    values: Mapping[str, Planned] = {}
    """By part: epochs, learning_rate, warmup_steps, warmup_ratio, batch_size, max_steps, scheduler, packing, multiplier, method, objective."""
    names: Mapping[str, str] = {}
    """What the trainer calls each part."""
    parent: tuple[str, ...] = ()

    @classmethod
    def of(cls, config: TrainingConfig) -> Plan:
        """The plan that options and the trainer's file state; the options win.

        Raises:
            ConfigError: the file cannot be read or is of no known trainer, or a value is not what it should be.
        """
        plan = _read(config.file) if config.file else cls()
        own = {
            name: Planned(
                value if isinstance(value, str) else float(value), f"training.{name}", f"training.{name}"
            )
            for name in (*OWN, "method", "objective")
            if (value := getattr(config, name)) is not None
        }
        values = {**plan.values, **own}
        if own.keys() & {"warmup_steps", "warmup_ratio"}:  # one replaces both
            values = {
                name: each for name, each in values.items() if not name.startswith("warmup_") or name in own
            }
        if "epochs" in own:
            values.pop("max_steps", None)
        return plan._replace(values=values, parent=config.parent)

    @property
    def stated(self) -> bool:
        """Whether anything was said that a risk could follow from."""
        return bool(self.values) or bool(self.parent)

    def number(self, name: str) -> float | None:
        """A part that is a number; None if it is not known."""
        value = self.values[name].value if name in self.values else None
        return value if isinstance(value, float) else None

    def word(self, name: str) -> str:
        """A part that is a word; empty if it is not known."""
        value = self.values[name].value if name in self.values else ""
        return value if isinstance(value, str) else ""


def _read(path: Path) -> Plan:
    found = read(path)
    trainer = next((each for each in TRAINERS if each.recognised(found)), None)
    if trainer is None:
        names = ", ".join(each.name for each in TRAINERS)
        raise ConfigError(
            f"{path}: has no option of a known trainer ({names}); say what you plan with training.epochs,"
            " training.learning_rate and training.warmup_steps instead"
        )
    values = _stated(path, trainer, found)
    given = frozenset(values)
    for name, default in trainer.defaults.items():
        spared = name.startswith("warmup_") and given & {"warmup_steps", "warmup_ratio"}
        if name not in values and not spared:
            values[name] = Planned(
                float(default), trainer.options.get(name, (name,))[0], str(path), default=True
            )
    values.update(_words(path, trainer, found))
    called = {part: spelt[0].rpartition(".")[2] for part, spelt in trainer.options.items()}
    return Plan(trainer.name, str(path), _batched(values), called)


def _stated(path: Path, trainer: Trainer, found: Mapping[str, Found]) -> dict[str, Planned]:
    """The parts that the file gives; what is left to the trainer is not among them."""
    stated = {}
    for part, names in trainer.options.items():
        name = next((name for name in names if name in found), None)
        each = found[name] if name else None
        if name is None or each is None or each.text is None or _left_open(part, each.text):
            continue
        where = f"{path}:{each.line}"
        spelt = name.rpartition(".")[2]
        value: float | str = each.text.strip().lower()
        if part in BOUNDS:
            value = _number(each.text, part, f"{where}: {spelt}")
        stated[part] = Planned(value, spelt, where)
    if 0 < (_float(stated, "warmup_steps") or 0) < 1:  # transformers 5 takes a fraction for a share
        stated["warmup_ratio"] = stated.pop("warmup_steps")
    if (_float(stated, "warmup_steps") or 0) > 0:
        stated.pop("warmup_ratio", None)
    return stated


def _left_open(part: str, text: str) -> bool:
    return text.strip().lower() in AUTO or (part in COUNTS and text.strip() == "-1")


def _float(values: Mapping[str, Planned], name: str) -> float | None:
    value = values[name].value if name in values else None
    return value if isinstance(value, float) else None


def _number(text: str, part: str, where: str) -> float:
    least, most = BOUNDS[part]
    try:
        value = float(text.replace("_", ""))
    except ValueError:
        raise ConfigError(
            f"{where}: {_cut(text)} is not a number; write one, or give training.{part}"
        ) from None
    if not (math.isfinite(value) and least <= value <= most):
        raise ConfigError(f"{where}: must be from {least:g} to {most:g}, not {_cut(text)}")
    return value


def _cut(text: str) -> str:
    return repr(text if len(text) <= 40 else f"{text[:40]}...")


def _words(path: Path, trainer: Trainer, found: Mapping[str, Found]) -> dict[str, Planned]:
    """How the file says that weights are trained, and towards what."""
    said = {"method": trainer.method(found), "objective": trainer.objective(found)}
    return {
        part: (_said_by(path, part, found) or Planned("", part, str(path)))._replace(value=value)
        for part, value in said.items()
        if value
    }


def _said_by(path: Path, part: str, found: Mapping[str, Found]) -> Planned | None:
    """The option that says a part in words, without its value."""
    name = next((name for name in SAID_BY[part] if name in found and found[name].text), None)
    return Planned("", name.rpartition(".")[2], f"{path}:{found[name].line}") if name else None


def _batched(values: dict[str, Planned]) -> dict[str, Planned]:
    """With the examples of a step, on one device, in place of the two options that make it up."""
    device, times = values.pop("per_device", None), values.pop("accumulation", None)
    if device is None or not isinstance(device.value, float):
        return values
    factor = times.value if times is not None and isinstance(times.value, float) else 1.0
    given = device if not device.default or times is None or times.default else times
    both = times is not None and not times.default
    name = f"{device.option} x {times.option}" if both and times is not None else device.option
    made = Planned(device.value * factor, name, given.where, device.default and not both)
    return {"batch_size": made, **values}
