"""Entries that people write about findings and rows, each with a reason, an author and an expiry date."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Any, TypeVar

from pydantic import BeforeValidator, Field, StringConstraints, ValidationError

from mixguard.errors import ConfigError
from mixguard.files import read_toml
from mixguard.model import Model

Words = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
RowId = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{16}([0-9a-f]{16})?$")]
"""Sample id or text id (half as long for a lone prompt), as runs print it; text ids survive row moves."""


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


class Entry(Model):
    """What every entry has."""

    check: str | None = Field(default=None, pattern=r"^MG[0-9]{3}$")
    """Check id, e.g. `MG103`."""
    sample: RowId | None = None
    """Sample id or text id."""
    reason: Words
    """Why."""
    author: Words
    """Who says so."""
    expires: Day
    """Last day the entry is valid."""


Read = TypeVar("Read", bound=Entry)


def load_entries(path: Path, kind: type[Read], table: str, checks: Sequence[str]) -> tuple[Read, ...]:
    """Read a TOML file of tables such as `[[allow]]`.

    Args:
        path: the file.
        kind: what each table is.
        table: their name.
        checks: ids of the checks that may be named.

    Raises:
        ConfigError: the file cannot be read, or an entry is invalid; the message names it.
    """
    return read_entries(read_toml(path, ConfigError), str(path), kind, table, checks)


def read_entries(
    tree: dict[str, Any], origin: str, kind: type[Read], table: str, checks: Sequence[str]
) -> tuple[Read, ...]:
    """The same of a parsed file; `origin` names it in errors."""
    entries = tree.get(table, [])
    strange = [name for name in tree if name != table]
    if strange or not isinstance(entries, list):
        raise ConfigError(f"{origin}: write each entry as [[{table}]]; found {(strange or [table])[0]!r}")
    return tuple(
        _entry(given, f"{origin}: [[{table}]] number {number}", kind, checks)
        for number, given in enumerate(entries, 1)
    )


def _entry(given: Any, where: str, kind: type[Read], checks: Sequence[str]) -> Read:
    try:
        entry = kind.model_validate(given)
    except ValidationError as error:
        raise ConfigError(f"{where}: {_told(error, kind)}") from None
    if entry.check is not None and entry.check not in checks:
        raise ConfigError(f"{where}: check: {entry.check} is not a check that can be named here")
    return entry


def _told(error: ValidationError, kind: type[Entry]) -> str:
    problem = error.errors()[0]
    name = ".".join(map(str, problem["loc"])) or "entry"
    if problem["type"] == "extra_forbidden":
        return f"{name}: unknown key; valid keys: {', '.join(kind.model_fields)}"
    if problem["type"] == "model_type":
        return "not a table"
    return f"{name}: {problem['msg'].removeprefix('Value error, ')}"
