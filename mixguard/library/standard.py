"""What standards and laws ask of training data, and which checks serve each of their rows."""

from __future__ import annotations

from functools import cache

from pydantic import Field, model_validator

from mixguard.errors import TaxonomyError
from mixguard.files import bundled, read_toml
from mixguard.model import Model, checked

FOLDER = "crosswalks"


class Clause(Model):
    """One row of a standard."""

    id: str
    """Its own number."""
    asks: str = Field(min_length=1)
    """What it asks for, in a sentence."""
    checks: tuple[str, ...] = ()
    """Ids of the checks that serve it."""
    by: str = ""
    """What else of mixguard serves it: a command or a report."""
    gap: str = ""
    """What of it nothing here serves; required if nothing does."""

    @model_validator(mode="after")
    def _says_why(self) -> Clause:
        if not (self.checks or self.by or self.gap):
            raise ValueError(f"{self.id}: needs `checks`, `by` or `gap`")
        return self


class Standard(Model):
    """A standard or law, with the rows that concern training data."""

    id: str
    name: str
    source: str
    note: str
    """What serving a row does not mean."""
    clause: tuple[Clause, ...] = Field(min_length=1)


@cache
def standards() -> tuple[Standard, ...]:
    """The bundled ones, by file name.

    Raises:
        TaxonomyError: a file is not valid.
    """
    files = sorted(bundled("taxonomies", FOLDER).glob("*.toml"))
    return tuple(
        checked(Standard, read_toml(file, TaxonomyError), TaxonomyError, str(file)) for file in files
    )
