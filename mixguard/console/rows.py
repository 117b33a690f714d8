"""Flagged rows at the terminal: one card each, never a table of narrow columns."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from mixguard.escape import plain, printed
from mixguard.marks import Mark, pieces

TEXT_SHOWN = 400
"""Characters of a prompt or response on a card."""
_STYLES = {"signal": "bold red", "stance": "bold green", "shared": "bold yellow", "request": "underline"}


def render_rows(
    cards: Iterable[tuple[Mapping[str, Any], Sequence[Mark]]], *, left: int, show_text: bool
) -> RenderableType:
    """Cards of rows, the gravest first.

    Args:
        cards: each row with its marks.
        left: rows that were asked for and are not among them.
        show_text: show prompt and response, cut at whole words, with the words that decided in colour.
    """
    shown = [_card(row, found, show_text=show_text) for row, found in cards]
    if not shown:
        return Text("These findings have no such rows.")
    more = [Text(f"and {left:,} more; -o rows.jsonl writes all of them", style="dim")] if left else []
    return Group(*shown, *more)


def _card(row: Mapping[str, Any], found: Sequence[Mark], *, show_text: bool) -> Group:
    place = printed(f"{row['source']}:{row['line']}")
    score = "" if row["score"] is None else f"  score {row['score']:.2f}"
    head = Text.assemble((place, "bold cyan"), (f"  exchange {row['exchange']}{score}", "dim"))
    lines = Table.grid(padding=(0, 2))
    lines.add_column(no_wrap=True, style="dim")
    lines.add_row("  why", Text(printed(row["reason"])))
    for field in ("prompt", "response") if show_text else ():
        text = row[field]
        told = (
            Text("not available: the file is gone or has changed", style="dim")
            if text is None
            else excerpt(text, field, found)
        )
        lines.add_row(f"  {field}", told)
    return Group(head, lines, Text())


def excerpt(text: str, field: str, found: Sequence[Mark]) -> Text:
    """The beginning of a text as one harmless line that ends at a whole word, its marks in colour."""
    line = Text()
    for shown, mark in _harmless(text, field, found):
        line.append(shown, _STYLES.get(mark.kind, "bold") if mark else "")
        if len(line) > TEXT_SHOWN:
            break
    line.rstrip()
    if len(line) <= TEXT_SHOWN:
        return line
    end = line.plain.rfind(" ", 0, TEXT_SHOWN)
    cut = line[: end if end > 0 else TEXT_SHOWN - 1]
    return cut.append(" …" if end > 0 else "…")


def _harmless(text: str, field: str, found: Sequence[Mark]) -> Iterator[tuple[str, Mark | None]]:
    """The pieces of a text as one line; what would be a command to a CI runner is broken, across pieces too."""
    end = " "
    for piece in pieces(text[: 2 * TEXT_SHOWN], field, found):
        line = re.sub(r"\s+", " ", plain(piece.text))
        line = re.sub(r":(?=:)|#(?=#)", r"\g<0> ", line)
        line = line.lstrip() if end == " " else line
        joint = " " if end in ":#" and line.startswith(end) else ""
        if line:
            end = line[-1]
            yield joint + line, piece.mark
