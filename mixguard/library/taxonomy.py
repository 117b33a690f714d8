"""A taxonomy: the hazards to look for, and the exemplars that show each of them.

On disk a taxonomy is a folder: `taxonomy.toml` (hazards and vocabulary), `exemplars/*.jsonl` (labelled
requests), `crosswalk.toml` (what other schemes call the hazards), and `models/*.json` and `map.json` (fitted
on the exemplars by `mixguard taxonomy build`). With `extends = "mixguard"`, a taxonomy adds its hazards and
exemplars to the mixguard taxonomy's.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal

import polars as pl
from pydantic import Field

from mixguard.errors import TaxonomyError
from mixguard.files import bundled, bundled_names, read_toml
from mixguard.library.crosswalk import Scheme, load_crosswalk
from mixguard.library.exemplars import EXEMPLARS, read_exemplars
from mixguard.model import Definition, Model, checked

DEFINITION = "taxonomy.toml"
DEEPEST = 16
"""Taxonomies that may extend one another in a chain."""
REQUEST = "request"
"""The kind of text of short requests; the others are groups of background forms."""
REQUESTS = ("violating", "benign", "plain")
"""Groups of forms that are requests."""


class Hazard(Model):
    """One category of the taxonomy, in terms a reviewer can apply."""

    code: str
    """Short code used everywhere, e.g. `vcr`."""
    name: str
    """Name shown in reports."""
    severity: Literal["medium", "high", "critical"]
    """How bad one answered request is."""
    definition: str
    """What the category is, in one sentence."""
    includes: str
    """What is in."""
    excludes: str
    """What is out, and which hazard covers it instead."""
    sub: dict[str, str]
    """Sub-hazards: name to a one-line description."""


class _Definition(Definition):
    """The head of a taxonomy, `taxonomy.toml`."""

    id: str = ""
    version: str = "0"
    language: str | None = None
    extends: str | None = None
    forms: dict[str, tuple[str, ...]] = Field(default={})
    openings: dict[str, tuple[str, ...]] = Field(default={})
    hazard: tuple[dict[str, Any], ...] = ()


@dataclass(frozen=True, eq=False)
class Taxonomy:
    """A loaded, validated taxonomy."""

    id: str
    version: str
    language: str
    """Language of its exemplars, and so of the texts it judges (ISO 639-1)."""
    hazards: tuple[Hazard, ...]
    forms: Mapping[str, tuple[str, ...]]
    """The forms exemplars may use, by group."""
    openings: Mapping[str, str]
    """First word of a request to the kind of sentence it opens."""
    exemplars: pl.DataFrame
    """Schema `EXEMPLARS`, in file order."""
    crosswalk: tuple[Scheme, ...]
    """Other schemes' names for the hazards."""
    folders: tuple[Path, ...]
    """Its own folder, then those of the taxonomies it extends."""
    added: int = 0
    """How many of its exemplars, the last ones, folders that extend another taxonomy add to it."""

    @classmethod
    def load(cls, name: str) -> Taxonomy:
        """Load a bundled taxonomy by name, read once in a process, or a taxonomy from a folder.

        Raises:
            TaxonomyError: the taxonomy is missing, or a line is invalid (the message has file:line).
        """
        folder = _find(name, Path())
        return _read_once(folder) if folder.parent == bundled("taxonomies", "") else cls.read(folder)

    @classmethod
    def read(cls, folder: Path, above: tuple[Path, ...] = ()) -> Taxonomy:
        """Read a folder on top of the taxonomy it extends; `above` are the taxonomies that extend this one.

        Raises:
            TaxonomyError: a line is invalid (the message has file:line).
        """
        file = (folder / DEFINITION).resolve()
        if file in above:
            raise TaxonomyError(f"{folder / DEFINITION}: extends itself, via {above[-1]}")
        if len(above) >= DEEPEST:
            raise TaxonomyError(f"{folder / DEFINITION}: extends a chain of more than {DEEPEST} taxonomies")
        tree = read_toml(folder / DEFINITION, TaxonomyError)
        given = checked(_Definition, tree, TaxonomyError, str(folder / DEFINITION))
        base = cls.read(_find(given.extends, folder), (*above, file)) if given.extends else None
        hazards = {hazard.code: hazard for hazard in base.hazards} if base else {}
        hazards |= {hazard.code: hazard for hazard in _hazards(folder / DEFINITION, given.hazard)}
        forms = {**base.forms, **given.forms} if base else given.forms
        openings = {word: kind for kind, words in given.openings.items() for word in words}
        subs = {code: hazard.sub for code, hazard in hazards.items()}
        known = {form for group in forms.values() for form in group}
        seen = _seen(base) if base else {}
        lines = [
            exemplar.model_dump()
            for path in sorted((folder / "exemplars").glob("*.jsonl"))
            for exemplar in read_exemplars(path, subs, known, seen)
        ]
        own = pl.DataFrame(lines, schema=EXEMPLARS)
        exemplars = pl.concat([base.exemplars, own]) if base else own
        if exemplars.is_empty():
            raise TaxonomyError(f"{folder}/exemplars: no exemplars; add at least one .jsonl file")
        crosswalk = load_crosswalk(folder / "crosswalk.toml", hazards)
        return cls(
            id=given.id or folder.name,
            version=given.version,
            language=given.language or (base.language if base else "en"),
            hazards=tuple(hazards.values()),
            forms=forms,
            openings={**base.openings, **openings} if base else openings,
            exemplars=exemplars,
            crosswalk=crosswalk or (base.crosswalk if base else ()),
            folders=(folder, *(base.folders if base else ())),
            added=base.added + own.height if base else 0,
        )

    @property
    def folder(self) -> Path:
        """Its own folder."""
        return self.folders[0]

    @property
    def codes(self) -> tuple[str, ...]:
        """Hazard codes in taxonomy order."""
        return tuple(hazard.code for hazard in self.hazards)

    def text_kinds(self) -> pl.Series:
        """The kind of text of each exemplar: the group of its form, or `request` for those of requests."""
        kind = {form: group for group, forms in self.forms.items() for form in forms if group not in REQUESTS}
        forms = self.exemplars.get_column("form")
        return forms.replace_strict(kind, default=REQUEST, return_dtype=pl.String).alias("text_kind")

    def digest(self) -> str:
        """16 hex digits that change with the exemplars and anything else a model is fitted on."""
        columns = self.exemplars.select("id", "text", "hazard", "sub", "label", "form")
        content = f"{columns.write_ndjson()}{sorted(self.openings.items())}{self.added or ''}"
        return hashlib.sha256(content.encode()).hexdigest()[:16]


@cache
def _read_once(folder: Path) -> Taxonomy:
    return Taxonomy.read(folder)


def _find(name: str, here: Path) -> Path:
    """The folder of a taxonomy: a path, resolved from `here` if relative, or a bundled name."""
    folder = here / name if (here / name / DEFINITION).is_file() else bundled("taxonomies", name)
    if not (folder / DEFINITION).is_file():
        known = ", ".join(other for other in bundled_names("taxonomies") if _is_taxonomy(other))
        raise TaxonomyError(f"no taxonomy {name!r}: name a folder with {DEFINITION}, or one of: {known}")
    return folder


def _seen(base: Taxonomy) -> dict[str, str]:
    rows = base.exemplars.select("id", "text").iter_rows()
    return {key: f"{base.id}'s {row[0]}" for row in rows for key in (row[0], row[1].casefold())}


def _is_taxonomy(name: str) -> bool:
    return (bundled("taxonomies", name) / DEFINITION).is_file()


def _hazards(path: Path, tables: Sequence[dict[str, Any]]) -> Iterator[Hazard]:
    for number, table in enumerate(tables, 1):
        yield checked(Hazard, table, TaxonomyError, f"{path}: hazard {number}")
