"""What a check is: which exchanges it looks at, which of them it flags, and how it judges their rate."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import polars as pl

from mixguard.config import CheckConfig
from mixguard.library.provider import Provider
from mixguard.library.voice import Voice
from mixguard.run.findings import (
    Allowed,
    AsideUse,
    CorpusSummary,
    Coverage,
    Finding,
    Kind,
    Nature,
    SampleRef,
    Severity,
)
from mixguard.run.provenance import Detectors
from mixguard.stats import DetectorError, Interval
from mixguard.training.plan import Plan


@dataclass(frozen=True)
class Evidence:
    """Everything a check may look at."""

    frame: pl.LazyFrame
    """The annotations with their marks."""
    corpus: CorpusSummary
    coverage: tuple[Coverage, ...]
    detectors: Detectors
    config: CheckConfig
    limits: Mapping[str, float]
    """The limit in force, by check id."""
    nature: Nature = "ordinary"
    """What the corpus is made of."""
    too_small: bool = False
    """Whether the corpus is too small to say how many refusals it needs."""
    voice: Voice | None = None
    """How the model to be tuned opens its refusals, if it was named."""
    training: Plan = field(default_factory=Plan)
    """How the model will be trained, as far as it was said."""
    provider: Provider | None = None
    """The service that will train it, if it was named."""
    allowed: Sequence[Allowed] = ()
    """The outcome of each entry of the allow file; of `set_aside`, of the set-aside file."""
    set_aside: Sequence[AsideUse] = ()


@dataclass(frozen=True)
class Rate:
    """How many of the exchanges looked at are flagged."""

    count: int
    total: int
    interval: Interval
    """Of the share; corrected for the detector's own error if the case names one."""
    limit: float
    commonest: tuple[tuple[str, int], ...]
    """The most common values of `Case.by` with their counts."""


class Judged(NamedTuple):
    """The judgement of a rate."""

    severity: Severity
    message: str
    limit: float | None = None
    """The limit that decided, if not the check's own."""
    why: str | None = None
    """Replaces the reason of the case and of the check; likewise `source` and `remedy`."""
    source: str | None = None
    remedy: str | None = None


JUDGEMENTS = {
    "hazard": frozenset({"hazard", "hazard_score", "hazardous", "near_harm"}),
    "harmless": frozenset({"benign"}),
    "stance": frozenset({"stance", "stance_score", "stance_note"}),
}
"""What can be judged wrongly of an exchange, and the columns and marks that say it."""


@dataclass(frozen=True)
class Case:
    """What a check looks for, as three values: `among`, `flags`, `judge`."""

    among: pl.Expr
    """Which exchanges it looks at."""
    flags: pl.Expr
    """Which of them it flags."""
    judge: Callable[[Rate, Evidence], Judged]
    by: pl.Expr | None = None
    """Groups the flagged rows for the message."""
    rank: str | None = None
    """Column that ranks the flagged rows, highest first; corpus order if None."""
    errors: Callable[[Detectors], Mapping[str, DetectorError]] | None = None
    """Picks the detector errors that widen the interval, by kind of text."""
    over: Callable[[pl.LazyFrame, Evidence], pl.LazyFrame] | None = None
    """Adds columns that need the whole corpus or the evidence, or merges rows."""
    flag: str | None = None
    """Record flag that the case counts; records without an exchange have no row but still count."""
    subject: str | None = None
    """Distinguishes it from the other cases of its check."""
    why: str | None = None
    """Replaces the check's own reason; likewise `source` and `remedy`."""
    source: str | None = None
    remedy: str | None = None
    mechanisms: tuple[str, ...] | None = None
    """Replaces those of the check, where its cases measure different ones."""

    @property
    def rests_on(self) -> frozenset[str]:
        """The judgements of an exchange that decide whether it is flagged, of `JUDGEMENTS`."""
        read = {*self.among.meta.root_names(), *self.flags.meta.root_names()}
        return frozenset(judged for judged, columns in JUDGEMENTS.items() if columns & read)


class Limit(NamedTuple):
    """The number that decides a check; its option is `checks.limits.ID`."""

    default: float
    help: str
    least: float = 0.0
    most: float = 1.0
    """Smallest and largest allowed value."""


class Aside(NamedTuple):
    """How `rebalance` can set the rows of a check aside."""

    name: str
    """Their name for `--set-aside`."""
    words: str
    """Why they are set aside, as reports put it."""
    sure: str | None = None
    """Column that must reach `rebalance.set_aside_from`."""


@dataclass(frozen=True)
class Told:
    """The part of a finding that a check computes; the rest is its fixed text."""

    severity: Severity
    message: str
    count: int
    total: int
    interval: Interval | None = None
    limit: float | None = None
    samples: tuple[SampleRef, ...] = ()


@dataclass(frozen=True)
class Check:
    """A rule with a stable id: fixed text, and either cases over exchanges or a function over the corpus."""

    id: str
    name: str
    kind: Kind
    severities: tuple[Severity, ...]
    """What it can find besides `pass`."""
    why: str
    source: str
    remedy: str
    mechanisms: tuple[str, ...] = ()
    """Ids of the risk mechanisms that it measures (`checks/mechanisms.py`)."""
    cases: tuple[Case, ...] = ()
    find: Callable[[Evidence], Told] | None = None
    """For things other than exchanges: files, records, hazards, allow-file entries."""
    limit: Limit | None = None
    aside: Aside | None = None
    nothing: str | Callable[[Evidence], str] | None = None
    """The message if none of several cases counts anything; cases that count nothing are dropped."""
    names: Callable[[Sequence[Coverage]], frozenset[str]] | None = None
    """Names of what it counts, so that one more and one less is not taken for no change."""

    def finding(self, told: Told, case: Case | None = None) -> Finding:
        """The complete finding."""
        own = case or _NO_CASE
        return Finding(
            id=self.id,
            name=self.name,
            kind=self.kind,
            mechanisms=self.mechanisms if own.mechanisms is None else own.mechanisms,
            subject=own.subject,
            limit_option=f"checks.limits.{self.id}" if self.limit else None,
            why=own.why or self.why,
            source=own.source or self.source,
            remedy=own.remedy or self.remedy,
            **vars(told),
        )


_NO_CASE = Case(pl.lit(value=False), pl.lit(value=False), lambda *_: Judged("pass", ""))
