"""The reduce: all checks over one run's annotations."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import NamedTuple

import polars as pl

from mixguard.checks.aside import gone
from mixguard.checks.base import Check, Evidence
from mixguard.checks.measure import Found, found
from mixguard.checks.reading import ALLOW_FILE
from mixguard.checks.suppress import Baseline, mark_known, sample_ids, states, suppress
from mixguard.library.allow import Allowance
from mixguard.library.aside import SetAside
from mixguard.run.findings import GRAVITY, Allowed, AsideUse, Finding
from mixguard.run.folder import FLAGGED_COLUMNS


class Checked(NamedTuple):
    """What the checks found and what was allowed."""

    findings: tuple[Finding, ...]
    """Gravest first, suppressed ones last; passed checks included."""
    allowed: tuple[Allowed, ...]
    set_aside: tuple[AsideUse, ...]
    rows: tuple[pl.LazyFrame, ...]
    """The rows behind each finding, schema `FLAGGED_COLUMNS`."""

    @property
    def flagged(self) -> pl.LazyFrame:
        """The rows behind all findings."""
        return pl.concat(self.rows)


def run_checks(
    checks: Sequence[Check],
    evidence: Evidence,
    allowances: Sequence[Allowance] = (),
    baseline: Baseline | None = None,
    *,
    set_aside: Sequence[SetAside] = (),
    today: date = date.min,
) -> Checked:
    """All findings, passed checks included.

    Args:
        checks: the checks; that of the allow file runs last.
        evidence: what was judged.
        allowances: the allow file; entries that expired before `today` have no effect.
        baseline: an earlier run, whose findings are suppressed.
        set_aside: the set-aside file; its rows still count, and findings say how many they are.
        today: the day of the run.
    """
    valid = [entry for entry in allowances if entry.expires >= today]
    own = [check for check in checks if check.id != ALLOW_FILE]
    results = [result for check in own for result in _found(check, evidence, valid, baseline)]
    rows = _flagged(results)
    aside = gone(set_aside, evidence.frame, pl.concat(rows), today)
    findings = [aside.told(result) for result in results]
    allowed = states(allowances, findings, own, evidence, today)
    # Findings of the last check can be neither allowed nor known.
    last = replace(evidence, allowed=allowed, set_aside=aside.uses)
    findings += [
        result.finding for check in checks if check.id == ALLOW_FILE for result in found(check, last)
    ]
    ordered = sorted(findings, key=lambda f: (not f.counts, -GRAVITY.index(f.severity), f.id))
    return Checked(tuple(ordered), allowed, aside.uses, rows)


def _found(
    check: Check, evidence: Evidence, allowances: Sequence[Allowance], baseline: Baseline | None
) -> list[Found]:
    left_out = sample_ids(allowances, check)
    results = []
    for result in found(check, evidence, left_out):
        finding = suppress(result.finding, allowances)
        if baseline is not None:
            finding = mark_known(finding, check, evidence, baseline, left_out)
        results.append(result._replace(finding=finding))
    return results


def _flagged(results: Sequence[Found]) -> tuple[pl.LazyFrame, ...]:
    rows = (
        result.rows.select(
            pl.lit(result.finding.id).alias("check"),
            pl.lit(result.finding.subject, pl.String).alias("subject"),
            "sample_id",
            "exchange",
            "score",
        )
        for result in results
        if result.rows is not None and result.finding.count
    )
    return (pl.LazyFrame(schema=FLAGGED_COLUMNS), *rows)
