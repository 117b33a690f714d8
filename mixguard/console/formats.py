"""How a file is read, at the terminal."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from mixguard.console.screen import GAP
from mixguard.corpus.exchanges import Exchange
from mixguard.corpus.look import Column, Look
from mixguard.escape import one_line, printed, shorten
from mixguard.run.mapping import suggested
from mixguard.stats import rate

COLUMNS_SHOWN = 40
REASONS_SHOWN = 5
NAME = 32
"""Characters of a column's name."""
CLIPPED = 200
"""Characters of a text."""


def render_look(look: Look) -> RenderableType:
    """What was seen of one source, and how it is read."""
    return Group(*_parts(look))


def _parts(look: Look) -> Iterator[RenderableType]:
    yield Text(printed(look.source), style="bold")
    yield Text(f"  {printed(look.kind)}; looked at the first {look.records:,} records\n", style="dim")
    yield _columns(look)
    yield Text(f"\n  read as {_counted(look.formats) if look.formats else 'no known format'}")
    if look.flags:
        yield Text(f"  flags   {_counted(look.flags)}")
    if look.rejected:
        count = look.rejected.total()
        yield Text(f"  {count:,} of {look.records:,} records cannot be read:", style="magenta")
        for reason, number in look.rejected.most_common(REASONS_SHOWN):
            yield Text(f"    {printed(reason)} ({number:,})", style="magenta")
    told = advice(look)
    if told:
        yield Text(f"  {printed(told)}", style="yellow")
    for number, exchange in enumerate(look.shown, 1):
        yield from _exchange(number, exchange)
    yield Text()


def advice(look: Look) -> str | None:
    """What to do about text that is not read; None if there is none."""
    left = look.left
    if not left:
        return None
    names = ", ".join(left[:REASONS_SHOWN]) + (", ..." if len(left) > REASONS_SHOWN else "")
    if look.is_answered:
        return f"not read: {names}; if one is trained, say so with --columns"
    return f"not read: {names}; if that is the answer, try {suggested(left, look.asked)}"


def _columns(look: Look) -> Table:
    table = Table(box=None, pad_edge=False, padding=GAP)
    for name in ("  column", "holds", "in", "read as"):
        table.add_column(name, justify="right" if name == "in" else "left")
    for name, column in list(look.columns.items())[:COLUMNS_SHOWN]:
        unread = bool(column.parts["not read"])
        table.add_row(
            Text(f"  {shorten(name, NAME)}"),
            Text(_kinds(column)),
            Text(rate(column.records, look.records)),
            Text(_parts_of(column), style="yellow" if unread else ("" if column.parts else "dim")),
        )
    if len(look.columns) > COLUMNS_SHOWN:
        table.add_row(Text(f"  and {len(look.columns) - COLUMNS_SHOWN:,} more"), "", "", "")
    return table


def _kinds(column: Column) -> str:
    return ", ".join(kind for kind, _ in column.kinds.most_common() if kind != "null") or "null"


def _parts_of(column: Column) -> str:
    return ", ".join(part for part, count in column.parts.most_common() if count) or "-"


def _counted(counts: Counter[str]) -> str:
    return ", ".join(f"{printed(name)} ({count:,})" for name, count in counts.most_common())


def _exchange(number: int, exchange: Exchange) -> Iterator[Text]:
    sign = {1: "answer", 0: "not trained", -1: "rejected answer"}[exchange.polarity]
    yield Text(f"\n  {number}. {exchange.kind}", style="bold")
    said = (
        ("system", exchange.system),
        ("document" if exchange.kind == "document" else "prompt", exchange.prompt),
        ("reasoning", exchange.reasoning),
        (sign, exchange.response),
    )
    for name, text in said:
        if text is not None:
            yield Text.assemble((f"     {name}: ", "dim"), shorten(printed(text), CLIPPED))


def as_tree(look: Look) -> dict[str, Any]:
    """A look as JSON."""
    columns = {
        name: {"records": column.records, "kinds": dict(column.kinds), "read_as": dict(+column.parts)}
        for name, column in look.columns.items()
    }
    return {
        "source": look.source,
        "kind": look.kind,
        "records": look.records,
        "columns": columns,
        "formats": dict(look.formats),
        "flags": dict(look.flags),
        "rejected": dict(look.rejected),
        "not_read": look.left,
        "advice": advice(look),
        "exchanges": [
            {
                "kind": each.kind,
                "polarity": each.polarity,
                "system": each.system and one_line(each.system)[:CLIPPED],
                "prompt": one_line(each.prompt)[:CLIPPED],
                "response": each.response and one_line(each.response)[:CLIPPED],
            }
            for each in look.shown
        ],
    }


def render_formats(keys: Mapping[str, str]) -> RenderableType:
    """Every format with its keys."""
    table = Table(box=None, pad_edge=False, padding=GAP)
    table.add_column("format", style="bold", no_wrap=True)
    table.add_column("keys")
    for name, listed in keys.items():
        table.add_row(Text(name), Text(listed))
    last = "\nOther names: --columns prompt=question,response=best_answer. docs/formats.md says what each format trains towards."
    return Group(table, Text(last))
