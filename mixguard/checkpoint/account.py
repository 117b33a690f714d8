"""What a comparison spent of a budget: the document."""

from __future__ import annotations

from datetime import date
from typing import Literal, TypeAlias

from mixguard.model import Model

State: TypeAlias = Literal["within", "waived", "unresolved", "overspent"]
Verdict: TypeAlias = Literal["within budget", "unresolved", "overspent"]
EXIT_CODES: dict[Verdict, int] = {"within budget": 0, "unresolved": 4, "overspent": 1}


class Entry(Model):
    """One line of the budget, with what was spent."""

    name: str
    axis: str
    hazard: str | None
    place: str
    """Where the budget has it; empty for a loss that it has no line for."""
    state: State
    max_loss: float | None = None
    allowed: float | None = None
    """The loss allowed, with a waiver if there is one."""
    loss: float | None = None
    """Fall in the share of good samples, as judged."""
    low: float | None = None
    """Lower end of the 95 % interval of the true loss; negative for a gain."""
    high: float | None = None
    smallest: float | None = None
    """Smallest loss that would be found with this many probes at risk."""
    lost: int = 0
    at_risk: int = 0
    sentence: str

    @property
    def left(self) -> float | None:
        """What may still be lost; negative if more was."""
        return None if self.allowed is None or self.loss is None else self.allowed - self.loss


class Account(Model):
    """The result of holding a comparison to a budget."""

    verdict: Verdict
    owner: str
    approved_by: str
    until: date
    entries: tuple[Entry, ...]
    notes: tuple[str, ...] = ()

    @property
    def exit_code(self) -> int:
        """1 if a line is overspent, whatever else was unseen; 4 if something could not be told; else 0."""
        return EXIT_CODES[self.verdict]

    def to_json(self) -> bytes:
        """The document as JSON."""
        return self.model_dump_json(indent=2).encode() + b"\n"


def points(share: float) -> str:
    """A share in points, e.g. `3` or `2.5`."""
    return f"{round(100 * share, 1) + 0:.1f}".removesuffix(".0")
