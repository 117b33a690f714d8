"""The list of checks and their limits."""

from __future__ import annotations

import math

import pytest
from building import answered, evidence, found, row

from mixguard.catalogue import ASIDES, BY_ID, CHECKS, LIMITS, is_own_limit, limits
from mixguard.config import CheckConfig, Config
from mixguard.errors import ConfigError
from mixguard.signals import SIGNALS


def configured(**values: float) -> CheckConfig:
    """Limits by check id, set as on the command line."""
    return Config.load(values={f"checks.limits.{name}": value for name, value in values.items()}).checks


def test_checks_are_sorted_by_id_and_include_every_signal() -> None:
    ids = [check.id for check in CHECKS]
    assert ids == sorted(set(ids)) == list(BY_ID)
    assert {signal.check.id for signal in SIGNALS} < set(ids)


def test_limits_have_defaults() -> None:
    assert limits(CheckConfig()) == {check.id: check.limit.default for check in CHECKS if check.limit}
    assert limits(CheckConfig())["MG103"] == 10


def test_setting_a_limit_leaves_the_others_unchanged() -> None:
    moved = limits(configured(MG103=3, MG302=0.5))
    assert moved == {**limits(CheckConfig()), "MG103": 3, "MG302": 0.5}


@pytest.mark.parametrize("id_", LIMITS)
def test_a_limit_must_be_in_its_range(id_: str) -> None:
    _, _, least, most = LIMITS[id_]
    for value in (least, most):
        assert limits(configured(**{id_: value}))[id_] == value
    for value in (least - 0.001, most * 1.001, math.inf, math.nan):
        with pytest.raises(ConfigError) as refusal:
            limits(configured(**{id_: value}))
        why = (
            f"must be from {least:g} to {most:g}, not {value:g}" if math.isfinite(value) else "finite number"
        )
        assert f"checks.limits.{id_}: " in str(refusal.value)
        assert why in str(refusal.value)


@pytest.mark.parametrize("id_", ["MG999", *(check.id for check in CHECKS if not check.limit)])
def test_a_limit_for_a_check_without_one_is_refused_and_valid_ids_are_listed(id_: str) -> None:
    with pytest.raises(ConfigError, match=rf"checks\.limits\.{id_}: no check") as refusal:
        limits(configured(**{id_: 1}))
    assert all(name in str(refusal.value) for name in LIMITS)


def test_a_limit_needs_a_check_id_and_a_number() -> None:
    with pytest.raises(ConfigError, match=r"checks\.limits\.answered"):
        configured(answered=1)
    with pytest.raises(ConfigError, match=r"checks\.limits\.MG103"):
        Config.load(values={"checks.limits.MG103": "many"})


def test_a_limit_is_told_apart_from_one_derived_from_it() -> None:
    rows = [*[row()] * 100, answered(), row(proximity=0.4)]
    own, moved = Config(), Config.load(values={"checks.limits.MG103": 5})
    assert is_own_limit(own.checks, found(evidence(rows), "MG103"))
    assert is_own_limit(moved.checks, found(evidence(rows, moved), "MG103"))
    assert not is_own_limit(moved.checks, found(evidence(rows), "MG103"))
    assert not is_own_limit(
        own.checks, found(evidence(rows), "MG201")
    )  # its limit plus the share expected of plain text
    assert not is_own_limit(own.checks, found(evidence(rows), "MG101"))  # has none


def test_set_aside_rules_are_unique() -> None:
    assert len(ASIDES) == sum(check.aside is not None for check in CHECKS)
    assert ASIDES["answered"][0] is BY_ID["MG103"]
