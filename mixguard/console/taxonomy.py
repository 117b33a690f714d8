"""A taxonomy at the terminal: its hazards, one hazard, and its doubtful exemplars."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import polars as pl
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from mixguard.curate.taxonomy_check import SAME, THIN, TaxonomyReport
from mixguard.escape import shorten
from mixguard.library.crosswalk import Scheme
from mixguard.library.taxonomy import Taxonomy

SHOWN = 15
"""Lines printed per section."""
TEXT_SHOWN = 90


def render_list(taxonomy: Taxonomy) -> Table:
    """Hazards with their numbers of exemplars."""
    table = Table("hazard", "name", "violating", "benign", "severity", box=None, pad_edge=False)
    for hazard in taxonomy.hazards:
        own = taxonomy.exemplars.filter(pl.col("hazard") == hazard.code)["label"]
        violating = int((own == "violating").sum())
        table.add_row(hazard.code, hazard.name, str(violating), str(len(own) - violating), hazard.severity)
    plain = taxonomy.exemplars["hazard"].null_count()
    table.add_row("-", "plain requests", "0", str(plain), "")
    return table


def render_hazard(taxonomy: Taxonomy, code: str) -> RenderableType:
    """One hazard in words a reviewer can apply, with its names in other schemes."""
    hazard = next(hazard for hazard in taxonomy.hazards if hazard.code == code)
    facts = Table.grid(padding=(0, 2))
    facts.add_column(style="dim", no_wrap=True)
    facts.add_row("definition", hazard.definition)
    facts.add_row("includes", hazard.includes)
    facts.add_row("excludes", hazard.excludes)
    for sub, meaning in hazard.sub.items():
        facts.add_row(sub, meaning)
    others = Table.grid(padding=(0, 2))
    for scheme in taxonomy.crosswalk:
        names = [_category(scheme, key) for key in scheme.map.get(code, ())]
        overlaps = [f"~{_category(scheme, key)}" for key in scheme.partial.get(code, ())]
        others.add_row(Text(scheme.name, style="dim"), "; ".join([*names, *overlaps]) or "-")
    head = Text.assemble((hazard.code, "bold"), f"  {hazard.name}, severity {hazard.severity}")
    return Group(head, facts, Text("\nOther schemes (~ partial overlap)", style="bold"), others)


def _category(scheme: Scheme, key: str) -> str:
    """A number with its name; a key that is already a name, by the name alone."""
    name = scheme.categories[key]
    return f"{key} {name}" if key[-1].isdigit() else name


def render_check(report: TaxonomyReport) -> RenderableType:
    """Problems to look at, worst first."""
    return Group(*_sections(report))


def _sections(report: TaxonomyReport) -> Iterator[RenderableType]:
    yield Text(f"{report.exemplars:,} exemplars, every line valid")
    yield from section(
        f"repeat a text from --against (same letters, or cosine above {SAME})",
        [
            (pair.id, f"{pair.similarity:.3f}", pair.other, shorten(pair.text, TEXT_SHOWN))
            for pair in report.contamination
        ],
    )
    yield from section(
        "disagree with their neighbours (probability of violating, judged by the others)",
        [
            (doubt.id, f"{doubt.probability:.2f}", doubt.label, shorten(doubt.text, TEXT_SHOWN))
            for doubt in report.doubts
        ],
    )
    yield from section(
        f"near-duplicates (cosine above {SAME})",
        [
            (pair.id, f"{pair.similarity:.3f}", pair.other, shorten(pair.text, TEXT_SHOWN))
            for pair in report.duplicates
        ],
    )
    yield from section(
        f"sub-hazards with fewer than {THIN} violating or benign exemplars",
        [
            (thin.hazard, thin.sub, f"{thin.violating} violating", f"{thin.benign} benign")
            for thin in report.thin
        ],
    )


def section(title: str, rows: Sequence[tuple[str, ...]]) -> Iterator[RenderableType]:
    """How many were found, and the first of them."""
    yield Text(f"\n{len(rows)} {title}", style="bold" if rows else "dim")
    table = Table.grid(padding=(0, 2))
    for row in rows[:SHOWN]:
        table.add_row("", *row)
    if rows:
        yield table
    if len(rows) > SHOWN:
        yield Text(f"  and {len(rows) - SHOWN} more", style="dim")
