"""The checks that there are, and the limits that decide them."""

from __future__ import annotations

import math

import pytest
from building import answered, evidence, found, row

from mixguard.catalogue import ASIDES, BY_ID, CHECKS, LIMITS, is_own_limit, limits
from mixguard.config import CheckConfig, Config
from mixguard.errors import ConfigError
from mixguard.signals import SIGNALS


def configured(**values: float) -> CheckConfig:
    """Limits by the ids of their checks, set as a command line sets them."""
    return Config.load(values={f"checks.limits.{name}": value for name, value in values.items()}).checks


def test_checks_are_in_the_order_of_their_ids_and_every_signals_is_among_them() -> None:
    ids = [check.id for check in CHECKS]
    assert ids == sorted(set(ids)) == list(BY_ID)
    assert {signal.check.id for signal in SIGNALS} < set(ids)


def test_a_limit_that_is_not_set_is_its_default() -> None:
    assert limits(CheckConfig()) == {check.id: check.limit.default for check in CHECKS if check.limit}
    assert limits(CheckConfig())["MG103"] == 10


def test_a_limit_that_is_set_leaves_the_others_as_they_are() -> None:
    moved = limits(configured(MG103=3, MG302=0.5))
    assert moved == {**limits(CheckConfig()), "MG103": 3, "MG302": 0.5}


@pytest.mark.parametrize("id_", LIMITS)
def test_a_limit_can_be_anything_from_0_to_the_most_that_makes_sense(id_: str) -> None:
    most = LIMITS[id_].most
    for value in (0, most):
        assert limits(configured(**{id_: value}))[id_] == value
    for value in (-0.001, most * 1.001, math.inf, math.nan):
        with pytest.raises(ConfigError) as refusal:
            limits(configured(**{id_: value}))
        assert str(refusal.value).startswith(f"checks.limits.{id_}: has to be from 0 to {most:g}, not ")


@pytest.mark.parametrize("id_", ["MG999", *(check.id for check in CHECKS if not check.limit)])
def test_a_limit_of_a_check_that_has_none_is_refused_and_those_that_have_one_are_named(id_: str) -> None:
    with pytest.raises(
        ConfigError, match=rf"^checks\.limits\.{id_}: no check of this id has a limit"
    ) as refusal:
        limits(configured(**{id_: 1}))
    assert all(name in str(refusal.value) for name in LIMITS)


def test_a_limit_is_set_by_the_id_of_its_check_and_by_nothing_else() -> None:
    with pytest.raises(ConfigError, match=r"checks\.limits\.answered"):
        configured(answered=1)
    with pytest.raises(ConfigError, match=r"checks\.limits\.MG103"):
        Config.load(values={"checks.limits.MG103": "many"})


def test_a_limit_that_decided_is_told_from_one_that_is_derived_from_it() -> None:
    rows = [*[row()] * 100, answered(), row(proximity=0.4)]
    own, moved = Config(), Config.load(values={"checks.limits.MG103": 5})
    assert is_own_limit(own.checks, found(evidence(rows), "MG103"))
    assert is_own_limit(moved.checks, found(evidence(rows, moved), "MG103"))
    assert not is_own_limit(moved.checks, found(evidence(rows), "MG103"))
    assert not is_own_limit(own.checks, found(evidence(rows), "MG201"))  # and what plain text would bring
    assert not is_own_limit(own.checks, found(evidence(rows), "MG102"))  # which has none


def test_what_can_be_set_aside_is_named_once() -> None:
    assert len(ASIDES) == sum(check.aside is not None for check in CHECKS)
    assert ASIDES["answered"][0] is BY_ID["MG103"]
