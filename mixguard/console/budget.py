"""A budget at the terminal: what was spent of each line, and what is left."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from mixguard.checkpoint.account import Account, Entry, State, points
from mixguard.console.screen import GAP, NAME_SHOWN, STYLES
from mixguard.escape import printed, shorten

_STYLES = {
    "within budget": STYLES["pass"],
    "within": STYLES["pass"],
    "waived": STYLES["warn"],
    "unresolved": STYLES["incomplete"],
    "overspent": STYLES["fail"],
}
LEGEND = "spent, limit, left: in points; spent is the fall in the share of good answers. lost, at risk: numbers of probes."
_ORDER: tuple[State, ...] = ("overspent", "unresolved", "waived", "within")


def render_account(account: Account) -> RenderableType:
    """The verdict, what decides it, and every line."""
    return Group(*_account(account))


def line(account: Account) -> str:
    """The verdict on one line, with how many lines decided it."""
    counts = Counter(entry.state for entry in account.entries)
    return f"{account.verdict.upper()}: {', '.join(f'{counts[state]:,} {state}' for state in _ORDER if counts[state])}"


def _account(account: Account) -> Iterator[RenderableType]:
    yield Text.assemble(
        (account.verdict.upper(), _STYLES[account.verdict]),
        f"; owner {printed(account.owner)}, approved by {printed(account.approved_by)}, valid until {account.until}",
    )
    table = Table(box=None, pad_edge=False, padding=GAP)
    table.add_column("line", no_wrap=True)
    for name in ("spent", "limit", "left", "lost", "at risk"):
        table.add_column(name, justify="right")
    table.add_column("")
    entries = sorted(account.entries, key=lambda entry: _ORDER.index(entry.state))
    for entry in entries:
        table.add_row(*_figures(entry), Text(entry.state, style=_STYLES[entry.state]))
    yield table
    yield Text(LEGEND, style="dim")
    for entry in entries:
        if entry.state != "within" or entry.loss is None:
            where = f" ({printed(entry.place)})" if entry.place else ""
            yield Text(f"{printed(entry.name)}: {printed(entry.sentence)}{where}")
    for note in account.notes:
        yield Text(printed(note))


def _figures(entry: Entry) -> Iterator[str]:
    axis = "" if entry.hazard is None or entry.axis == "hazardous" else f", {entry.axis}"
    yield shorten(entry.name + axis, NAME_SHOWN + 14)
    for share in (entry.loss, entry.allowed, entry.left):
        yield "-" if share is None else points(share)
    yield f"{entry.lost:,}"
    yield f"{entry.at_risk:,}"
