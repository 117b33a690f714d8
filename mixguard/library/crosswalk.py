"""What other schemes call a taxonomy's hazards, and the reverse.

The data is in `crosswalk.toml` next to `taxonomy.toml`; it is optional in your own taxonomy.
"""

from __future__ import annotations

from collections.abc import Collection
from functools import cached_property
from pathlib import Path
from typing import Any

from pydantic import Field

from mixguard.errors import TaxonomyError
from mixguard.files import read_toml
from mixguard.model import Definition, Model, checked


class Scheme(Model):
    """Another scheme's categories, and which of a taxonomy's hazards they correspond to."""

    id: str
    """Short name, with the version if versions differ."""
    name: str
    """Name shown in reports."""
    source: str
    """Where its categories are published."""
    note: str = ""
    """What to keep in mind when comparing."""
    categories: dict[str, str]
    """Code to name, as published."""
    map: dict[str, tuple[str, ...]]
    """Hazard to the categories that mean about the same."""
    partial: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    """Hazard to categories that only overlap."""

    def theirs(self, hazard: str) -> str:
        """Their categories for one of our hazards, e.g. `S2, ~S14`; `~` means overlap only, `-` none."""
        overlap = (f"~{category}" for category in self.partial.get(hazard, ()))
        return ", ".join([*self.map.get(hazard, ()), *overlap]) or "-"

    @cached_property
    def ours(self) -> dict[str, tuple[str, ...]]:
        """Their category to our hazards, with `~` for overlap only; empty if none corresponds."""
        return {
            category: (
                *(hazard for hazard, theirs in self.map.items() if category in theirs),
                *(f"~{hazard}" for hazard, theirs in self.partial.items() if category in theirs),
            )
            for category in self.categories
        }


class _Definition(Definition):
    """The content of `crosswalk.toml`."""

    scheme: tuple[dict[str, Any], ...] = ()


def load_crosswalk(path: Path, hazards: Collection[str]) -> tuple[Scheme, ...]:
    """Read and check a crosswalk; empty if the file does not exist.

    Raises:
        TaxonomyError: the crosswalk names a hazard or category that does not exist.
    """
    if not path.is_file():
        return ()
    schemes = []
    given = checked(_Definition, read_toml(path, TaxonomyError), TaxonomyError, str(path))
    for number, table in enumerate(given.scheme, 1):
        scheme = checked(Scheme, table, TaxonomyError, f"{path}: scheme {number}")
        for hazard, categories in [*scheme.map.items(), *scheme.partial.items()]:
            unknown = [name for name in categories if name not in scheme.categories]
            if hazard not in hazards:
                raise TaxonomyError(f"{path}: {scheme.id}: no hazard {hazard!r} in taxonomy.toml")
            if unknown:
                raise TaxonomyError(
                    f"{path}: {scheme.id}: {hazard}: no category {unknown[0]!r} in this scheme"
                )
        schemes.append(scheme)
    return tuple(schemes)
