"""Voices at the terminal."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from mixguard.console.screen import GAP
from mixguard.escape import printed, shorten, typed
from mixguard.library.voice import Voice


def render_voices(voices: Sequence[Voice]) -> RenderableType:
    """The voices with their commonest opening."""
    table = Table("voice", "model", "openings", "commonest", box=None, pad_edge=False, padding=GAP)
    for voice in voices:
        first = max(voice.opening, key=lambda each: each.share)
        table.add_row(voice.id, Text(voice.name), str(len(voice.opening)), Text(shorten(first.text, 60)))
    return table


def render_voice(voice: Voice) -> RenderableType:
    """A voice in full."""
    table = Table("share", "opening", "source", box=None, pad_edge=False, padding=GAP)
    for each in sorted(voice.opening, key=lambda each: -each.share):
        table.add_row(f"{each.share:.0%}", Text(printed(each.text)), Text(printed(each.source), style="dim"))
    return Group(
        Text.assemble((voice.id, "bold"), f"  {printed(voice.name)}"), *_habits(voice), Text(), table
    )


def render_learned(voice: Voice, file: Path) -> RenderableType:
    """A voice that was just learned, and what to do with it."""
    return Group(
        render_voice(voice),
        Text(
            f"\nWrote {printed(str(file))}: use it with `mixguard rebalance ... {typed('--voice', str(file))}`"
        ),
    )


def _habits(voice: Voice) -> list[Text]:
    lines = []
    if voice.refuses is not None:
        lines.append(Text(f"  refused {voice.refuses:.0%} of {voice.asked:,} answers to hazardous prompts"))
    lines.append(
        Text(
            f"  {voice.words:.0f} words a refusal; {voice.markup:.0%} with markup, {voice.offer:.0%} end with an offer"
        )
    )
    if voice.source:
        lines.append(Text(f"  {printed(voice.source)}", style="dim"))
    return lines
