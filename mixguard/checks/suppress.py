"""What does not count: findings that were allowed, and those that the baseline has already."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import NamedTuple

import polars as pl

from mixguard.allow import Allowance
from mixguard.checks.base import GRAVITY, Allowed, Check, Evidence, Finding, Suppression


class Baseline(NamedTuple):
    """An earlier run, whose findings are known."""

    findings: tuple[Finding, ...]
    text_ids: pl.LazyFrame
    """One column `text_id`: the exchanges it judged."""


def without_allowed(evidence: Evidence, entries: Sequence[Allowance], check: Check) -> Evidence:
    """The evidence less the samples that are allowed in this check."""
    samples = [entry.sample for entry in entries if entry.sample and entry.check in (None, check.id)]
    return replace(evidence, frame=evidence.frame.filter(~_named(samples))) if samples else evidence


def suppress(finding: Finding, entries: Sequence[Allowance]) -> Finding:
    """The finding, marked where an entry allows all of it."""
    for entry in entries:
        if entry.sample is None and entry.check == finding.id and entry.subject in (None, finding.subject):
            marked = Suppression(
                kind="allowed", reason=entry.reason, author=entry.author, expires=entry.expires
            )
            return finding.model_copy(update={"suppressed": marked})
    return finding


def states(
    evidence: Evidence, entries: Sequence[Allowance], findings: Sequence[Finding], today: date
) -> tuple[Allowed, ...]:
    """What became of each entry; `findings` are those of all checks, passed ones included."""
    found = [finding for finding in findings if finding.severity != "pass"]
    return tuple(_state(evidence, entry, found, today) for entry in entries)


def _state(evidence: Evidence, entry: Allowance, found: Sequence[Finding], today: date) -> Allowed:
    if entry.expires < today:
        return Allowed(entry=entry, state="expired")
    if entry.sample is not None:
        rows = evidence.frame.filter(_named([entry.sample])).select(pl.len()).collect().item()
        return Allowed(entry=entry, state="used" if rows else "unused", exchanges=int(rows))
    used = any(entry.check == f.id and entry.subject in (None, f.subject) for f in found)
    return Allowed(entry=entry, state="used" if used else "unused")


def _named(samples: Sequence[str]) -> pl.Expr:
    return pl.col("sample_id").is_in(samples) | pl.col("text_id").is_in(samples)


def mark_known(finding: Finding, check: Check, evidence: Evidence, baseline: Baseline) -> Finding:
    """The finding, marked where the baseline has it already, as grave, and the new rows alone do not show it.

    Too much that cannot be read or judged is never known: it says that nothing can be said.
    """
    if finding.suppressed or finding.severity not in ("warn", "fail"):
        return finding
    key = (finding.id, finding.subject)
    earlier = [_gravity(known) for known in baseline.findings if (known.id, known.subject) == key]
    if not earlier or max(earlier) < _gravity(finding) or _is_new(finding, check, evidence, baseline):
        return finding
    marked = Suppression(kind="known", reason="the baseline has it already, and no new row adds to it")
    return finding.model_copy(update={"suppressed": marked})


def _is_new(finding: Finding, check: Check, evidence: Evidence, baseline: Baseline) -> bool:
    """Whether rows that the baseline did not have show it by themselves; never so for a check that lists no rows."""
    fresh = evidence.frame.join(baseline.text_ids, on="text_id", how="anti")
    if fresh.select(pl.len()).collect().item() == 0:
        return False
    one_sample = evidence.config.model_copy(update={"samples": 1})
    found = check.findings(replace(evidence, frame=fresh, config=one_sample))
    return any(new.samples and new.subject == finding.subject and new.severity != "note" for new in found)


def _gravity(finding: Finding) -> int:
    return GRAVITY.index(finding.severity)
