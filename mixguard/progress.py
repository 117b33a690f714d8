"""Progress as an injected function: library users pass nothing, the command line passes a bar."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol


class Progress(Protocol):
    """Receives the progress of a stage."""

    def __call__(self, stage: str, done: int, total: int | None, unit: str = "") -> None:
        """Report `done` of `total` (None if unknown) of a `stage`, in `unit`: `bytes` or a plural noun."""
        ...


def silent(stage: str, done: int, total: int | None, unit: str = "") -> None:
    """Report nothing."""


Tell = Callable[[str], None]
"""Receives a sentence that a person should read before the work goes on."""


def quiet(sentence: str) -> None:
    """Tell nobody."""
