"""The cache at the terminal: what it keeps, what is damaged, what is dropped."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from mixguard.console.screen import GAP
from mixguard.curate.kept import Damage, Gone, Kept
from mixguard.escape import plain

STEP = 1024
UNITS = ("B", "KiB", "MiB", "GiB", "TiB")


def size(count: float) -> str:
    """A number of bytes, as people read it."""
    for unit in UNITS[:-1]:
        if count < STEP:
            return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"
        count /= STEP
    return f"{count:.1f} {UNITS[-1]}"


def render_kept(cache: Path, there: Sequence[Kept], limit: int) -> RenderableType:
    """What is kept, and the limit."""
    head = Text(f"{plain(str(cache))}: {size(sum(each.bytes for each in there))}\n")
    table = Table("kind", "name", box=None, pad_edge=False, padding=GAP)
    for name in ("texts", "size", "last used"):
        table.add_column(name, justify="right", no_wrap=True)
    for each in there:
        texts = "" if each.texts is None else f"{each.texts:,}"
        used = f"{each.used:%Y-%m-%d}" if each.used else ""
        table.add_row(each.kind, Text(plain(each.name)), texts, size(each.bytes), used)
    most = f"\nVectors of one encoder take at most {size(limit)} (encode.cache_size); those used least recently go first."
    return Group(head, *([table] if there else [Text("nothing is kept")]), Text(most))


def render_damage(there: Sequence[Kept], damage: Sequence[Damage]) -> RenderableType:
    """What is damaged; all that is well is counted."""
    lines = [Text(f"{plain(str(each.kept.path))}: {plain(each.what)}") for each in damage]
    if not lines:
        texts = sum(each.texts or 0 for each in there)
        return Text(f"nothing is damaged: {len(there):,} kept, {texts:,} rows match their seals")
    return Group(
        *lines,
        Text(
            "\nThe next audit that needs these makes them anew; `mixguard cache prune --all` drops everything."
        ),
    )


def render_gone(gone: Sequence[Gone], *, dry_run: bool) -> RenderableType:
    """What was dropped, or would be."""
    if not gone:
        return Text("nothing to drop")
    lines = []
    for each in gone:
        texts = "" if each.texts is None else f", {each.texts:,} texts"
        lines.append(Text(f"{each.kept.kind} {plain(each.kept.name)}: {size(each.bytes)}{texts}"))
    verb = "would drop" if dry_run else "dropped"
    return Group(*lines, Text(f"\n{verb} {size(sum(each.bytes for each in gone))}"))
