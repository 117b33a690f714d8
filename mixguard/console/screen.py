"""The console, and the colours of verdicts."""

from __future__ import annotations

from rich.console import Console

STYLES = {
    "pass": "bold green",
    "note": "bold cyan",
    "warn": "bold yellow",
    "fail": "bold red",
    "incomplete": "bold magenta",
}
NAME_SHOWN = 22
"""Characters of a hazard's name; keeps tables within 80 columns."""
GAP = (0, 1, 0, 0)
"""Padding of the widest tables, for the same reason."""


def console(*, stderr: bool = False) -> Console:
    """The console for reports; coloured only if the terminal supports it."""
    return Console(stderr=stderr, highlight=False, soft_wrap=False)
