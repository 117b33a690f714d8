"""The allow file: findings and samples that people looked at and accept, each with a reason, an author and an end."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from mixguard.errors import ConfigError
from mixguard.toml_file import read_toml


class Allowance(BaseModel):
    """One entry: a finding, or one sample in one or every finding."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    check: str | None = Field(default=None, pattern=r"^MG\d{3}$")
    """Id of the check, e.g. `MG103`; every check where only a sample is named."""
    subject: str | None = None
    """One subject of that check, e.g. a trainer rule; every one where it is missing."""
    sample: str | None = Field(default=None, pattern=r"^[0-9a-f]{8,16}$")
    """Id of a sample, or of its texts, as reports print them; the latter holds wherever the row moves."""
    reason: str = Field(min_length=1)
    """Why it is accepted."""
    author: str = Field(min_length=1)
    """Who accepts it."""
    expires: date
    """Last day on which it is accepted."""

    @model_validator(mode="after")
    def _names_something(self) -> Allowance:
        if self.check is None and self.sample is None:
            raise ValueError("names neither a check nor a sample")
        return self


def load_allowances(path: Path, checks: Sequence[str]) -> tuple[Allowance, ...]:
    """Read an allow file: a TOML file of `[[allow]]` tables.

    Args:
        path: the file.
        checks: ids of the checks there are.

    Raises:
        ConfigError: it cannot be read, or an entry breaks the rules; the message says which.
    """
    tree = read_toml(path, ConfigError)
    strange = [name for name in tree if name != "allow"]
    if strange or not isinstance(tree.get("allow", []), list):
        raise ConfigError(
            f"{path}: write each entry as [[allow]]; found {strange[0] if strange else 'allow'!r}"
        )
    found = []
    for number, table in enumerate(tree.get("allow", []), 1):
        try:
            entry = Allowance.model_validate(table)
        except ValidationError as error:
            problem = error.errors()[0]
            where = ".".join(map(str, problem["loc"])) or "entry"
            raise ConfigError(f"{path}: [[allow]] number {number}: {where}: {problem['msg']}") from None
        if entry.check is not None and entry.check not in checks:
            raise ConfigError(f"{path}: [[allow]] number {number}: there is no check {entry.check}")
        found.append(entry)
    return tuple(found)
