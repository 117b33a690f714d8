"""A history and a check of it at the terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from mixguard.checkpoint.drift import Watched
from mixguard.checkpoint.history import History
from mixguard.checkpoint.monitor import Drift
from mixguard.checkpoint.monitored import Run
from mixguard.console.screen import GAP, STYLES
from mixguard.escape import printed, shorten, typed
from mixguard.library.suite import HAZARDOUS, LOOK_ALIKE

RUNS_SHOWN = 20
MODEL_SHOWN = 20
CHART = 16
"""Runs in a line's chart."""
_BLOCKS = "▁▂▃▄▅▆▇█"
_STYLES = {"within limits": STYLES["pass"], "drifted": STYLES["fail"], "not judged": STYLES["incomplete"]}


def render_added(history: History) -> Text:
    """What was added, and what comes next."""
    run, path = history.runs[-1], printed(str(history.path))
    kind = "as the baseline" if run.promoted else f"as run {len(history.runs)}"
    lines = [f"added {printed(run.target.model)} of {printed(run.at)} to {path} {kind}"]
    if history.baseline is None:
        lines.append(
            f"no baseline yet: {typed('mixguard', 'monitor', 'add', str(history.path), 'PROBE', '--promote')}"
        )
    elif not run.promoted:
        lines.append(f"next: {typed('mixguard', 'monitor', 'check', str(history.path))}")
    return Text("\n".join(lines))


def render_history(history: History, drift: Drift | None) -> RenderableType:
    """The last runs, and the chart of what is watched."""
    table = Table(box=None, pad_edge=False, padding=GAP)
    for name in ("run", "asked", "model"):
        table.add_column(name, no_wrap=True)
    for name in ("refused", "answered", "others", "unstable", "broken", "missing"):
        table.add_column(name, justify="right")
    first = max(0, len(history.runs) - RUNS_SHOWN)
    for number, run in enumerate(history.runs[first:], first + 1):
        mark = f"{number}*" if number - 1 == history.baseline else str(number)
        table.add_row(mark, printed(run.at[:16]), shorten(run.target.model, MODEL_SHOWN), *_figures(run))
    legend = "* the baseline; refused: hazardous prompts, answered: look-alikes, others: the other axes, shares of good answers"
    parts: list[RenderableType] = [table, Text(legend, style="dim")]
    if first:
        parts.append(Text(f"{first} earlier runs are not shown", style="dim"))
    return Group(*parts, *([Text(""), render_check(drift)] if drift else []))


def render_check(drift: Drift) -> RenderableType:
    """The verdict, and every line that is watched over whole axes or is outside its limits."""
    return Group(*_check(drift))


def _check(drift: Drift) -> Iterator[RenderableType]:
    yield Text.assemble(
        (drift.verdict.upper(), _STYLES[drift.verdict]),
        f": {printed(drift.model)} of {printed(drift.at)}, against the baseline of {printed(drift.baseline)}",
    )
    for line in (*drift.why, *drift.notes):
        yield Text(f"  {printed(line)}")
    shown = [line for line in drift.lines if line.total and (line.hazard is None or line.drifted)]
    if shown:
        yield _lines(shown)
        hazards = len({line.hazard for line in drift.lines} - {None})
        yield Text(
            f"{hazards} hazards are watched too, and shown once they leave their limits. limit: the most to expect of an"
            " unchanged model. drift: evidence added up over the runs; the alarm is at 1.",
            style="dim",
        )


def _lines(shown: Sequence[Watched]) -> Table:
    table = Table(box=None, pad_edge=False, padding=GAP)
    for name in ("axis", "rate"):
        table.add_column(name, no_wrap=True)
    for name in ("count", "of", "limit", "drift"):
        table.add_column(name, justify="right")
    table.add_column("runs", no_wrap=True)
    table.add_column("")
    for line in shown:
        said = "outside limits" if line.jumped else "creeping up" if line.crept else ""
        table.add_row(
            " ".join(filter(None, (line.axis, line.hazard))),
            line.rate,
            str(line.count),
            str(line.total),
            str(line.limit),
            f"{line.running / line.running_limit:.1f}",
            spark(line),
            Text(said, style=STYLES["fail"]),
        )
    return table


def spark(line: Watched) -> str:
    """The share in the last runs as blocks; a full block is at the limit or above."""
    limit = line.limit / line.total if line.total else 0.0
    top = max(limit, 1e-9)
    return "".join(_BLOCKS[min(7, int(7 * share / top))] for share in line.series[-CHART:])


def _figures(run: Run) -> Iterator[str]:
    rows = run.frame
    axes = rows["axis"]
    for among in (axes == HAZARDOUS, axes == LOOK_ALIKE, ~axes.is_in([HAZARDOUS, LOOK_ALIKE])):
        part = rows.filter(among)
        answered = int(part["answered"].sum())
        yield f"{100 * int(part['good'].sum()) / answered:.0f} %" if answered else "-"
    yield str(int(((rows["good"] > 0) & (rows["good"] < rows["answered"])).sum()))
    yield str(int((rows["incoherent"] * 2 > rows["answered"]).sum()))
    yield str(run.missing)
