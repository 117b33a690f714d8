"""What a signal is: one risk mechanism that data can show."""

from __future__ import annotations

from dataclasses import dataclass

from mixguard.annotate.base import Annotator


@dataclass(frozen=True)
class Signal:
    """A risk mechanism: what it measures of each exchange, and the check that judges it."""

    name: str
    """A word or two, as reports show it."""
    about: str
    """What is seen, in half a sentence."""
    annotator: Annotator | None = None
    """Adds its columns; None where it reads what others measure."""
