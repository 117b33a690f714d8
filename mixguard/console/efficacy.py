"""A study at the terminal."""

from __future__ import annotations

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from mixguard.checkpoint.efficacy import Study
from mixguard.console.screen import GAP
from mixguard.escape import printed
from mixguard.mix.proposal import VOICELESS


def render_study(study: Study) -> RenderableType:
    """The doses, the number of probes, what there is no configuration for, and what to read."""
    table = Table(box=None, pad_edge=False, padding=GAP)
    table.add_column("file", no_wrap=True)
    for name in ("refusals", "look-alikes", "rows"):
        table.add_column(name, justify="right")
    for dose in study.doses:
        table.add_row(printed(dose.file.name), f"{dose.refusals:,}", f"{dose.contrast:,}", f"{dose.rows:,}")
    lines = [f"{study.hazardous:,} hazardous prompts and {study.look_alikes:,} look-alikes to ask"]
    without = {name: why for name, why in study.unfit.items() if why}
    if len(without) == len(study.unfit):  # for one reason
        without = {"any trainer": next(iter(without.values()))}
    lines += [f"no configuration for {name}: {printed(why)}" for name, why in without.items()]
    lines += [] if study.plan.voice else [f"{VOICELESS} Name its voice with --voice (mixguard voice list)."]
    lines += [f"wrote {printed(str(study.folder))}: its README.md says what to run"]
    return Group(table, Text("\n" + "\n".join(lines)))
