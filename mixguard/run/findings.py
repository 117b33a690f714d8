"""What a run found: findings, the resulting verdict, coverage, and what was read."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Literal, TypeAlias, get_args

from pydantic import Field

from mixguard.library.allow import Allowance
from mixguard.library.aside import SetAside
from mixguard.model import Model
from mixguard.stats import Interval

Severity: TypeAlias = Literal["pass", "note", "warn", "fail", "incomplete"]
"""Least to most severe. A `note` never changes the verdict."""
Kind: TypeAlias = Literal["harm", "attack", "gap", "quality", "reading"]
"""What a finding is about: the corpus teaches harm, looks like an attack, lacks refusals, has quality
problems, or could not be fully read and judged."""
Nature: TypeAlias = Literal["ordinary", "safety", "harmful"]
"""What a corpus is made of: mostly refusals (a safety set), mostly answered hazards, or neither."""
GRAVITY: tuple[Severity, ...] = ("pass", "note", "warn", "fail", "incomplete")
Verdict: TypeAlias = Literal["pass", "warn", "fail", "incomplete"]
EXIT_CODES: dict[Verdict, int] = {"pass": 0, "warn": 0, "fail": 1, "incomplete": 4}


class SampleRef(Model):
    """The location of a sample behind a finding."""

    sample_id: str
    exchange: int = Field(ge=0)
    """0-based index of the exchange within the sample."""
    source: str
    line: int
    text_id: str = ""
    """32 hex digits identifying prompt and response; unchanged when the row moves."""
    hazard: str | None = None
    score: float | None = None
    """Ranks the sample within its finding."""


class Suppression(Model):
    """Why a finding does not count towards the verdict."""

    kind: Literal["allowed", "known"]
    """`allowed` by the allow file, or `known` from the baseline."""
    reason: str
    author: str | None = None
    expires: date | None = None


class Allowed(Model):
    """The outcome of one allow file entry."""

    entry: Allowance
    state: Literal["used", "unused", "expired"]
    exchanges: int = 0
    """Exchanges it removes from findings."""


class AsideUse(Model):
    """The outcome of one entry of the set-aside file."""

    entry: SetAside
    state: Literal["used", "unused", "expired"]
    samples: int = 0
    """Samples that it sets aside."""


class Finding(Model):
    """What one check found, even if it passed."""

    id: str
    """Stable, e.g. `MG101`."""
    name: str
    """The id in words, e.g. `low-refusal-coverage`."""
    kind: Kind
    mechanisms: tuple[str, ...] = ()
    """Ids of the risk mechanisms that it measures; docs/mechanisms.md says what is known of each."""
    subject: str | None = None
    """The hazard or trainer rule it is about, for checks that have several."""
    severity: Severity
    message: str
    """One sentence: what was found."""
    count: int
    """Exchanges (or records, or hazards) affected."""
    total: int
    """Out of how many."""
    interval: Interval | None = None
    """Interval of the share, corrected for the detector's error if it has one."""
    limit: float | None = None
    """The limit that was applied."""
    limit_option: str | None = None
    """The option that sets it."""
    samples: tuple[SampleRef, ...] = ()
    aside: int = 0
    """Of `count`, the exchanges in rows that the set-aside file takes out of the mix; they are still in this corpus."""
    suppressed: Suppression | None = None
    """Why it does not count; None if it does."""
    why: str
    source: str
    """Source for the reason."""
    remedy: str

    @property
    def counts(self) -> bool:
        """Whether it counts towards the verdict."""
        return self.suppressed is None

    @property
    def share(self) -> float:
        """`count` / `total`, or 0 if `total` is 0."""
        return self.count / self.total if self.total else 0.0


class Advice(Model):
    """One change to the training plan."""

    option: str
    """As the trainer's configuration spells it."""
    now: str
    better: str
    where: str
    """`file:line`, the file if it does not give the option, or our own option."""
    severity: Severity
    found: str
    """What is wrong, in a few words."""
    why: str
    source: str
    """Source for the reason, or that it is a judgement."""


class UnreadColumn(Model):
    """A column whose text no format read."""

    source: str
    column: str
    """Its name, if it looks like one."""
    records: int
    """Records in which it holds text, of those looked at."""
    unanswered: int
    """Of these, how many were read without an answer."""
    looked: int
    """Records of the source that were looked at: its first ones, then one in a hundred."""
    asked: str | None = None
    """The column that was read as prompt or document where no answer was read."""


class CorpusSummary(Model):
    """What was read."""

    sources: dict[str, str]
    """SHA-256 of the bytes on disk, by name."""
    records: int
    samples: int
    exchanges: int
    empty: int
    """Samples with nothing to judge."""
    quarantined: dict[str, int]
    """Records by reason."""
    formats: dict[str, dict[str, int]]
    """Records by source and format."""
    flags: dict[str, int]
    """Records by anomaly or trainer rule."""
    looked: int = 0
    """Records whose columns were looked at for unread text."""
    unread: tuple[UnreadColumn, ...] = ()
    """Columns with unread text, the most common first, else in the order of the file."""
    read_bytes: int = 0
    """Size of the samples' own text."""
    quarantined_bytes: int = 0
    """Size of what is in quarantine."""
    broken: tuple[str, ...] = ()
    """Sources that end or break off inside a record: nobody knows what followed."""

    @property
    def rejected(self) -> int:
        """Records in quarantine."""
        return sum(self.quarantined.values())


class Coverage(Model):
    """How the exchanges trained towards respond to one hazard."""

    hazard: str
    name: str
    exchanges: int
    """Exchanges whose prompt touches it."""
    full_refusal: int
    partial_refusal: int
    full_compliance: int
    unjudged: int
    refused: Interval
    """Interval of the share of judged ones refused in full or in part, corrected for detector error."""
    sure: float = 0.0
    """Refusals that surely count: the lower end of their interval, partial ones half, and pairs of the bank."""
    wanted: int
    """Refusals that the `rebalance` rule asks for, existing ones included."""

    @property
    def refusals(self) -> float:
        """Full refusals, plus half the partial ones."""
        return self.full_refusal + self.partial_refusal / 2

    @property
    def is_short(self) -> bool:
        """Whether it has fewer refusals than wanted."""
        return self.refusals < self.wanted

    @property
    def covered(self) -> str:
        """Refusals and, if any are wanted, how many, e.g. `3 of 16`."""
        return f"{self.refusals:g} of {self.wanted:,}" if self.wanted else f"{self.refusals:g}"


def verdict(findings: Iterable[Finding]) -> Verdict:
    """The highest severity among findings that count; notes leave it at `pass`."""
    found = {finding.severity for finding in findings if finding.counts}
    gravest: tuple[Verdict, ...] = ("incomplete", "fail", "warn")
    return next((severity for severity in gravest if severity in found), "pass")


def kinds(findings: Iterable[Finding], severity: Severity) -> tuple[Kind, ...]:
    """The kinds of the findings that count and have this severity, most severe first."""
    there = {finding.kind for finding in findings if finding.counts and finding.severity == severity}
    return tuple(kind for kind in get_args(Kind) if kind in there and severity != "pass")
