"""The terminal itself, and the colours of what is said there."""

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
"""Letters of a hazard's name, so that a table fits into 80 columns."""


def console(*, stderr: bool = False) -> Console:
    """The console reports are printed on; colour only where it is understood."""
    return Console(stderr=stderr, highlight=False, soft_wrap=False)
