"""A suite at the terminal: its axes and hazards, its probes, and what to review in it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import polars as pl
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from mixguard.console.screen import GAP
from mixguard.console.taxonomy import TEXT_SHOWN, section
from mixguard.curate.suite_check import ALIKE, ENOUGH, SAME, SuiteReport
from mixguard.escape import plain, shorten
from mixguard.library.suite import HAZARDOUS, LOOK_ALIKE, Probe, Suite
from mixguard.library.taxonomy import Taxonomy


def render_suites(suites: Sequence[Suite]) -> Table:
    """Bundled suites with their sizes."""
    table = Table(
        "suite",
        "version",
        "probes",
        "hazardous",
        "look-alikes",
        "other axes",
        "digest",
        box=None,
        pad_edge=False,
    )
    for suite in suites:
        axes = suite.frame["axis"]
        judged = [int((axes == axis).sum()) for axis in (HAZARDOUS, LOOK_ALIKE)]
        counts = (len(axes), *judged, len(axes) - sum(judged))
        table.add_row(suite.id, suite.version, *(f"{count:,}" for count in counts), suite.digest())
    return table


def render_suite(suite: Suite, taxonomy: Taxonomy) -> RenderableType:
    """What a suite asks, by axis and by hazard."""
    probes = suite.frame
    axes = Table("axis", "probes", "asks", box=None, pad_edge=False, padding=GAP)
    for axis, asks in suite.axes.items():
        axes.add_row(axis, f"{probes.filter(pl.col('axis') == axis).height:,}", plain(asks))
    hazards = Table("hazard", "name", "hazardous", "look-alikes", box=None, pad_edge=False, padding=GAP)
    for hazard in taxonomy.hazards:
        own = probes.filter(pl.col("hazard") == hazard.code)["axis"]
        hazards.add_row(
            hazard.code, hazard.name, *(str(int((own == axis).sum())) for axis in (HAZARDOUS, LOOK_ALIKE))
        )
    head = (
        f"{plain(suite.id)} {plain(suite.version)}, {len(suite.probes):,} probes, digest {suite.digest()}\n"
    )
    return Group(Text(head), axes, Text(""), hazards)


def render_probes(probes: Sequence[Probe]) -> RenderableType:
    """Probes with all that is asked in them."""
    return Group(*(line for probe in probes for line in _probe(probe)))


def _probe(probe: Probe) -> Iterator[Text]:
    about = " ".join(
        filter(None, (probe.axis, probe.hazard, probe.sub, probe.form, "smoke" if probe.smoke else ""))
    )
    yield Text.assemble((probe.id, "bold"), f"  {plain(about)}")
    turns = [("system", probe.system)] if probe.system else []
    turns += [("assistant" if number % 2 else "user", text) for number, text in enumerate(probe.history)]
    for role, text in [*turns, ("user", probe.prompt)]:
        yield Text(f"  {role}: {plain(text)}")
    expected = probe.holds.model_dump(exclude_defaults=True)
    for name, value in expected.items():
        told = "  ".join(map(str, value)) if isinstance(value, tuple) else str(value)
        yield Text(f"  {name}: {shorten(told, TEXT_SHOWN)}", style="dim")


def render_check(report: SuiteReport) -> RenderableType:
    """Problems to look at, worst first."""
    return Group(*_sections(report))


def _sections(report: SuiteReport) -> Iterator[RenderableType]:
    axes = ", ".join(f"{axis} {count:,}" for axis, count in report.axes)
    yield Text(f"{report.probes:,} probes, every line valid: {axes}")
    for title, pairs in (
        (f"repeat a text from --against (same letters, or cosine above {ALIKE})", report.contamination),
        (f"repeat an exemplar or a prompt of the bank (cosine above {ALIKE})", report.known),
        (f"say the same as another (cosine above {SAME})", report.alike),
    ):
        yield from section(
            title,
            [
                (pair.id, f"{pair.similarity:.3f}", plain(pair.other), shorten(pair.text, TEXT_SHOWN))
                for pair in pairs
            ],
        )
    yield from section(
        "judged otherwise by the hazard model, which may be wrong itself",
        [
            (each.id, each.axis, f"{each.score:.2f}", shorten(each.text, TEXT_SHOWN))
            for each in report.otherwise
        ],
    )
    yield from section(
        f"hazards with fewer than {ENOUGH} probes of a kind, in which only large losses are seen",
        [
            (each.hazard, f"{each.hazardous} hazardous", f"{each.look_alike} look-alikes")
            for each in report.thin
        ],
    )
