"""A chart of what is watched, as one SVG file that needs nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from xml.etree import ElementTree as ET

from mixguard.checkpoint.drift import Watched
from mixguard.checkpoint.monitor import Drift
from mixguard.escape import one_line

WIDTH, ROW, LEFT, RIGHT, TOP = 720, 64, 230, 110, 40
PLOT = 44
"""Height of a line's plot, in pixels."""
STYLE = (
    "text{font:12px system-ui,sans-serif;fill:#222}.dim{fill:#666}.limit{stroke:#b3261e;stroke-dasharray:4 3}"
    ".line{stroke:#2f5d8a;fill:none;stroke-width:1.6}.dot{fill:#2f5d8a}.out{fill:#b3261e}.base{stroke:#ccc}"
    "@media(prefers-color-scheme:dark){svg{background:#111}text{fill:#eee}.dim{fill:#aaa}.line{stroke:#8ab4e8}.dot{fill:#8ab4e8}}"
)


def chart(drift: Drift) -> bytes:
    """Each whole axis, and each hazard outside its limits: the share in every run, with the limit as a dashed line."""
    lines = [line for line in drift.lines if line.hazard is None or line.drifted]
    height = TOP + ROW * len(lines) + 12
    svg = ET.Element(
        "svg",
        {
            "xmlns": "http://www.w3.org/2000/svg",
            "viewBox": f"0 0 {WIDTH} {height}",
            "width": str(WIDTH),
            "role": "img",
        },
    )
    ET.SubElement(
        svg, "title"
    ).text = f"{drift.verdict}: {len(drift.times)} runs since the baseline of {one_line(drift.baseline)}"
    ET.SubElement(svg, "style").text = STYLE
    _text(svg, 12, 22, f"{one_line(drift.model)}, {drift.verdict}; baseline of {one_line(drift.baseline)}")
    for number, line in enumerate(lines):
        _row(svg, TOP + ROW * number, line)
    return bytes(ET.tostring(svg, encoding="utf-8", xml_declaration=True)) + b"\n"


def _row(svg: ET.Element, top: float, line: Watched) -> None:
    limit = line.limit / line.total if line.total else 0.0
    highest = max(*line.series, limit, 0.01) * 1.1
    bottom = top + PLOT
    points = [
        (x, bottom - PLOT * share / highest)
        for x, share in zip(_across(line.series), line.series, strict=True)
    ]
    _text(svg, 12, top + 20, " ".join(filter(None, (line.axis, line.hazard, line.rate))))
    _text(svg, 12, top + 38, f"{line.count} of {line.total}, limit {line.limit}", "dim")
    _stroke(svg, "base", bottom, bottom)
    level = bottom - PLOT * limit / highest
    _stroke(svg, "limit", level, level)
    ET.SubElement(
        svg, "polyline", {"class": "line", "points": " ".join(f"{x:.1f},{y:.1f}" for x, y in points)}
    )
    for (x, y), share in zip(points, line.series, strict=True):
        ET.SubElement(
            svg,
            "circle",
            {"class": "out" if share > limit else "dot", "cx": f"{x:.1f}", "cy": f"{y:.1f}", "r": "2.6"},
        )
    said = "outside" if line.jumped else "creeping" if line.crept else "within"
    _text(
        svg,
        WIDTH - RIGHT + 16,
        top + 28,
        f"{100 * line.series[-1]:.1f} % {said}",
        "out" if line.drifted else "",
    )


def _across(series: Sequence[float]) -> list[float]:
    width = WIDTH - LEFT - RIGHT
    return [LEFT + width * (number + 0.5) / len(series) for number in range(len(series))]


def _stroke(svg: ET.Element, kind: str, start: float, end: float) -> None:
    ends = {"x1": str(LEFT), "x2": str(WIDTH - RIGHT), "y1": f"{start:.1f}", "y2": f"{end:.1f}"}
    ET.SubElement(svg, "line", {"class": kind, **ends})


def _text(svg: ET.Element, x: float, y: float, text: str, kind: str = "") -> None:
    ET.SubElement(svg, "text", {"x": str(x), "y": str(y), **({"class": kind} if kind else {})}).text = text
