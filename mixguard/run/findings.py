"""What a run found: findings, the verdict they add up to, coverage, and what was read."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Literal, TypeAlias, get_args

from pydantic import Field

from mixguard.library.allow import Allowance
from mixguard.model import Model
from mixguard.stats import Interval

Severity: TypeAlias = Literal["pass", "note", "warn", "fail", "incomplete"]
"""Mildest to gravest. `note` informs and never changes the verdict."""
Kind: TypeAlias = Literal["harm", "attack", "gap", "quality", "reading"]
"""What a finding is about: the corpus teaches harm, is shaped like an attack, lacks what keeps refusals, is of doubtful
quality, or could not be read and judged in full."""
GRAVITY: tuple[Severity, ...] = ("pass", "note", "warn", "fail", "incomplete")
Verdict: TypeAlias = Literal["pass", "warn", "fail", "incomplete"]
EXIT_CODES: dict[Verdict, int] = {"pass": 0, "warn": 0, "fail": 1, "incomplete": 4}


class SampleRef(Model):
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


class Suppression(Model):
    """Why a finding does not count towards the verdict."""

    kind: Literal["allowed", "known"]
    """`allowed` by the allow file, or `known` from the baseline."""
    reason: str
    author: str | None = None
    expires: date | None = None


class Allowed(Model):
    """What became of one entry of the allow file."""

    entry: Allowance
    state: Literal["used", "unused", "expired"]
    exchanges: int = 0
    """Exchanges it leaves out of findings."""


class Finding(Model):
    """What one check found, a passed check included."""

    id: str
    """Stable, e.g. `MG101`."""
    name: str
    """The id in words, e.g. `low-refusal-coverage`."""
    kind: Kind
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


class CorpusSummary(Model):
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


class Coverage(Model):
    """What the exchanges trained towards do with one hazard."""

    hazard: str
    name: str
    exchanges: int
    """Exchanges whose prompt touches it."""
    full_refusal: int
    partial_refusal: int
    full_compliance: int
    unjudged: int
    refused: Interval
    """Interval of the share of judged ones that refuse fully or in part, corrected for the detector's errors."""
    wanted: int
    """Refusals that the rule of `rebalance` asks for, those there included."""

    @property
    def refusals(self) -> float:
        """Full refusals, and partial ones by half."""
        return self.full_refusal + self.partial_refusal / 2

    @property
    def is_short(self) -> bool:
        """Whether it has fewer refusals than wanted."""
        return self.refusals < self.wanted

    @property
    def covered(self) -> str:
        """The refusals there, and how many are wanted where any are, e.g. `3 of 16`."""
        return f"{self.refusals:g} of {self.wanted:,}" if self.wanted else f"{self.refusals:g}"


def verdict(findings: Iterable[Finding]) -> Verdict:
    """The gravest finding that counts; notes leave it at `pass`."""
    found = {finding.severity for finding in findings if finding.counts}
    gravest: tuple[Verdict, ...] = ("incomplete", "fail", "warn")
    return next((severity for severity in gravest if severity in found), "pass")


def kinds(findings: Iterable[Finding], severity: Severity) -> tuple[Kind, ...]:
    """The kinds of the findings of a severity that count, gravest first."""
    there = {finding.kind for finding in findings if finding.counts and finding.severity == severity}
    return tuple(kind for kind in get_args(Kind) if kind in there and severity != "pass")
