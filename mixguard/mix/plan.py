"""The plan: which pairs are added and which rows are set aside, with reasons; meant to be read and edited."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import orjson
from pydantic import Field, ValidationError

from mixguard.errors import UsageError
from mixguard.files import read_bounded
from mixguard.model import Model
from mixguard.stats import Interval

PAIRS_MOST, COUNT_MOST = 10**6, 2**53
"""Pairs that a plan may ask for per hazard; the largest number of anything."""


class PlanLine(Model):
    """What one hazard gets."""

    hazard: str
    name: str
    there: float
    """Existing refusals, partial ones count half."""
    covered: float
    """Lower end of their interval, which the rule uses."""
    answered: int = Field(ge=0, le=COUNT_MOST)
    """Answered exchanges that are kept."""
    near: float
    """Exchanges close to violating exemplars, beyond those expected from plain text."""
    target: float
    """Refusals the rule aims for, before rounding and caps."""
    wanted: int = Field(ge=0, le=COUNT_MOST)
    """Refusals wanted, existing ones included: the number an audit reports."""
    refusals: int = Field(ge=0, le=PAIRS_MOST)
    """Refusal pairs to add. Edit this."""
    contrast: int = Field(ge=0, le=PAIRS_MOST)
    """Contrast pairs to add. Edit this."""
    short: int = Field(default=0, ge=0, le=COUNT_MOST)
    """Refusal pairs the rule asks for but the bank does not have."""
    after: Interval
    """Refusals afterwards: the interval of the existing ones, plus those added."""
    reason: str


class Removal(Model):
    """A row to set aside. Delete the entry to keep the row."""

    sample_id: str
    source: str
    line: int = Field(ge=0, le=COUNT_MOST)
    record: int = Field(ge=0, le=COUNT_MOST)
    rule: str
    """The `--set-aside` rule that selects it, or `reviewed` if the set-aside file does."""
    hazard: str | None
    score: float
    """Hazard probability; 0 if it was not judged."""
    reason: str | None = None
    """What the reviewer gave as the reason, if there was one."""


class Task(Model):
    """A kind of task in the corpus, and how many of its exchanges are refusals."""

    task: str
    exchanges: int = Field(ge=0, le=COUNT_MOST)
    share: float = Field(ge=0, le=1)
    refusals: int = Field(ge=0, le=COUNT_MOST)


class VoiceUsed(Model):
    """The voice in which a mix's refusals open."""

    id: str
    name: str
    lent: bool = False
    """Whether it was learned from the corpus's own refusals."""
    openings: int = Field(ge=0, le=COUNT_MOST)
    refuses: float | None
    """Share of hazardous prompts that the model refused when it was learned; None if not measured."""


class Plan(Model):
    """What `rebalance` will do."""

    version: Literal["mixguard-plan/2"] = "mixguard-plan/2"
    inputs: dict[str, str]
    """SHA-256 of each source."""
    profile: str
    bank: str
    bank_digest: str
    dose: dict[str, float]
    """Constants of the rule."""
    exchanges: int = Field(ge=0, le=COUNT_MOST)
    """Exchanges trained towards, without those set aside."""
    wanted: float
    """Refusals wanted for a corpus of this size that has none."""
    hazards: tuple[PlanLine, ...]
    remove: tuple[Removal, ...]
    refusal_text: float
    """Refusal pairs' share of the trained text, in characters as a proxy for tokens."""
    tasks: tuple[Task, ...]
    voice: VoiceUsed | None = None
    """How the refusals will open; None if as the bank has them."""
    notes: tuple[str, ...]
    """What the plan cannot do, and what else helps."""

    @property
    def refusals(self) -> int:
        """Total refusal pairs."""
        return sum(line.refusals for line in self.hazards)

    @property
    def contrast(self) -> int:
        """Total contrast pairs."""
        return sum(line.contrast for line in self.hazards)

    def to_json(self) -> bytes:
        """The plan as a file to edit."""
        return self.model_dump_json(indent=2).encode() + b"\n"

    @classmethod
    def load(cls, path: Path) -> Plan:
        """Read a plan, edited or not.

        Raises:
            UsageError: it is not a plan this version can read.
        """
        try:
            return cls.model_validate(orjson.loads(read_bounded(path, UsageError)))
        except (ValidationError, orjson.JSONDecodeError) as error:
            first = error.errors()[0] if isinstance(error, ValidationError) else None
            why = f"{'.'.join(map(str, first['loc']))}: {first['msg']}" if first else str(error)
            raise UsageError(f"{path}: not a plan this version can read: {why}") from None
