"""What a check is given, and what it finds."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Literal, Protocol, TypeAlias

import polars as pl
from pydantic import BaseModel, ConfigDict, Field

from mixguard.allow import Allowance
from mixguard.config import CheckConfig
from mixguard.provenance import Detectors
from mixguard.stats import Interval

Severity: TypeAlias = Literal["pass", "note", "warn", "fail", "incomplete"]
"""Mildest to gravest. `note` informs and never changes the verdict."""
GRAVITY: tuple[Severity, ...] = ("pass", "note", "warn", "fail", "incomplete")


class _Result(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class SampleRef(_Result):
    """Where one sample that a finding rests on lies."""

    sample_id: str
    exchange: int = Field(ge=0)
    """0-based number of the exchange within the sample."""
    source: str
    line: int
    text_id: str = ""
    """32 hex digits of prompt and response, which stay the same wherever the row moves."""
    hazard: str | None = None
    score: float | None = None
    """What ranks this sample within its finding."""


class Suppression(_Result):
    """Why a finding does not count towards the verdict."""

    kind: Literal["allowed", "known"]
    """`allowed` by the allow file, or `known` from the baseline."""
    reason: str
    author: str | None = None
    expires: date | None = None


class Allowed(_Result):
    """What became of one entry of the allow file."""

    entry: Allowance
    state: Literal["used", "unused", "expired"]
    exchanges: int = 0
    """Exchanges it leaves out of findings."""


class Finding(_Result):
    """What one check found, a passed check included."""

    id: str
    """Stable, e.g. `MG101`."""
    name: str
    """The id in words, e.g. `low-refusal-coverage`."""
    subject: str | None = None
    """What of several things it is about: a hazard or a trainer rule."""
    severity: Severity
    message: str
    """One sentence: what was found here."""
    count: int
    """Exchanges (or records, or hazards) concerned."""
    total: int
    """Out of how many."""
    interval: Interval | None = None
    """Interval of the share, corrected for the detector's own error where there is one."""
    limit: float | None = None
    """The limit that decided."""
    limit_option: str | None = None
    """The option that sets it."""
    samples: tuple[SampleRef, ...] = ()
    suppressed: Suppression | None = None
    """Why it does not count, where it does not."""
    why: str
    source: str
    """Where the reason comes from."""
    remedy: str

    @property
    def counts(self) -> bool:
        """Whether it bears on the verdict."""
        return self.suppressed is None

    @property
    def share(self) -> float:
        """`count` in `total`, 0 where there is nothing to count."""
        return self.count / self.total if self.total else 0.0


class CorpusSummary(_Result):
    """What was read."""

    sources: dict[str, str]
    """Name to SHA-256 of the bytes on disk."""
    records: int
    samples: int
    exchanges: int
    empty: int
    """Samples in which there is nothing to judge."""
    quarantined: dict[str, int]
    """Reason to records."""
    formats: dict[str, dict[str, int]]
    """Source to format to records."""
    flags: dict[str, int]
    """Oddity or trainer rule to records that show it."""

    @property
    def rejected(self) -> int:
        """Records in quarantine."""
        return sum(self.quarantined.values())


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
