"""Progress as an injected function: library users pass nothing, the command line passes a bar."""

from __future__ import annotations

from typing import Protocol


class Progress(Protocol):
    """Told how far a stage is."""

    def __call__(self, stage: str, done: int, total: int | None) -> None:
        """`done` of `total` bytes of `stage`; `total` is None where it cannot be known."""
        ...


def silent(stage: str, done: int, total: int | None) -> None:
    """Report nothing."""
