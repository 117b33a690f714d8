"""What a signal is: one risk mechanism that data can show."""

from __future__ import annotations

from dataclasses import dataclass

from mixguard.annotate.base import Annotator
from mixguard.checks.base import Check


@dataclass(frozen=True)
class Signal:
    """A risk mechanism: what it measures of each exchange, and the check that judges it."""

    name: str
    """A word or two, as reports show it."""
    about: str
    """What an exchange does that shows it, in half a sentence."""
    check: Check
    annotator: Annotator | None = None
    """Adds its columns; None where it reads what others measure."""
