"""The allow file: findings and samples that people looked at and accept, each with a reason, an author and an end."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, StringConstraints, ValidationError, field_validator, model_validator

from mixguard.errors import ConfigError
from mixguard.files import read_toml
from mixguard.model import Model

_Words = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]


class Allowance(Model):
    """One entry: a finding, or one sample in one or every finding."""

    check: str | None = Field(default=None, pattern=r"^MG[0-9]{3}$")
    """Id of the check, e.g. `MG103`; every check where only a sample is named."""
    subject: str | None = None
    """One subject of that check, e.g. a trainer rule; every one where it is missing."""
    sample: str | None = Field(default=None, pattern=r"^[0-9a-f]{16}([0-9a-f]{16})?$")
    """Id of a sample, or of its texts (half as long for a prompt alone), as runs print them; the latter holds wherever the row moves."""
    reason: _Words
    """Why it is accepted."""
    author: _Words
    """Who accepts it."""
    expires: date
    """Last day on which it is accepted."""

    @field_validator("expires", mode="before")
    @classmethod
    def _is_a_day(cls, value: Any) -> Any:
        # Left to itself, a number is read as seconds since 1970, and the entry as long out of date.
        if isinstance(value, date) and not isinstance(value, datetime):
            return value
        try:
            return date.fromisoformat(value)
        except (TypeError, ValueError):
            raise ValueError("write a date, e.g. 2027-01-31") from None

    @model_validator(mode="after")
    def _names_one_thing(self) -> Allowance:
        if self.check is None and self.sample is None:
            raise ValueError("names neither a check nor a sample")
        if self.subject is not None and (self.check is None or self.sample is not None):
            raise ValueError("a subject goes with a check, and never with a sample")
        return self


def load_allowances(path: Path, checks: Sequence[str]) -> tuple[Allowance, ...]:
    """Read an allow file: a TOML file of `[[allow]]` tables.

    Args:
        path: the file.
        checks: ids of the checks that can be allowed.

    Raises:
        ConfigError: it cannot be read, or an entry breaks the rules; the message says which.
    """
    tree = read_toml(path, ConfigError)
    entries = tree.pop("allow", [])
    if tree or not isinstance(entries, list):
        raise ConfigError(f"{path}: write each entry as [[allow]]; found {next(iter(tree), 'allow')!r}")
    return tuple(
        _entry(table, f"{path}: [[allow]] number {number}", checks) for number, table in enumerate(entries, 1)
    )


def _entry(table: Any, where: str, checks: Sequence[str]) -> Allowance:
    try:
        entry = Allowance.model_validate(table)
    except ValidationError as error:
        raise ConfigError(f"{where}: {_told(error)}") from None
    if entry.check is not None and entry.check not in checks:
        raise ConfigError(f"{where}: check: there is no {entry.check} that can be allowed")
    return entry


def _told(error: ValidationError) -> str:
    problem = error.errors()[0]
    name = ".".join(map(str, problem["loc"])) or "entry"
    if problem["type"] == "extra_forbidden":
        return f"{name}: no such key; there are {', '.join(Allowance.model_fields)}"
    if problem["type"] == "model_type":
        return "not a table"
    return f"{name}: {problem['msg'].removeprefix('Value error, ')}"
