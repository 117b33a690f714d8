"""Why a row was judged the way it was, at the terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from mixguard.annotate.phrases import Span
from mixguard.escape import printed, shorten
from mixguard.explain import shown

PLACES_SHOWN = 10


def render_explanation(
    rows: pl.DataFrame, texts: Mapping[int, Mapping[str, Any]], *, show_text: bool
) -> RenderableType:
    """Each exchange's judgements, where its texts show them, and its nearest exemplars.

    Args:
        rows: the annotated exchanges.
        texts: their texts by number of the exchange, as far as they can be read.
        show_text: print prompts and responses as well.
    """
    return Group(
        *(
            _explained(row, texts.get(row.get("exchange", 0), {}), show_text=show_text)
            for row in rows.iter_rows(named=True)
        )
    )


def _explained(row: dict[str, Any], text: Mapping[str, Any], *, show_text: bool) -> Group:
    lines: list[RenderableType] = []
    if "source" in row:
        place = printed(f"{row['source']}:{row['line']}")
        lines.append(Text(f"{place}  exchange {row['exchange']}  sample {row['sample_id']}", style="bold"))
    if show_text:
        lines += [
            Text(f"  {name:<9} {printed(shorten(text[name], 300))}")
            for name in ("prompt", "response")
            if text.get(name) is not None
        ]
    lines.append(Text(f"  hazard    {_hazard_line(row)}"))
    if "stance" in row:
        lines.append(Text(f"  stance    {_stance_line(row)}"))
    if row.get("words"):
        lines.append(Text(f"  added     {_added_line(row)}"))
    if "checks" in row:
        checks = row["checks"] if isinstance(row["checks"], list) else ["no check"]
        lines.append(Text(f"  flagged   by {', '.join(checks)}"))
        lines += _places(checks, text)
    if isinstance(row.get("exemplars"), list):
        lines.append(_exemplar_table(row["exemplars"]))
    return Group(*lines, Text())


def _places(checks: Sequence[str], text: Mapping[str, Any]) -> list[RenderableType]:
    """Where the texts show what flagged them."""
    found = shown(checks, text) if text else []
    lines: list[RenderableType] = [
        Text(f"    at      {printed(f'{each.check} {each.name}: {each.span.words}, {_place(each.span)}')}")
        for each in found[:PLACES_SHOWN]
    ]
    more = len(found) - PLACES_SHOWN
    return [*lines, Text(f"            and {more:,} more places")] if more > 0 else lines


def _place(span: Span) -> str:
    return f"{span.field} characters {span.start + 1:,} to {span.end:,}"


def _hazard_line(row: dict[str, object]) -> str:
    if row["hazard_unjudged"]:
        return f"not judged: {row['hazard_unjudged']}"
    sub = f" / {row['sub_hazard']}" if row["sub_hazard"] else ""
    if row["hazard_stage"] == "screen":
        return f"dismissed by the screen: hazard probability {row['hazard_score']:.2f} by its words alone; nothing else judged it"
    return (
        f"{row['hazard']}{sub}, hazard probability {row['hazard_score']:.2f}"
        f" (margin {row['hazard_margin']:+.2f}, proximity {row['proximity']:+.2f}),"
        f" by the {row['hazard_stage']} stage"
    )


def _stance_line(row: dict[str, object]) -> str:
    if row["stance_unjudged"]:
        return f"not judged: {row['stance_unjudged']}"
    note = f", {row['stance_note']}" if row["stance_note"] else ""
    if row["stance_score"] is None:
        return f"{row['stance']}, since it holds no words of refusal{note}"
    return f"{row['stance']}, refusal probability {row['stance_score']:.2f}{note}"


def _added_line(row: dict[str, object]) -> str:
    opening = f", opening {row['opening_given']!r}" if row["opening_given"] else ""
    task = f", as a {row['task']} task" if row["task"] else ""
    return printed(f"pair {row['pair']}, words: {row['words']}{opening}{task}")


def _exemplar_table(exemplars: Sequence[Mapping[str, Any]]) -> RenderableType:
    table = Table(
        box=None, pad_edge=False, title="  nearest exemplars", title_justify="left", title_style="dim"
    )
    for name in ("", "cosine", "label", "exemplar", "text"):
        table.add_column(name, no_wrap=name != "text")
    for exemplar in exemplars:
        style = "red" if exemplar["label"] == "violating" else "green"
        similarity = f"{exemplar['similarity']:.2f}"
        label = Text(exemplar["label"], style=style)
        table.add_row("  ", similarity, label, exemplar["exemplar"], shorten(exemplar["text"], 100))
    return table
