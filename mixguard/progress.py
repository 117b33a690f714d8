"""Progress as an injected function: library users pass nothing, the command line passes a bar."""

from __future__ import annotations

from typing import Protocol


class Progress(Protocol):
    """Told how far a stage is."""

    def __call__(self, stage: str, done: int, total: int | None, unit: str = "") -> None:
        """`done` of `total` of what `stage` counts, in `unit` (`bytes`, or a plural); `total` is None where it is not known."""
        ...


def silent(stage: str, done: int, total: int | None, unit: str = "") -> None:
    """Report nothing."""
