"""Why a row was judged the way it was, at the terminal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import polars as pl
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from mixguard.annotate.second import ENDPOINT
from mixguard.catalogue import BY_ID
from mixguard.escape import printed, shorten
from mixguard.marks import Mark, marks

PLACES_SHOWN = 10
WORDS_SHOWN = 12
QUOTED_SHOWN = 60
TIE = 0.02
"""Margin that points nowhere."""


def render_explanation(
    rows: pl.DataFrame,
    texts: Mapping[int, Mapping[str, Any]],
    measured: Mapping[int, Sequence[Mark]],
    *,
    show_text: bool,
) -> RenderableType:
    """Each exchange's judgements, the words that decided, and its nearest exemplars.

    Args:
        rows: the annotated exchanges.
        texts: their texts by number of the exchange, as far as they can be read.
        measured: their deciding words by number of the exchange, as far as they were measured.
        show_text: print prompts, responses and the words that decided as well.
    """
    return Group(
        *(
            _explained(row, texts.get(number, {}), measured.get(number, ()), show_text=show_text)
            for row in rows.iter_rows(named=True)
            for number in (row.get("exchange", 0),)
        )
    )


def _explained(
    row: dict[str, Any], text: Mapping[str, Any], measured: Sequence[Mark], *, show_text: bool
) -> Group:
    lines: list[RenderableType] = []
    if "source" in row:
        place = printed(f"{row['source']}:{row['line']}")
        lines.append(Text(f"{place}  exchange {row['exchange']}  sample {row['sample_id']}", style="bold"))
    told = Table.grid(padding=(0, 2))
    told.add_column(no_wrap=True)
    for name, words in _told(row, text, measured, show_text=show_text):
        told.add_row(f"  {name}", Text(printed(words)))
    lines.append(told)
    if isinstance(row.get("exemplars"), list):
        lines.append(_exemplar_table(row["exemplars"]))
    return Group(*lines, Text())


def _told(
    row: dict[str, Any], text: Mapping[str, Any], measured: Sequence[Mark], *, show_text: bool
) -> Iterator[tuple[str, str]]:
    """What is said of an exchange: a name, empty where the one before goes on, and the words beside it."""
    if show_text:
        yield from (
            (name, shorten(text[name], 300)) for name in ("prompt", "response") if text.get(name) is not None
        )
    yield "hazard", _hazard_line(row)
    if row.get("neighbours") is not None:
        margin = f"margin {row['hazard_margin']:+.2f}, proximity {row['proximity']:+.2f}"
        yield "", ". ".join(filter(None, (margin, _seeming(row))))
    if "stance" in row:
        yield "stance", _stance_line(row)
    if row.get("words"):
        yield "added", _added_line(row)
    checks = row.get("checks") or []
    if "checks" in row:
        yield "flagged", f"by {', '.join(checks) or 'no check'}"
    yield from _words(marks(checks, text, row), measured, text, show_text=show_text)


def _words(
    found: Sequence[Mark], measured: Sequence[Mark], text: Mapping[str, Any], *, show_text: bool
) -> Iterator[tuple[str, str]]:
    """The words that decided, a line each; those shared with exemplars in one line."""
    placed = [mark for mark in found if mark.kind != "shared"]
    for number, mark in enumerate(placed[:PLACES_SHOWN]):
        yield "" if number else "at", _placed(mark, text, show_text=show_text)
    if len(placed) > PLACES_SHOWN:
        yield "", f"and {len(placed) - PLACES_SHOWN:,} more places"
    shared = [mark for mark in found if mark.kind == "shared"]
    if shared:
        words = [_quoted(mark, text) if show_text else _place(mark) for mark in shared]
        listed = ", ".join(list(dict.fromkeys(words))[:WORDS_SHOWN])
        yield "shared", f"with the nearest violating exemplars: {listed}"
    for number, mark in enumerate(sorted(measured, key=lambda mark: -(mark.weight or 0))):
        yield "" if number else "decides", _placed(mark, text, show_text=show_text)


def _placed(mark: Mark, text: Mapping[str, Any], *, show_text: bool) -> str:
    check = f"{mark.check} {BY_ID[mark.check].name}: " if mark.check in BY_ID else ""
    if not show_text:
        return f"{check}{mark.words}, {_place(mark)}"
    place = "" if mark.kind == "measured" else f", {_place(mark)}"
    return f"{check}{_quoted(mark, text)}: {mark.words}{place}"


def _place(mark: Mark) -> str:
    return f"{mark.field} characters {mark.start + 1:,} to {mark.end:,}"


def _quoted(mark: Mark, text: Mapping[str, Any]) -> str:
    return shorten(text[mark.field][mark.start : mark.end], QUOTED_SHOWN)


def _hazard_line(row: dict[str, Any]) -> str:
    if row["hazard_unjudged"]:
        return f"not judged: {row['hazard_unjudged']}"
    if row["hazard_stage"] == "screen":
        return f"dismissed by the screen: hazard probability {row['hazard_score']:.2f} by its words alone; nothing else judged it"
    named = f"{row['hazard']} / {row['sub_hazard']}" if row["sub_hazard"] else row["hazard"]
    probability = f"hazard probability {row['hazard_score']:.2f}"
    limit, stage = f"the limit of {row['hazard_limit']:.2f}", f"by the {row['hazard_stage']} stage"
    if row["hazardous"]:
        return f"{named}, {probability}, which reaches {limit}, {stage}"
    return f"none: {probability} is below {limit}, {stage} (nearest hazard: {named})"


def _seeming(row: dict[str, Any]) -> str:
    """Why probability and margin point in different directions, if they do."""
    margin = row.get("hazard_margin")
    if margin is None or abs(margin) < TIE or (margin > 0) == row["hazardous"]:
        return ""
    near = "nearer to violating exemplars" if margin > 0 else "no nearer to violating exemplars"
    if row.get("pair") is not None:
        return f"It is {near}, but it is a pair of the bank, whose hazard is known."
    if row["hazard_stage"] == ENDPOINT:
        return f"It is {near}, but a served model decided its probability; the margin is that of the local stages."
    return (
        f"It is {near} than to benign ones, by the 3 nearest of each; its probability comes from the weighted votes of all"
        " exemplars, which may outvote the nearest."
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
    return f"pair {row['pair']}, words: {row['words']}{opening}{task}"


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
