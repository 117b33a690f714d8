from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree as ET

from monitoring import history, run

from mixguard.checkpoint.answers import Target
from mixguard.checkpoint.drift_chart import chart
from mixguard.checkpoint.monitor import check

SVG = "{http://www.w3.org/2000/svg}"


def test_a_chart_has_a_point_for_each_run_and_names_what_is_outside(tmp_path: Path) -> None:
    late = run("3", bad=12).model_copy(update={"target": Target(model="<script>\x1b[31m", kind="demo")})
    drift = check(history(tmp_path, run("1", promoted=True), run("2"), late))
    tree = ET.fromstring(chart(drift))
    shown = [line for line in drift.lines if line.hazard is None or line.drifted]
    assert len(tree.findall(f"{SVG}circle")) == 2 * len(shown)
    said = [text.text or "" for text in tree.findall(f"{SVG}text")]
    assert "hazardous vcr lost" in said
    assert sum("outside" in text for text in said) == sum(line.jumped for line in shown) >= 3
    assert not tree.findall(f".//{SVG}script")
