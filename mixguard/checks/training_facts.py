"""What advice on training rests on: the plan, the size of the corpus, and whether it refuses anything."""

from __future__ import annotations

from math import ceil
from typing import NamedTuple

from mixguard.checks.base import Evidence
from mixguard.checks.terms import TRAINED
from mixguard.run.findings import Severity
from mixguard.training.plan import Plan


class Facts(NamedTuple):
    """What the advice rests on."""

    plan: Plan
    exchanges: int
    """Trained towards."""
    samples: int
    small: float
    """Exchanges below which many epochs are too many."""
    bare: bool
    """Whether no answer refuses a hazardous request, in a corpus that needs it."""

    @property
    def steps(self) -> int | None:
        """Steps of the run, on one device; None if they cannot be known."""
        fixed = self.plan.number("max_steps")
        if fixed is not None and fixed > 0:
            return int(fixed)
        epochs, batch = self.plan.number("epochs"), self.plan.number("batch_size")
        if epochs is None or batch is None or self.plan.word("packing") in ("true", "yes", "on"):
            return None
        return ceil(self.samples * epochs / batch)

    @property
    def warmup(self) -> float | None:
        """Steps of warm-up; None if they cannot be known."""
        if self.plan.word("scheduler") == "constant":
            return 0
        steps, share = self.plan.number("warmup_steps"), self.plan.number("warmup_ratio")
        if steps:
            return steps
        if share:
            most = self.plan.number("warmup_most") or float("inf")
            return None if self.steps is None else min(ceil(share * self.steps), most)
        return None if steps is None and share is None else 0

    @property
    def refusing(self) -> str:
        """What makes a risk graver."""
        return (
            "; no answer here refuses a hazardous request, so nothing counters the loss" if self.bare else ""
        )

    def graver(self, severity: Severity) -> Severity:
        """The severity, raised if nothing counters the loss."""
        return "warn" if self.bare and severity == "note" else severity


def facts(evidence: Evidence) -> Facts:
    """What the advice for a corpus rests on."""
    trained = int(evidence.frame.select(TRAINED.sum()).collect().item() or 0)
    refusals = sum(row.refusals for row in evidence.coverage)
    bare = not refusals and evidence.nature == "ordinary" and any(row.wanted for row in evidence.coverage)
    small = evidence.limits["MG233"]
    return Facts(
        evidence.training,
        trained,
        evidence.corpus.samples,
        small,
        bare or (evidence.too_small and not refusals),
    )
