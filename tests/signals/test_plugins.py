"""Signals of other packages: joined where they are sound, refused with a reason where they are not."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import replace
from importlib.metadata import EntryPoint
from types import ModuleType

import polars as pl
import pytest

from mixguard.annotate.base import Expressions
from mixguard.errors import ConfigError
from mixguard.signals import OWN, plugins
from mixguard.signals.base import Signal
from mixguard.signals.turnover import TURNOVER

COLUMNS = {"acme_shouts": pl.col("prompt").str.contains("!")}
ACME = replace(
    TURNOVER,
    check=replace(TURNOVER.check, id="ACME001", name="acme-shouting"),
    annotator=Expressions(("prompt",), pl.Schema({"acme_shouts": pl.Boolean}), COLUMNS),
)


@pytest.fixture
def package() -> Iterator[ModuleType]:
    module = ModuleType("acme_signals")
    sys.modules[module.__name__] = module
    yield module
    del sys.modules[module.__name__]


def joined(monkeypatch: pytest.MonkeyPatch, package: ModuleType, signal: object) -> tuple[Signal, ...]:
    package.__dict__["SHOUTS"] = signal
    point = EntryPoint("shouts", "acme_signals:SHOUTS", plugins.GROUP)
    monkeypatch.setattr(plugins, "entry_points", lambda group: [point] if group == plugins.GROUP else [])
    return plugins.installed(OWN)


def test_a_sound_signal_joins(monkeypatch: pytest.MonkeyPatch, package: ModuleType) -> None:
    assert joined(monkeypatch, package, ACME) == (ACME,)


@pytest.mark.parametrize(
    ("signal", "why"),
    [
        ("text", "is not a mixguard.signals.base.Signal but str"),
        (replace(ACME, check=replace(ACME.check, id="MG999")), "ids that begin with MG"),
        (
            replace(ACME, check=replace(ACME.check, name="duplicates")),
            "there is a check ACME001 or duplicates",
        ),
        (
            replace(
                ACME,
                annotator=Expressions(
                    (), pl.Schema({"proximity": pl.Float32}), {"proximity": pl.lit(0.0, pl.Float32)}
                ),
            ),
            "column proximity is written by another signal",
        ),
    ],
    ids=["not one", "reserved id", "known name", "known column"],
)
def test_an_unsound_one_is_refused(
    monkeypatch: pytest.MonkeyPatch, package: ModuleType, signal: object, why: str
) -> None:
    with pytest.raises(ConfigError, match=rf"signal shouts \(acme_signals:SHOUTS\): .*{why}"):
        joined(monkeypatch, package, signal)


def test_a_package_that_fails_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    point = EntryPoint("shouts", "no_such_package:X", plugins.GROUP)
    monkeypatch.setattr(plugins, "entry_points", lambda group: [point])
    with pytest.raises(ConfigError, match=r"cannot be loaded: .*update or remove the package"):
        plugins.installed(OWN)
