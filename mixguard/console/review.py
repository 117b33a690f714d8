"""How far a review is, at the terminal."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import Group, RenderableType
from rich.text import Text

from mixguard.escape import one_line
from mixguard.review.after import after
from mixguard.review.opening import Opened
from mixguard.review.queue import Filter
from mixguard.review.view import RULINGS

DIFFERENCES_SHOWN = 10


def render_summary(opened: Opened) -> RenderableType:
    """What was decided and what is open, how far reviewers agree, what was written, and what to run next."""
    return Group(*_lines(opened))


def _lines(opened: Opened) -> Iterator[Text]:
    ...
