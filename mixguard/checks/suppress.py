"""What does not count: findings that were allowed, and those that the baseline has already."""

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
"""What makes an exchange the same in two runs: its texts whole, and whether it is trained towards."""
_Rows = Mapping[str, set[tuple[str, int]]]
"""Id of a sample or of texts to the rows that have it."""


class Baseline(NamedTuple):
    """An earlier run, whose findings are known."""

    findings: tuple[Finding, ...]
    annotations: pl.LazyFrame
    """The exchanges it judged."""
    coverage: tuple[Coverage, ...]


def sample_ids(entries: Sequence[Allowance], check: Check) -> list[str]:
    """Ids of the samples that are allowed in a check."""
    return [entry.sample for entry in entries if entry.sample and entry.check in (None, check.id)]


def leave(entry: Allowance) -> Suppression:
    """What an entry says of that which it allows."""
    return Suppression(kind="allowed", reason=entry.reason, author=entry.author, expires=entry.expires)


def suppress(finding: Finding, entries: Sequence[Allowance]) -> Finding:
    """The finding, marked where an entry allows all of it; what passed needs no leave."""
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
    """What became of each entry.

    Args:
        entries: of the allow file.
        findings: those of all checks, passed ones included.
        checks: that were run.
        evidence: what they looked at.
        today: the day of the run.
    """
    valid = [entry for entry in entries if entry.expires >= today]
    rows = {check.id: _rows(check, evidence, sample_ids(valid, check)) for check in checks}
    there = [finding for finding in findings if finding.severity != "pass"]
    return tuple(_state(entry, there, rows, today) for entry in entries)


def _rows(check: Check, evidence: Evidence, samples: Sequence[str]) -> _Rows:
    """Of the samples that are allowed in a check, all rows that it means."""
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
    """The finding, marked where the baseline has it already, as grave, and no row is new that shows it by itself.

    Too much that cannot be read or judged is never known: it says that nothing can be said. Nor is what the baseline
    had by leave: a leave ends.
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
    marked = Suppression(kind="known", reason="the baseline has it already, and no new row adds to it")
    return finding.model_copy(update={"suppressed": marked})


def _new_findings(
    finding: Finding, check: Check, evidence: Evidence, baseline: Baseline, left_out: Sequence[str]
) -> list[Finding]:
    """What new rows show by themselves of a finding, where they show any of it.

    None tells of what is no row (a record in quarantine), and of old rows that another limit flags: then the count tells
    whether there is more than was known.
    """
    rows = _new_rows(evidence.frame, baseline.annotations) if check.cases else None
    if rows is None or rows.is_empty():
        return []
    fresh = evidence.frame.join(rows.lazy(), on=["sample_id", "exchange"], how="semi")
    new = [each.finding for each in found(check, replace(evidence, frame=fresh), left_out, samples=1)]
    return [each for each in new if each.samples and each.subject == finding.subject]


def _new_rows(frame: pl.LazyFrame, before: pl.LazyFrame) -> pl.DataFrame:
    """The exchanges that an earlier run had not, or not as often: columns `sample_id`, `exchange`."""
    # A join never matches null with null, and what has no response is equal to what has none.
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
