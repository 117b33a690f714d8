"""The allow file: accepted findings and samples, each with a reason, an author and an expiry date."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pydantic import model_validator

from mixguard.library.entries import Entry, load_entries

TABLE = "allow"


class Allowance(Entry):
    """One entry: a finding, or one sample in one or all findings; without `check`, a sample is accepted in all checks."""

    subject: str | None = None
    """One subject of the check, e.g. a trainer rule; all if missing."""

    @model_validator(mode="after")
    def _names_one_thing(self) -> Allowance:
        if self.check is None and self.sample is None:
            raise ValueError("names neither a check nor a sample")
        if self.subject is not None and (self.check is None or self.sample is not None):
            raise ValueError("a subject needs a check and cannot be combined with a sample")
        return self


def load_allowances(path: Path, checks: Sequence[str]) -> tuple[Allowance, ...]:
    """Read an allow file: a TOML file of `[[allow]]` tables.

    Args:
        path: the file.
        checks: ids of the checks that can be allowed.

    Raises:
        ConfigError: the file cannot be read, or an entry is invalid; the message names it.
    """
    return load_entries(path, Allowance, TABLE, checks)
