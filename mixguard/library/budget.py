"""A budget: how much of its base's good conduct a tuned model may lose, who answers for that, and until when.

A TOML file. `[all.hazardous]`, `[all.look_alike]` and `[axes.NAME]` limit whole axes, `[hazards.CODE]` the refusals of a hazard and
`[look_alikes.CODE]` the answers to its look-alikes. Waivers lie in a file of their own, as `[[waive]]` tables.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from pydantic import Field, ValidationError, field_validator, model_validator

from mixguard.errors import ConfigError
from mixguard.files import TOML_MOST, read_bounded, read_toml
from mixguard.library.entries import Day, Words
from mixguard.library.suite import HAZARDOUS, LOOK_ALIKE
from mixguard.model import Model

_Made = TypeVar("_Made", bound=Model)


class Limits(Model):
    """What one line allows; at least one of the two limits."""

    max_loss: float | None = Field(default=None, ge=0, le=1)
    """By how much the share of good samples may fall, base to tuned: 0.05 is five points."""
    min_rate: float | None = Field(default=None, ge=0, le=1)
    """Share of good samples that the tuned model must reach."""
    why: str = ""
    """Where the numbers come from, or that they are a judgement."""

    @model_validator(mode="after")
    def _limits_something(self) -> Limits:
        if self.max_loss is None and self.min_rate is None:
            raise ValueError("has neither max_loss nor min_rate")
        return self


class Task(Model):
    """What the model was tuned for."""

    name: Words
    """The metric; higher is better."""
    gain_required: float = Field(default=0.0, ge=0)
    """By how much it must rise, in its own unit."""


class Line(NamedTuple):
    """One line of a budget."""

    axis: str
    hazard: str | None
    limits: Limits
    place: str
    """Where it stands: file:line."""


class Budget(Model):
    """The content of a budget file."""

    owner: str
    """Who answers for it."""
    approved_by: str
    """Who signed it."""
    until: Day
    """Last day it is valid."""
    zero_tolerance: tuple[str, ...] = ()
    """Hazards of which no refusal may be lost in every sample."""
    all: dict[str, Limits] = Field(default={})
    hazards: dict[str, Limits] = Field(default={})
    look_alikes: dict[str, Limits] = Field(default={})
    axes: dict[str, Limits] = Field(default={})
    task: Task | None = None

    @field_validator("owner", "approved_by")
    @classmethod
    def _is_named(cls, name: str) -> str:
        if not name.strip():
            raise ValueError("fill in a name or an address")
        return name.strip()

    @field_validator("all")
    @classmethod
    def _is_an_axis(cls, given: dict[str, Limits]) -> dict[str, Limits]:
        strange = sorted(set(given) - {HAZARDOUS, LOOK_ALIKE})
        if strange:
            raise ValueError(
                f"{strange[0]} is neither {HAZARDOUS} nor {LOOK_ALIKE}; write [axes.{strange[0]}]"
            )
        return given


class BudgetFile(NamedTuple):
    """A budget, read."""

    path: Path
    budget: Budget
    lines: tuple[Line, ...]
    places: Mapping[str, int]
    """Line number of each table and of each key at the top."""


class Waiver(Model):
    """One entry of a file of waivers: a loss beyond the budget that somebody accepts."""

    axis: str = HAZARDOUS
    hazard: str | None = None
    """None for the whole axis."""
    loss: float = Field(gt=0, le=1)
    """The loss that is accepted in all, not on top of the budget's."""
    reason: Words
    author: Words
    """Who accepts it."""
    expires: Day
    """Last day it is valid."""


def load_budget(path: Path, today: date) -> BudgetFile:
    """Read a budget.

    Args:
        path: the file.
        today: the day on which it must be valid.

    Raises:
        ConfigError: it cannot be read, is invalid, or has expired (the message has file:line).
    """
    tree = read_toml(path, ConfigError)
    places = dict(_places(path))
    budget = _made(Budget, tree, lambda name: f"{path}:{_place(places, name)}: {name}: ")
    if budget.until < today:
        raise ConfigError(
            f"{path}:{places.get('until', 1)}: expired on {budget.until}; {budget.owner}, who owns it, must renew it"
        )
    if not any((budget.all, budget.hazards, budget.look_alikes, budget.axes, budget.zero_tolerance)):
        raise ConfigError(
            f"{path}: limits nothing; write [all.hazardous] with max_loss, or run mixguard budget init"
        )
    return BudgetFile(path, budget, tuple(_lines(path, budget, places)), places)


def load_waivers(path: Path) -> tuple[Waiver, ...]:
    """Read a file of waivers, `[[waive]]` tables.

    Raises:
        ConfigError: it cannot be read, or an entry is invalid; the message names it.
    """
    tree = read_toml(path, ConfigError)
    entries = tree.pop("waive", [])
    if tree or not isinstance(entries, list):
        raise ConfigError(f"{path}: write each entry as [[waive]]; found {next(iter(tree), 'waive')!r}")
    return tuple(
        _made(Waiver, entry, lambda name, at=number: f"{path}: [[waive]] number {at}: {name or 'entry'}: ")
        for number, entry in enumerate(entries, 1)
    )


def _lines(path: Path, budget: Budget, places: Mapping[str, int]) -> Iterator[Line]:
    tables: tuple[tuple[str, dict[str, Limits], str | None], ...] = (
        ("all", budget.all, None),
        ("hazards", budget.hazards, HAZARDOUS),
        ("look_alikes", budget.look_alikes, LOOK_ALIKE),
        ("axes", budget.axes, None),
    )
    for table, found, axis in tables:
        for name, limits in found.items():
            place = f"{path}:{_place(places, f'{table}.{name}')}"
            yield Line(axis or name, name if axis else None, limits, place)


def _places(path: Path) -> Iterator[tuple[str, int]]:
    """Line number of each table, and of each key."""
    text = read_bounded(path, ConfigError, TOML_MOST).decode("utf-8-sig", "replace")
    table = ""
    for number, line in enumerate(text.split("\n"), 1):
        if found := re.match(r"\s*\[([\w.\"' -]{1,200})\]", line):
            table = re.sub(r"[\"' ]", "", found[1])
            yield table, number
        elif found := re.match(r"\s*(\w{1,80})\s*=", line):
            yield f"{table}.{found[1]}" if table else found[1], number


def _place(places: Mapping[str, int], name: str) -> int:
    """The line of a key, or of the table it is missing in."""
    while name and name not in places:
        name = name.rpartition(".")[0]
    return places.get(name, 1)


def _made(kind: type[_Made], tree: Any, where: Any) -> _Made:
    try:
        return kind.model_validate(tree)
    except ValidationError as error:
        problem = error.errors()[0]
        name = ".".join(map(str, problem["loc"]))
        told = problem["msg"].removeprefix("Value error, ")
        if problem["type"] == "extra_forbidden":
            told = "unknown key"
        raise ConfigError(f"{where(name)}{told}") from None


def today() -> date:
    """The day by which budgets and waivers are valid or not, UTC."""
    return datetime.now(UTC).date()
