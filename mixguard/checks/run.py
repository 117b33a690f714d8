"""The reduce: all checks over one run's annotations, and the verdict they add up to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import NamedTuple

from mixguard.checks.base import Check, Evidence
from mixguard.checks.catalogue import ALLOW_FILE, CHECKS
from mixguard.checks.suppress import Baseline, listed_samples, mark_known, states, suppress, without_allowed
from mixguard.library.allow import Allowance
from mixguard.run.findings import GRAVITY, Allowed, Finding


class Checked(NamedTuple):
    """What the checks found, and what was allowed."""

    findings: tuple[Finding, ...]
    """Gravest first, those that do not count last; passed checks included."""
    allowed: tuple[Allowed, ...]


def run_checks(
    evidence: Evidence,
    allowances: Sequence[Allowance] = (),
    baseline: Baseline | None = None,
    *,
    today: date = date.min,
) -> Checked:
    """Every finding, passed checks included.

    Args:
        evidence: what was judged.
        allowances: the allow file; entries that end before `today` allow nothing.
        baseline: an earlier run; what it has found already does not count.
        today: the day of the run.
    """
    valid = [entry for entry in allowances if entry.expires >= today]
    found = [
        finding
        for check in CHECKS
        if check.id != ALLOW_FILE
        for finding in _findings(check, evidence, valid, baseline)
    ]
    listed = {check.id: listed_samples(evidence, valid, check) for check in CHECKS}
    allowed = states(allowances, found, listed, today)
    last = next(check for check in CHECKS if check.id == ALLOW_FILE)
    found += last.findings(replace(evidence, allowed=allowed))  # what it says cannot be allowed, nor known
    ordered = sorted(found, key=lambda f: (not f.counts, -GRAVITY.index(f.severity), f.id))
    return Checked(tuple(ordered), allowed)


def _findings(
    check: Check, evidence: Evidence, allowances: Sequence[Allowance], baseline: Baseline | None
) -> list[Finding]:
    seen = without_allowed(evidence, allowances, check)
    found = [suppress(finding, allowances) for finding in check.findings(seen)]
    return [mark_known(finding, check, seen, baseline) for finding in found] if baseline else found
