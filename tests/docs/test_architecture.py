"""The page on the architecture, and its picture, show the layers and modules that there are."""

from __future__ import annotations

import itertools
import re
import tomllib
import xml.etree.ElementTree as ET

from conftest import REPOSITORY

DOCS = REPOSITORY / "docs"


def test_the_picture_shows_the_floors_as_they_are() -> None:
    root = ET.parse(DOCS / "pictures" / "architecture.svg").getroot()
    svg = "{http://www.w3.org/2000/svg}"
    rows: dict[str, list[str]] = {}
    for group in root.iter(f"{svg}g"):
        if group.get("class") == "floor":
            rows.setdefault(group[0].get("y", ""), []).append(group[1][0].text or "")
    layers = _layers()
    depths = [[layers[name] for name in row] for row in rows.values()]
    assert sorted(name for row in rows.values() for name in row) == sorted(layers)
    for above, below in itertools.pairwise(depths):
        assert max(above) < min(below), "a floor is drawn above one that it lies below"


def _layers() -> dict[str, int]:
    tree = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))
    contract = next(c for c in tree["tool"]["importlinter"]["contracts"] if c["type"] == "layers")
    return {
        name.strip().removeprefix("mixguard."): depth
        for depth, floor in enumerate(contract["layers"])
        for name in floor.split("|")
    }


def test_the_architecture_says_what_every_module_is() -> None:
    page = (DOCS / "architecture.md").read_text(encoding="utf-8")
    told = {
        name
        for cell in re.findall(r"^\|([^|]+)\|", page, re.MULTILINE)
        for name in re.findall(r"`([^`]+)`", cell)
    }
    package = REPOSITORY / "mixguard"
    modules = {path.name for path in package.glob("*.py")} - {"__init__.py"}
    folders = {f"{path.parent.name}/" for path in package.glob("*/__init__.py")}
    assert (modules | folders) - told == set()
