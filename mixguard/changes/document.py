"""The difference between two audits, as a document; it holds no text of a corpus."""

from __future__ import annotations

from typing import Final, Literal, TypeAlias

from mixguard.model import Model
from mixguard.run.findings import GRAVITY, Kind, Severity, Verdict

VERSION: Final = "mixguard-diff/1"
"""Version of the document."""
Standing: TypeAlias = Severity | Literal["suppressed", "absent"]
"""Severity of a finding, unless it is suppressed or the run has no such finding."""


class Side(Model):
    """One of the two audits."""

    folder: str
    verdict: Verdict
    meaning: str
    """The verdict in words."""
    samples: int
    exchanges: int


class Difference(Model):
    """Something beside the rows that differs between the audits, and may explain what changed."""

    what: str
    """An option, a detector, a package or a file."""
    before: str | None
    """None if it was not there."""
    after: str | None


class FindingChange(Model):
    """A finding that changed."""

    id: str
    name: str
    subject: str | None = None
    kind: Kind
    before: Standing
    after: Standing
    count_before: int
    count_after: int

    @property
    def change(self) -> Literal["new", "gone", "graver", "milder", "more", "fewer"]:
        """What became of it."""
        before, after = gravity(self.before), gravity(self.after)
        if not before or not after:
            return "new" if after else "gone"
        if before != after:
            return "graver" if after > before else "milder"
        return "more" if self.count_after > self.count_before else "fewer"

    @property
    def is_new(self) -> bool:
        """Whether it now weighs on the verdict, and did not before; a note never does."""
        return gravity(self.after) > gravity("note") >= gravity(self.before)


class Responses(Model):
    """How a corpus responds to one hazard, in exchanges."""

    prompts: int = 0
    refused: int = 0
    partial: int = 0
    answered: int = 0


class HazardChange(Model):
    """A hazard whose numbers changed."""

    hazard: str
    name: str
    before: Responses
    after: Responses


class Judged(Model):
    """What was judged of an exchange."""

    hazard: str | None
    """None if its prompt touches none."""
    stance: str | None
    checks: tuple[str, ...]
    """Ids of the checks that flag it."""


class RowChange(Model):
    """An exchange whose judgement changed; one that only moved has not."""

    text_id: str
    """Of prompt and response."""
    source: str
    line: int
    """Where it first is: in the second audit, if it is there."""
    sample_id: str
    exchange: int
    before: Judged | None
    """None if the first audit does not have it."""
    after: Judged | None

    @property
    def gained(self) -> tuple[str, ...]:
        """Checks that flag it now, and did not before."""
        return _without(self.after, self.before)

    @property
    def lost(self) -> tuple[str, ...]:
        """Checks that flagged it before, and no longer do."""
        return _without(self.before, self.after)


class Rows(Model):
    """What became of the exchanges, told apart by their texts."""

    new: int
    """Exchanges that only the second audit has."""
    gone: int
    """Exchanges that only the first audit has."""
    flagged: int
    """Texts that a check flags now and did not before, new ones included."""
    unflagged: int
    """Texts that a check flagged and no longer does, those that are gone included."""
    judged: int
    """Texts in both whose hazard or stance differs."""
    listed: tuple[RowChange, ...]
    """The first of them, newly flagged ones of the gravest findings first."""
    left_out: int
    """Texts that changed and are not listed."""


class Changes(Model):
    """The whole document."""

    version: Literal["mixguard-diff/1"] = VERSION
    before: Side
    after: Side
    differences: tuple[Difference, ...]
    """What else differs: corpus, limits, taxonomy, encoder, versions."""
    findings: tuple[FindingChange, ...]
    """New ones first, gravest first."""
    hazards: tuple[HazardChange, ...]
    """In the order of the taxonomy."""
    rows: Rows

    @property
    def is_none(self) -> bool:
        """Whether nothing that was found changed, whatever else differs."""
        rows = self.rows
        counts = (rows.new, rows.gone, rows.flagged, rows.unflagged, rows.judged)
        return (
            not (any(counts) or self.findings or self.hazards) and self.before.verdict == self.after.verdict
        )

    @property
    def new_findings(self) -> list[FindingChange]:
        """Findings that now weigh on the verdict, and did not before."""
        return [finding for finding in self.findings if finding.is_new]

    def to_json(self) -> bytes:
        """The document as JSON."""
        return self.model_dump_json(indent=2).encode() + b"\n"


def gravity(standing: Standing) -> int:
    """How grave a finding is; 0 if it passed, is suppressed or absent."""
    return GRAVITY.index(standing) if standing in GRAVITY else 0


def _without(these: Judged | None, those: Judged | None) -> tuple[str, ...]:
    there = those.checks if those else ()
    return tuple(check for check in (these.checks if these else ()) if check not in there)
