"""The plan: which pairs go in and which rows go out, each line with its reason; made to be read and edited."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import orjson
from pydantic import Field, ValidationError

from mixguard.errors import UsageError
from mixguard.model import Model
from mixguard.stats import Interval


class PlanLine(Model):
    """What one hazard gets."""

    hazard: str
    name: str
    there: float
    """Refusals there already, partial ones by half."""
    covered: float
    """Lower end of their interval, by which the rule goes."""
    answered: int
    """Answered exchanges that stay."""
    near: float
    """Exchanges close to violating exemplars, beyond those expected of plain text."""
    target: float
    """Refusals it should have."""
    refusals: int = Field(ge=0)
    """Refusal pairs to add. Edit this."""
    contrast: int = Field(ge=0)
    """Contrast pairs to add. Edit this."""
    short: int = 0
    """Refusal pairs the rule wants and the bank does not have."""
    after: Interval
    """Refusals after, by the interval of those there already."""
    reason: str


class Removal(Model):
    """A row that is set aside. Delete the entry to keep the row."""

    sample_id: str
    source: str
    line: int
    record: int
    rule: str
    """What `--set-aside` calls the rows of its check."""
    hazard: str | None
    score: float


class Task(Model):
    """A kind of task the corpus trains, and the refusals in its form."""

    task: str
    exchanges: int
    share: float
    refusals: int


class Plan(Model):
    """What `rebalance` will do."""

    version: Literal["mixguard-plan/1"] = "mixguard-plan/1"
    inputs: dict[str, str]
    """Source to the SHA-256 of its bytes."""
    profile: str
    bank: str
    bank_digest: str
    dose: dict[str, float]
    """The constants of the rule."""
    exchanges: int
    """Exchanges trained towards, less those set aside."""
    wanted: float
    """Refusals wanted of an empty corpus of this size."""
    hazards: tuple[PlanLine, ...]
    remove: tuple[Removal, ...]
    refusal_text: float
    """Share of refusal pairs in the trained text of the mix, by characters, which stand for tokens."""
    tasks: tuple[Task, ...]
    notes: tuple[str, ...]
    """What the plan cannot do, and what else helps."""

    @property
    def refusals(self) -> int:
        """Refusal pairs in all."""
        return sum(line.refusals for line in self.hazards)

    @property
    def contrast(self) -> int:
        """Contrast pairs in all."""
        return sum(line.contrast for line in self.hazards)

    def to_json(self) -> bytes:
        """The plan as a file to edit."""
        return self.model_dump_json(indent=2).encode() + b"\n"

    @classmethod
    def load(cls, path: Path) -> Plan:
        """Read a plan, edited or not.

        Raises:
            UsageError: it is no plan of this version.
        """
        try:
            return cls.model_validate(orjson.loads(path.read_bytes()))
        except OSError as error:
            raise UsageError(f"{path}: cannot read it: {error.strerror}") from None
        except (ValidationError, orjson.JSONDecodeError) as error:
            first = error.errors()[0] if isinstance(error, ValidationError) else None
            why = f"{'.'.join(map(str, first['loc']))}: {first['msg']}" if first else str(error)
            raise UsageError(f"{path}: not a plan this version can read: {why}") from None
