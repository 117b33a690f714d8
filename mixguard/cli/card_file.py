"""A card as a file, and what is open in it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mixguard.report.card import Gap


def write_card(path: Path, text: str, existing: str | None) -> None:
    """Write a card if it changed, and say so."""
    from mixguard.errors import UsageError
    from mixguard.escape import plain
    from mixguard.files import write_atomically
    from mixguard.urls import shown

    if text == existing:
        typer.echo(f"{plain(shown(path))} is up to date")
        return
    try:
        write_atomically(path, text.encode())
    except OSError as error:
        raise UsageError(f"{path}: cannot write this file ({error.strerror})") from None
    typer.echo(f"wrote {plain(shown(path))}")


def tell(found: Iterable[Gap]) -> None:
    """Print one line per gap: where, weight, what, what to do."""
    from mixguard.escape import plain, shorten
    from mixguard.urls import shown

    for gap in found:
        weight = "required" if gap.required else "optional"
        typer.echo(f"{plain(shown(gap.where))}: {weight}: {shorten(gap.what, 100)}: {plain(gap.how)}")
