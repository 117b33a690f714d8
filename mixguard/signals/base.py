"""What a signal is: one risk mechanism that data can show."""

from __future__ import annotations

from dataclasses import dataclass

from mixguard.annotate.base import Annotator
from mixguard.checks.base import Check


@dataclass(frozen=True)
class Signal:
    """A risk mechanism: what it measures in each exchange, and the check that judges it."""

    name: str
    """A word or two, as reports show it."""
    about: str
    """What such an exchange does; completes `An exchange that shows it ...`."""
    check: Check
    annotator: Annotator | None = None
    """Adds its columns; None if it only reads columns of others."""
