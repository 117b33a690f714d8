"""What a check is given, and what it finds."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol

import polars as pl

from mixguard.config import CheckConfig
from mixguard.run.findings import Allowed, CorpusSummary, Finding, SampleRef, Severity
from mixguard.run.provenance import Detectors
from mixguard.stats import Interval


class TrainerRule(Protocol):
    """What a trainer is known to do with some samples."""

    @property
    def id(self) -> str:
        """Stable name of the rule."""
        ...

    @property
    def trainer(self) -> str:
        """Whose rule it is."""
        ...

    @property
    def severity(self) -> Literal["warn", "note"]:
        """How grave a tripped rule is."""
        ...

    @property
    def why(self) -> str:
        """What the trainer does."""
        ...

    @property
    def remedy(self) -> str:
        """What to do about it."""
        ...

    @property
    def source(self) -> str:
        """Where that is known from."""
        ...


@dataclass(frozen=True)
class Evidence:
    """All that checks may look at."""

    frame: pl.LazyFrame
    """The annotations, with the columns that `marked` adds."""
    corpus: CorpusSummary
    detectors: Detectors
    config: CheckConfig
    quarantine_max: float
    rules: Sequence[TrainerRule]
    allowed: Sequence[Allowed] = ()
    countable: pl.Expr = field(default_factory=lambda: pl.lit(value=True))
    """Rows that findings may count; the others are allowed. Totals and coverage hold all rows."""

    def flagged(self, rows: pl.LazyFrame) -> pl.LazyFrame:
        """Of the rows that a check would list, those that may count."""
        return rows.filter(self.countable)

    @property
    def trained(self) -> pl.LazyFrame:
        """Exchanges trained towards."""
        return self.frame.filter(pl.col("polarity") == 1)


@dataclass(frozen=True)
class Found:
    """The part of a finding that a check works out; the rest comes from its description."""

    severity: Severity
    message: str
    count: int
    total: int
    interval: Interval | None = None
    limit: float | None = None
    samples: tuple[SampleRef, ...] = ()
    subject: str | None = None
    why: str | None = None
    """In place of the check's own reason, where each subject has one."""
    source: str | None = None
    remedy: str | None = None


@dataclass(frozen=True)
class Check:
    """A rule with a stable id."""

    id: str
    name: str
    run: Callable[[Evidence], Sequence[Found]]
    why: str
    source: str
    remedy: str
    option: str | None = None
    """The option that holds its limit."""
    names: Callable[[Evidence], frozenset[str]] | None = None
    """What it counts where that is no rows, so that one more and one less is told from no change."""
    severities: tuple[Severity, ...] = field(default=("warn",))
    """What it can find beside `pass`."""

    def findings(self, evidence: Evidence) -> list[Finding]:
        """Run it; a check that finds nothing to say has passed."""
        return [
            Finding(
                id=self.id,
                name=self.name,
                subject=found.subject,
                severity=found.severity,
                message=found.message,
                count=found.count,
                total=found.total,
                interval=found.interval,
                limit=found.limit,
                limit_option=self.option,
                samples=found.samples,
                why=found.why or self.why,
                source=found.source or self.source,
                remedy=found.remedy or self.remedy,
            )
            for found in self.run(evidence)
        ]


def sample_refs(frame: pl.LazyFrame, limit: int, score: str | None = None) -> tuple[SampleRef, ...]:
    """The first `limit` rows, highest `score` first where one is named, else in corpus order."""
    place = ["source", "line", "exchange"]
    ordered = (
        frame.sort([score, *place], descending=[True, False, False, False]) if score else frame.sort(place)
    )
    columns = ["sample_id", "exchange", "source", "line", "text_id", "hazard"]
    value = (pl.col(score).cast(pl.Float64).round(4) if score else pl.lit(None, pl.Float64)).alias("score")
    rows = ordered.head(limit).select(*columns, value).collect()
    return tuple(SampleRef(**row) for row in rows.iter_rows(named=True))
