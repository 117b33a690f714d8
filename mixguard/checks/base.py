"""What a check is: which exchanges it looks at, which of them it means, and what their rate says."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import polars as pl

from mixguard.config import CheckConfig
from mixguard.run.findings import Allowed, CorpusSummary, Coverage, Finding, Kind, SampleRef, Severity
from mixguard.run.provenance import Detectors
from mixguard.stats import DetectorError, Interval


@dataclass(frozen=True)
class Evidence:
    """All that checks may look at."""

    frame: pl.LazyFrame
    """The annotations and their marks."""
    corpus: CorpusSummary
    coverage: tuple[Coverage, ...]
    detectors: Detectors
    config: CheckConfig
    limits: Mapping[str, float]
    """Check to the limit in force."""
    too_small: bool = False
    """Whether the corpus is too small for a number of refusals to be asked of it."""
    allowed: Sequence[Allowed] = ()


@dataclass(frozen=True)
class Rate:
    """How many of those looked at are meant."""

    count: int
    total: int
    interval: Interval
    """Of the share, corrected for the detector's own error where there is one."""
    limit: float
    commonest: tuple[tuple[str, int], ...]
    """The commonest values of what `Case.by` names, and how often each was counted."""


class Judged(NamedTuple):
    """What a rate says."""

    severity: Severity
    message: str
    limit: float | None = None
    """The limit that decided, where it is not the check's own."""


@dataclass(frozen=True)
class Case:
    """What a check looks for, as three values."""

    among: pl.Expr
    """Which exchanges it looks at."""
    flags: pl.Expr
    """Which of them it means."""
    judge: Callable[[Rate, Evidence], Judged]
    by: pl.Expr | None = None
    """What the rows meant are counted by, for the message."""
    rank: str | None = None
    """Column that ranks the rows meant, highest first; corpus order where there is none."""
    error: Callable[[Detectors], DetectorError] | None = None
    """The detector's own error, which widens the interval."""
    over: Callable[[pl.LazyFrame], pl.LazyFrame] | None = None
    """Adds what needs the whole corpus, or makes one row of several."""
    flag: str | None = None
    """Flag of records that the case counts; records without an exchange have no row, and count all the same."""
    subject: str | None = None
    """What tells it from the other cases of its check."""
    why: str | None = None
    """In place of the check's own reason; so are source and remedy."""
    source: str | None = None
    remedy: str | None = None


class Limit(NamedTuple):
    """The number that decides a check, an option `checks.limits.ID`."""

    default: float
    help: str
    most: float = 1.0
    """The largest that makes sense; the smallest is 0."""


class Aside(NamedTuple):
    """How the rows of a check can be set aside in a mix."""

    name: str
    """What `--set-aside` calls them."""
    words: str
    """Why they go, as reports say it."""
    sure: str | None = None
    """Column that has to reach `rebalance.set_aside_from`."""


@dataclass(frozen=True)
class Told:
    """The part of a finding that a check works out; the rest are its words."""

    severity: Severity
    message: str
    count: int
    total: int
    interval: Interval | None = None
    limit: float | None = None
    samples: tuple[SampleRef, ...] = ()


@dataclass(frozen=True)
class Check:
    """A rule with a stable id: its words, and either cases over exchanges or a function over the whole."""

    id: str
    name: str
    kind: Kind
    severities: tuple[Severity, ...]
    """What it can find beside `pass`."""
    why: str
    source: str
    remedy: str
    cases: tuple[Case, ...] = ()
    find: Callable[[Evidence], Told] | None = None
    """For what is no exchange: files, records, hazards, entries of the allow file."""
    limit: Limit | None = None
    aside: Aside | None = None
    nothing: str | None = None
    """What is said where none of several cases counts anything; those that count nothing are left out then."""
    names: Callable[[Sequence[Coverage]], frozenset[str]] | None = None
    """What it counts where that has names, so that one more and one less is told from no change."""

    def finding(self, told: Told, case: Case | None = None) -> Finding:
        """The whole finding."""
        own = case or _NO_CASE
        return Finding(
            id=self.id,
            name=self.name,
            kind=self.kind,
            subject=own.subject,
            limit_option=f"checks.limits.{self.id}" if self.limit else None,
            why=own.why or self.why,
            source=own.source or self.source,
            remedy=own.remedy or self.remedy,
            **vars(told),
        )


_NO_CASE = Case(pl.lit(value=False), pl.lit(value=False), lambda *_: Judged("pass", ""))
