"""The allow file: accepted findings and samples, each with a reason, an author and an expiry date."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, StringConstraints, ValidationError, model_validator

from mixguard.errors import ConfigError, meant
from mixguard.files import read_toml
from mixguard.model import Model

Words = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]


def _day(value: Any) -> Any:
    # By default a number is read as seconds since 1970, so the entry would look long expired.
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    try:
        return date.fromisoformat(value)
    except (TypeError, ValueError):
        raise ValueError("write a date, e.g. 2027-01-31") from None


Day = Annotated[date, BeforeValidator(_day)]
"""A date, as TOML or text has it."""


class Allowance(Model):
    """One entry: a finding, or one sample in one or all findings."""

    check: str | None = Field(default=None, pattern=r"^MG[0-9]{3}$")
    """Check id, e.g. `MG103`; all checks if only a sample is named."""
    subject: str | None = None
    """One subject of the check, e.g. a trainer rule; all if missing."""
    sample: str | None = Field(default=None, pattern=r"^[0-9a-f]{16}([0-9a-f]{16})?$")
    """Sample id or text id (half as long for a lone prompt), as runs print it; text ids survive row moves."""
    reason: Words
    """Why it is accepted."""
    author: Words
    """Who accepts it."""
    expires: Day
    """Last day the entry is valid."""

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
        raise ConfigError(
            f"{where}: check: {entry.check} is not a check that can be allowed{meant(entry.check, checks)}"
        )
    return entry


def _told(error: ValidationError) -> str:
    problem = error.errors()[0]
    name = ".".join(map(str, problem["loc"])) or "entry"
    if problem["type"] == "extra_forbidden":
        return f"{name}: unknown key{meant(name, Allowance.model_fields)}; valid keys: {', '.join(Allowance.model_fields)}"
    if problem["type"] == "model_type":
        return "not a table"
    return f"{name}: {problem['msg'].removeprefix('Value error, ')}"
