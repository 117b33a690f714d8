"""Suppressed findings: those that were allowed, and those the baseline already has."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import NamedTuple

import polars as pl

from mixguard.checks.base import Check, Evidence
from mixguard.checks.measure import PLACE, found, meant, named
from mixguard.library.allow import Allowance
from mixguard.run.findings import GRAVITY, Allowed, Coverage, Finding, Suppression

_TEXTS = ["prompt_id", "response_id", "polarity"]
"""What makes an exchange the same in two runs: its full texts, and whether it is trained towards."""
_Rows = Mapping[str, set[tuple[str, int]]]
"""Sample or text id to the rows that have it."""


class Baseline(NamedTuple):
    """An earlier run."""

    findings: tuple[Finding, ...]
    annotations: pl.LazyFrame
    """The exchanges it judged."""
    coverage: tuple[Coverage, ...]


def sample_ids(entries: Sequence[Allowance], check: Check) -> list[str]:
    """Ids of the samples allowed for a check."""
    return [entry.sample for entry in entries if entry.sample and entry.check in (None, check.id)]


def leave(entry: Allowance) -> Suppression:
    """How a finding that an entry allows is marked."""
    return Suppression(kind="allowed", reason=entry.reason, author=entry.author, expires=entry.expires)


def suppress(finding: Finding, entries: Sequence[Allowance]) -> Finding:
    """The finding, marked as suppressed if an entry allows all of it; a passed check needs no entry."""
    if finding.severity == "pass":
        return finding
    for entry in entries:
        if _allows(entry, finding):
            return finding.model_copy(update={"suppressed": leave(entry)})
    return finding


def states(
    entries: Sequence[Allowance],
    findings: Sequence[Finding],
    checks: Sequence[Check],
    evidence: Evidence,
    today: date,
) -> tuple[Allowed, ...]:
    """Whether each entry is in use.

    Args:
        entries: the allow file.
        findings: of all checks, passed ones included.
        checks: those that ran.
        evidence: what they looked at.
        today: the day of the run.
    """
    valid = [entry for entry in entries if entry.expires >= today]
    rows = {check.id: _rows(check, evidence, sample_ids(valid, check)) for check in checks}
    there = [finding for finding in findings if finding.severity != "pass"]
    return tuple(_state(entry, there, rows, today) for entry in entries)


def _rows(check: Check, evidence: Evidence, samples: Sequence[str]) -> _Rows:
    """The rows that a check flags among the samples allowed for it."""
    rows: defaultdict[str, set[tuple[str, int]]] = defaultdict(set)
    for frame in meant(check, evidence) if samples else ():
        listed = frame.filter(named(samples)).select("sample_id", "text_id", "exchange").collect()
        for sample, texts, exchange in listed.iter_rows():
            rows[sample].add((sample, exchange))
            rows[texts].add((sample, exchange))
    return rows


def _state(entry: Allowance, found: Sequence[Finding], rows: Mapping[str, _Rows], today: date) -> Allowed:
    if entry.expires < today:
        return Allowed(entry=entry, state="expired")
    if entry.sample is None:
        used = any(_allows(entry, finding) for finding in found)
        return Allowed(entry=entry, state="used" if used else "unused")
    checks = [rows[check] for check in rows if entry.check in (None, check)]
    own = {row for there in checks for row in there.get(entry.sample, ())}
    return Allowed(entry=entry, state="used" if own else "unused", exchanges=len(own))


def _allows(entry: Allowance, finding: Finding) -> bool:
    """Whether an entry allows the whole of a finding."""
    return entry.sample is None and entry.check == finding.id and entry.subject in (None, finding.subject)


def mark_known(
    finding: Finding, check: Check, evidence: Evidence, baseline: Baseline, left_out: Sequence[str]
) -> Finding:
    """The finding, marked as known if the baseline has it, at least as grave, and no new row shows it by itself.

    `incomplete` is never known: it means that nothing can be said. Nor is a finding that the baseline only allowed,
    since permission expires.
    """
    if finding.suppressed or finding.severity in ("pass", "incomplete"):
        return finding
    earlier = [
        known
        for known in baseline.findings
        if (known.id, known.subject) == (finding.id, finding.subject)
        and _gravity(known) >= _gravity(finding)
        and (known.suppressed is None or known.suppressed.kind == "known")
    ]
    if not earlier or (check.names and check.names(evidence.coverage) - check.names(baseline.coverage)):
        return finding
    new = _new_findings(finding, check, evidence, baseline, left_out)
    least = min(_gravity(finding), GRAVITY.index("warn"))
    if any(_gravity(each) >= least for each in new):
        return finding
    if not new and finding.count > max(known.count for known in earlier):
        return finding
    marked = Suppression(kind="known", reason="already in the baseline; no new row adds to it")
    return finding.model_copy(update={"suppressed": marked})


def _new_findings(
    finding: Finding, check: Check, evidence: Evidence, baseline: Baseline, left_out: Sequence[str]
) -> list[Finding]:
    """What the new rows show of a finding by themselves.

    Empty for things that are not rows (records in quarantine) and for old rows flagged by a different limit; the count
    then tells whether there is more than before.
    """
    rows = _new_rows(evidence.frame, baseline.annotations) if check.cases else None
    if rows is None or rows.is_empty():
        return []
    fresh = evidence.frame.join(rows.lazy(), on=["sample_id", "exchange"], how="semi")
    new = [each.finding for each in found(check, replace(evidence, frame=fresh), left_out, samples=1)]
    return [each for each in new if each.samples and each.subject == finding.subject]


def _new_rows(frame: pl.LazyFrame, before: pl.LazyFrame) -> pl.DataFrame:
    """Exchanges that an earlier run did not have, or not as often: columns `sample_id`, `exchange`."""
    # Joins never match null with null, but two exchanges without a response are the same.
    texts = [pl.col(name).fill_null("") if name == "response_id" else pl.col(name) for name in _TEXTS]
    had = before.select(texts).group_by(_TEXTS).len("had")
    copies = (
        frame.sort(PLACE)
        .select(*texts, "sample_id", "exchange")
        .with_columns(copy=pl.int_range(pl.len()).over(_TEXTS))
    )
    joined = copies.join(had, on=_TEXTS, how="left")
    new = joined.filter(pl.col("copy") >= pl.col("had").fill_null(0))
    return new.select("sample_id", "exchange").collect()


def _gravity(finding: Finding) -> int:
    return GRAVITY.index(finding.severity)
