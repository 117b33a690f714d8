"""Every check. An id never changes its meaning; new checks get new ids."""

from __future__ import annotations

import polars as pl

from mixguard.checks.base import Aside, Case, Check, Evidence, Judged, Rate
from mixguard.checks.coverage import COVERAGE_CHECKS
from mixguard.checks.provider import PROVIDER_CHECK
from mixguard.checks.reading import ALLOW_FILE, READING_CHECKS
from mixguard.checks.training import TRAINING_CHECK
from mixguard.config import CheckConfig
from mixguard.corpus.formats.lint import TRAINER_RULES, TrainerRule
from mixguard.errors import ConfigError
from mixguard.run.findings import Finding
from mixguard.signals import SIGNALS


def _trainer_rules() -> Check:
    """Samples that a trainer would drop, change or reject; one finding per rule."""
    return Check(
        id="MG304",
        name="trainer-rules",
        kind="reading",
        severities=("note", "warn"),
        cases=tuple(map(_rule, TRAINER_RULES)),
        nothing="no sample trips a trainer's rule",
        why="A sample that the trainer drops or changes is not what was audited.",
        source="the trainer's own code, cited with each rule",
        remedy="Fix the listed samples.",
    )


def _rule(rule: TrainerRule) -> Case:
    def judge(rate: Rate, _: Evidence) -> Judged:
        message = f"{rule.trainer}: {rate.count:,} of {rate.total:,} samples trip {rule.id}"
        return Judged(rule.severity, message)

    return Case(
        among=pl.col("exchange") == 0,  # every exchange of a sample repeats its flags
        flags=pl.col("flags").list.contains(rule.id),
        judge=judge,
        flag=rule.id,
        subject=rule.id,
        why=rule.why,
        source=rule.source,
        remedy=rule.remedy,
    )


CHECKS: tuple[Check, ...] = tuple(
    sorted(
        (
            *COVERAGE_CHECKS,
            *READING_CHECKS,
            _trainer_rules(),
            TRAINING_CHECK,
            PROVIDER_CHECK,
            *(signal.check for signal in SIGNALS),
        ),
        key=lambda check: check.id,
    )
)
"""In the order reports show them."""
BY_ID = {check.id: check for check in CHECKS}
DECIDABLE = tuple(check.id for check in CHECKS if check.id != ALLOW_FILE)
"""Checks that entries of the allow file and the set-aside file may name."""
LIMITS = {check.id: check.limit for check in CHECKS if check.limit}
ASIDES: dict[str, tuple[Check, Aside]] = {
    check.aside.name: (check, check.aside) for check in CHECKS if check.aside
}
"""Names for `--set-aside`, with the check and why its rows are set aside."""
REVIEWED = "reviewed"
"""The rule of rows that the set-aside file names; it holds whatever `--set-aside` says."""


def aside_because(rule: str) -> str | None:
    """Why the rows of a rule are set aside, as reports put it; None for a rule that is unknown."""
    if rule == REVIEWED:
        return "a reviewer set it aside"
    return ASIDES[rule][1].words if rule in ASIDES else None


def limits(config: CheckConfig) -> dict[str, float]:
    """The limit of every check that has one: as configured, or its default.

    Raises:
        ConfigError: a limit is out of range, or its check has none.
    """
    for name, value in config.limits.items():
        if name not in LIMITS:
            raise ConfigError(
                f"checks.limits.{name}: no check with this id has a limit; these do: {', '.join(LIMITS)}"
            )
        _, _, least, most = LIMITS[name]
        if not least <= value <= most:
            raise ConfigError(f"checks.limits.{name}: must be from {least:g} to {most:g}, not {value:g}")
    return {name: config.limits.get(name, limit.default) for name, limit in LIMITS.items()}


def is_own_limit(config: CheckConfig, finding: Finding) -> bool:
    """Whether the limit that decided a finding is its check's own, rather than derived from it."""
    return finding.id in LIMITS and limits(config)[finding.id] == finding.limit
