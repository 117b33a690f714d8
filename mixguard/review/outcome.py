"""Decisions become files: accepted rows go to the allow file, rows that must not be trained on to the set-aside file."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date
from pathlib import Path
from typing import NamedTuple

from mixguard.review.decision import Decision


class Written(NamedTuple):
    """What the two files now hold of these decisions."""

    allowed: int
    """Entries of the allow file."""
    set_aside: int
    """Entries of the set-aside file."""
    skipped: int
    """Decisions that leave no entry: skipped, or taken when no check flagged the row."""


def write(
    decisions: Mapping[str, Decision],
    *,
    allow: Path,
    aside: Path,
    expires: date,
    authors: Collection[str] | None = None,
) -> Written:
    """Bring both files up to date; what stands outside the block that review writes is kept byte for byte.

    Args:
        decisions: the decisions that hold, by text id; one that was undone is missing, so its entry goes.
        allow: the user's own allow file, made if missing.
        aside: the set-aside file, made if missing.
        expires: last day of new entries; an entry that is there already keeps its own.
        authors: whose entries are replaced; those of others in the block are kept. None for everybody's.

    Raises:
        UsageError: the block of a file was edited into something unreadable; neither file is changed.
    """
    raise NotImplementedError


def expiry(day: date, months: int = 6) -> date:
    """The day this many months later, or the last of its month."""
    raise NotImplementedError
