"""What trainers are known to do with some samples."""

from __future__ import annotations

from typing import Any

from mixguard.corpus.records import Row, Sample

TRAINER_RULES: tuple[Any, ...] = ()


def lint(row: Row, sample: Sample, format_id: str) -> tuple[str, ...]:
    """Ids of the rules a sample trips."""
    return ()
