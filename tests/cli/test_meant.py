"""A name that is nearly right is met with the right one."""

from __future__ import annotations

from pathlib import Path

import pytest
from commanding import command

from mixguard.errors import meant, nearest


@pytest.mark.parametrize(
    ("given", "known", "found"),
    [
        ("--quite", ["--quiet", "--set"], "--quiet"),
        ("--out", ["--output", "--format", "--set"], "--output"),
        ("--quiet", ["--set", "--run"], None),
        ("MG1031", ["MG101", "MG103"], "MG103"),
        (".htm", [".html", ".md"], ".html"),
        ("", ["a"], None),
        ("x", [], None),
    ],
)
def test_the_nearest_name_is_found_or_none(given: str, known: list[str], found: str | None) -> None:
    assert nearest(given, known) == found
    assert meant(given, known) == (f" (did you mean {found!r}?)" if found else "")


@pytest.mark.parametrize(
    ("arguments", "right"),
    [
        ("audti", "audit"),
        ("audit x --quite", "--quiet"),
        ("audit x --out y", "--output"),
        ("audit x --set judge.taxonmy=own", "judge.taxonomy"),
        ("audit x --set taxonomy=own", "judge.taxonomy"),
        ("audit x --set judge.profile=own", "rebalance.profile"),
        ("audit x --set checks.sample=3", "checks.samples"),
        ("audit x -o report.htm", ".html"),
        ("audit x --fail-on hram", "harm"),
        ("audit -c section.toml x", "checks"),
        ("audit -c key.toml x", "checks.samples"),
        ("audit x --provider opnai", "openai"),
        ("config shw", "show"),
        ("taxonomy show vrc", "vcr"),
        ("bank show vrc", "vcr"),
        ("bank list mixgaurd", "mixguard"),
        ("suite show standrd", "standard"),
        ("voice show llama3", "llama-3"),
    ],
)
def test_a_slip_is_met_with_what_was_meant(tmp_path: Path, arguments: str, right: str) -> None:
    (tmp_path / "section.toml").write_text("[cheks]\nsamples = 3\n")
    (tmp_path / "key.toml").write_text("[checks]\nsampels = 3\n")
    (tmp_path / "x").write_text("{}")
    done = command(tmp_path, *arguments.split())
    assert done.returncode == 2
    assert f"id you mean '{right}'?" in done.stderr
    assert "Traceback" not in done.stderr
