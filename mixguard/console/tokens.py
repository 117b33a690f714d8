"""Safety tokens at the terminal."""

from __future__ import annotations

from pathlib import Path

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from mixguard.checkpoint.safety_tokens import DIRECTION, FILE, SafetyTokens
from mixguard.console.screen import GAP
from mixguard.escape import plain

SHOWN = 8
"""Positions that fit into 80 columns."""
LEAST = 0.001
"""Smaller shifts are left blank."""


def render_tokens(found: SafetyTokens, folder: Path, refusals: int) -> RenderableType:
    """Tokens with their shifts, and the files written."""
    shown = min(found.positions, SHOWN)
    table = Table("token", box=None, pad_edge=False, padding=GAP)
    for name in ("mean", *map(str, range(1, shown + 1))):
        table.add_column(name, justify="right", no_wrap=True)
    for token in found.tokens:
        shifts = (f"{shift:+.3f}" if abs(shift) >= LEAST else "" for shift in token.shift[:shown])
        table.add_row(Text(plain(repr(token.text))), f"{token.mean:.4f}", *shifts)
    against = f" against {plain(found.base)}" if found.base else ""
    return Group(
        Text(
            f"safety tokens of {plain(found.model)}{against}: shift of probability on"
            f" {found.harmful} harmful prompts less {found.look_alike} look-alikes, by position of the response\n"
        ),
        table,
        Text(f"\nwrote {FILE} and {DIRECTION} ({refusals:,} refusals) to {plain(str(folder))}; experimental"),
    )
