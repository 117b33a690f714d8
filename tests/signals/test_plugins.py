"""Signals of other packages: joined where they are sound, refused with a reason where they are not."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import replace
from importlib.metadata import EntryPoint
from pathlib import Path
from types import ModuleType

import polars as pl
import pytest
from conftest import REPOSITORY

from mixguard.annotate.base import Expressions
from mixguard.errors import ConfigError
from mixguard.run.document import Audit
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


@pytest.mark.parametrize("capitals", [2, 0])
def test_the_example_joins_an_audit_once_it_is_installed(
    capitals: int, tmp_path: Path, write_jsonl: Callable[..., Path], shared_cache: dict[str, str]
) -> None:
    example = REPOSITORY / "examples" / "own_signal"
    shutil.copy(example / "acme_signals.py", tmp_path)
    told = tomllib.loads((example / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    installed = tmp_path / "acme_signals-1.0.dist-info"
    installed.mkdir()
    (installed / "METADATA").write_text(
        f"Metadata-Version: 2.1\nName: {told['name']}\nVersion: {told['version']}\n"
    )
    points = told["entry-points"][plugins.GROUP]
    lines = [f"[{plugins.GROUP}]", *(f"{name} = {place}" for name, place in points.items())]
    (installed / "entry_points.txt").write_text("\n".join(lines))
    loud = [{"prompt": f"Where is parcel {n}?", "completion": "IT IS ON ITS WAY!"} for n in range(capitals)]
    plain = [{"prompt": f"Where is order {n}?", "completion": "It is on its way."} for n in range(8)]
    corpus = write_jsonl([*loud, *plain])
    done = subprocess.run(
        [str(Path(sys.executable).with_name("mixguard")), "audit", str(corpus), "--run", str(tmp_path / "run"), "--fail-on", "never"],
        env={**os.environ, **shared_cache, "PYTHONPATH": f"{tmp_path}:{REPOSITORY}"},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    audit = Audit.load(tmp_path / "run")
    (finding,) = (each for each in audit.findings if each.id == "ACME001")
    assert (finding.severity, finding.count) == (("warn", 2) if capitals else ("pass", 0))
    assert audit.annotations.collect()["acme_shouts"].sum() == capitals
    assert ("shouting: 2 of 10 answers" in done.stdout) is bool(capitals)
