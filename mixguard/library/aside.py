"""The set-aside file: rows that a person said must not be trained on, each with a reason, an author and an expiry date."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from mixguard.library.entries import Entry, RowId, load_entries

TABLE = "aside"


class SetAside(Entry):
    """One entry: the rows with a sample id or a text id; with `check`, only while that check flags them."""

    sample: RowId


def load_set_aside(path: Path, checks: Sequence[str]) -> tuple[SetAside, ...]:
    """Read a set-aside file: a TOML file of `[[aside]]` tables.

    Args:
        path: the file.
        checks: ids of the checks that can be named.

    Raises:
        ConfigError: the file cannot be read, or an entry is invalid; the message names it.
    """
    return load_entries(path, SetAside, TABLE, checks)
