"""The allow file: accepted findings and samples, each with a reason, an author and an expiry date."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from pydantic import model_validator

from mixguard.library.entries import Entry, load_entries

TABLE = "allow"


class Allowance(Entry):
    """One entry: a finding, or one sample in one or several findings.

    `check` may be missing if a sample is named: it is then accepted in all checks, or those that rest on what is `wrong`.
    """

    subject: str | None = None
    """One subject of the check, e.g. a trainer rule; all if missing."""
    wrong: Literal["hazard", "stance"] | None = None
    """The judgement of the sample that is wrong: it is left out of every check that rests on it."""

    @model_validator(mode="after")
    def _names_one_thing(self) -> Allowance:
        if self.check is None and self.sample is None:
            raise ValueError("names neither a check nor a sample")
        if self.subject is not None and (self.check is None or self.sample is not None):
            raise ValueError("a subject needs a check and cannot be combined with a sample")
        if self.wrong is not None and (self.check is not None or self.sample is None):
            raise ValueError("`wrong` needs a sample and cannot be combined with a check")
        return self

    @property
    def scope(self) -> str:
        """The checks that it is about, in words."""
        return self.check or (f"every check of the {self.wrong}" if self.wrong else "every check")


def load_allowances(path: Path, checks: Sequence[str]) -> tuple[Allowance, ...]:
    """Read an allow file: a TOML file of `[[allow]]` tables.

    Args:
        path: the file.
        checks: ids of the checks that can be allowed.

    Raises:
        ConfigError: the file cannot be read, or an entry is invalid; the message names it.
    """
    return load_entries(path, Allowance, TABLE, checks)
