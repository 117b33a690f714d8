"""The figures that the plan's warning names are those of the training study."""

from __future__ import annotations

import json
import re
from pathlib import Path

from mixguard.mix.proposal import MEASURED

RESULT = Path(__file__).resolve().parents[2] / "benchmarks" / "results" / "efficacy.json"


def test_the_warning_names_the_figures_of_the_study() -> None:
    arms = json.loads(RESULT.read_text())["arms"]
    main = [arm for arm in arms if arm["rate"] == 1e-3 and arm["seeds"] == 3]

    def kept(name: str) -> tuple[int, int]:
        mine = [arm for arm in main if arm["arm"] == name]
        return sum(arm["refused"] for arm in mine), sum(arm["asked"] for arm in mine)

    asked = {kept(name)[1] for name in ("benign", "bank words", "voice", "own words")}
    numbers = [int(number) for number in re.findall(r"\d+", MEASURED)]
    assert len(asked) == 1
    assert numbers == [kept("benign")[0], *asked, kept("bank words")[0], kept("voice")[0]]


def test_the_readme_names_the_figures_of_the_study() -> None:
    readme = (RESULT.parents[2] / "README.md").read_text()
    page = (RESULT.parents[2] / "docs" / "efficacy.md").read_text()
    rows = re.findall(r"^\| [^|]+ \| (\d+) of (\d+) \| (\d+) \|$", readme, re.MULTILINE)
    for name, (words, asked, detector) in zip(("benign", "bank words", "voice"), rows, strict=True):
        assert f"| {name} | {words} of {asked} | {detector} of {asked} |" in page
