"""The console, and the colours of verdicts."""

from __future__ import annotations

from collections.abc import Iterable

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment

from mixguard.escape import harmless

STYLES = {
    "pass": "bold green",
    "note": "bold cyan",
    "warn": "bold yellow",
    "fail": "bold red",
    "incomplete": "bold magenta",
}
GRAVE = ("harm", "attack")
"""Kinds of findings that are shown in red, and nothing else is."""
NAME_SHOWN = 22
"""Characters of a hazard's name; keeps tables within 80 columns."""
GAP = (0, 1, 0, 0)
"""Padding of the widest tables, for the same reason."""


def style_of(severity: str, *kinds: str) -> str:
    """The colour of a finding, or of a verdict with the kinds that decided it."""
    if severity not in ("warn", "fail"):
        return STYLES[severity]
    return STYLES["fail" if any(kind in GRAVE for kind in kinds) else "warn"]


class _Screen(Console):
    """Shows text from files as text: no markup, no emoji codes, no control characters, no commands to a CI runner."""

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        for segment in super().render(renderable, options):
            yield segment if segment.control else segment._replace(text=harmless(segment.text))


def console(*, stderr: bool = False) -> Console:
    """The console for reports; coloured only if the terminal supports it."""
    return _Screen(stderr=stderr, highlight=False, markup=False, emoji=False, soft_wrap=False)
