"""The reduce: all checks over one run's annotations, and the verdict they add up to."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal, TypeAlias

import polars as pl

from mixguard.checks.base import Evidence, Finding, Severity
from mixguard.checks.catalogue import CHECKS

Verdict: TypeAlias = Literal["pass", "warn", "fail", "incomplete"]
GRAVITY: tuple[Severity, ...] = ("pass", "note", "warn", "fail", "incomplete")
EXIT_CODES: dict[Verdict, int] = {"pass": 0, "warn": 0, "fail": 1, "incomplete": 4}


def mark_hazardous(annotations: pl.LazyFrame, limit: float) -> pl.LazyFrame:
    """Add `hazardous`: whether the hazard probability reaches the limit; false where it was not judged."""
    return annotations.with_columns(hazardous=(pl.col("hazard_score") >= limit).fill_null(value=False))


def run_checks(evidence: Evidence) -> tuple[Finding, ...]:
    """Every finding, passed checks included, gravest first."""
    found = [finding for check in CHECKS for finding in check.findings(evidence)]
    return tuple(sorted(found, key=lambda finding: (-GRAVITY.index(finding.severity), finding.id)))


def verdict(findings: Iterable[Finding]) -> Verdict:
    """The gravest finding; notes leave it at `pass`."""
    found = {finding.severity for finding in findings}
    gravest: tuple[Verdict, ...] = ("incomplete", "fail", "warn")
    return next((severity for severity in gravest if severity in found), "pass")
