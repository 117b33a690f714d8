"""A taxonomy: the hazards looked for, and the exemplars that show each of them.

On disk a taxonomy is a folder: `taxonomy.toml` (hazards and vocabulary), `exemplars/*.jsonl` (labelled requests) and
`model.json` (what was fitted on them, made by `mixguard taxonomy build`).
"""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import orjson
import polars as pl
from pydantic import BaseModel, ConfigDict, ValidationError

from mixguard.errors import TaxonomyError
from mixguard.resources import bundled, bundled_names

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

EXEMPLARS = pl.Schema(
    {
        "id": pl.String,
        "text": pl.String,
        "hazard": pl.String,
        "sub": pl.String,
        "label": pl.String,
        "form": pl.String,
        "note": pl.String,
    }
)
"""Columns of a taxonomy's exemplars; `hazard` and `sub` are null for plain requests."""


class Hazard(BaseModel):
    """One category of the taxonomy, in words a reviewer can apply."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

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
    """What is out, and which hazard has it instead."""
    sub: dict[str, str]
    """Sub-hazards: name to one line."""


class _Exemplar(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    text: str
    hazard: str | None
    sub: str | None
    label: Literal["violating", "benign"]
    form: str
    note: str | None = None


@dataclass(frozen=True)
class Taxonomy:
    """A loaded, validated taxonomy."""

    id: str
    version: str
    language: str
    """The language its exemplars, and so its verdicts, are in (ISO 639-1)."""
    hazards: tuple[Hazard, ...]
    exemplars: pl.DataFrame
    """Schema `EXEMPLARS`, in file order."""
    folder: Path

    @classmethod
    def load(cls, name: str) -> Taxonomy:
        """Load a bundled taxonomy by name, or one from a folder.

        Raises:
            TaxonomyError: it is missing, or a line breaks the rules (the message has file:line).
        """
        folder = Path(name) if Path(name, "taxonomy.toml").is_file() else bundled("taxonomies", name)
        if not (folder / "taxonomy.toml").is_file():
            known = ", ".join(bundled_names("taxonomies"))
            raise TaxonomyError(f"no taxonomy {name!r}: name a folder with taxonomy.toml, or one of: {known}")
        tree = read_toml(folder / "taxonomy.toml")
        hazards = tuple(_hazards(folder / "taxonomy.toml", tree))
        rows = list(_exemplars(folder, hazards, _forms(tree)))
        if not rows:
            raise TaxonomyError(f"{folder}/exemplars: no exemplars; add at least one .jsonl file")
        return cls(
            id=str(tree.get("id", folder.name)),
            version=str(tree.get("version", "0")),
            language=str(tree.get("language", "en")),
            hazards=hazards,
            exemplars=pl.DataFrame(rows, schema=EXEMPLARS),
            folder=folder,
        )

    @property
    def codes(self) -> tuple[str, ...]:
        """Hazard codes in taxonomy order."""
        return tuple(hazard.code for hazard in self.hazards)

    def digest(self) -> str:
        """16 hex digits that change whenever an exemplar does."""
        columns = self.exemplars.select("id", "text", "hazard", "sub", "label", "form")
        return hashlib.sha256(columns.write_ndjson().encode()).hexdigest()[:16]


def read_toml(path: Path) -> dict[str, Any]:
    """Parse a TOML file of a taxonomy.

    Raises:
        TaxonomyError: it is missing or broken.
    """
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise TaxonomyError(f"{path}: not valid TOML: {error}") from None


def _hazards(path: Path, tree: Mapping[str, Any]) -> Iterator[Hazard]:
    for number, table in enumerate(tree.get("hazard", []), 1):
        try:
            yield Hazard.model_validate(table)
        except ValidationError as error:
            problem = error.errors()[0]
            raise TaxonomyError(f"{path}: hazard {number}: {problem['loc'][0]}: {problem['msg']}") from None


def _forms(tree: Mapping[str, Any]) -> frozenset[str]:
    return frozenset(form for forms in tree.get("forms", {}).values() for form in forms)


def _exemplars(folder: Path, hazards: tuple[Hazard, ...], forms: frozenset[str]) -> Iterator[dict[str, Any]]:
    subs = {hazard.code: hazard.sub for hazard in hazards}
    seen: dict[str, str] = {}
    for path in sorted((folder / "exemplars").glob("*.jsonl")):
        for number, line in enumerate(path.read_bytes().splitlines(), 1):
            if not line.strip():
                continue
            place = f"{path}:{number}"
            exemplar = _exemplar(line, place)
            problem = _problem(exemplar, subs, forms)
            for key in (exemplar.id, exemplar.text.casefold()):
                if key in seen:
                    problem = problem or f"same id or text as {seen[key]}"
                seen[key] = place
            if problem:
                raise TaxonomyError(f"{place}: {problem}")
            yield exemplar.model_dump()


def _exemplar(line: bytes, place: str) -> _Exemplar:
    try:
        return _Exemplar.model_validate(orjson.loads(line))
    except orjson.JSONDecodeError as error:
        raise TaxonomyError(f"{place}: not a JSON object: {error}") from None
    except ValidationError as error:
        problem = error.errors()[0]
        where = ".".join(map(str, problem["loc"]))
        raise TaxonomyError(f"{place}: {where}: {problem['msg']}") from None


def _problem(exemplar: _Exemplar, subs: Mapping[str, Mapping[str, str]], forms: frozenset[str]) -> str | None:
    if not exemplar.text.strip():
        return "text is empty"
    if exemplar.form not in forms:
        return f"unknown form {exemplar.form!r}; taxonomy.toml names: {', '.join(sorted(forms))}"
    if exemplar.hazard is None:
        return "a violating exemplar needs a hazard" if exemplar.label == "violating" else None
    if exemplar.hazard not in subs:
        return f"unknown hazard {exemplar.hazard!r}; taxonomy.toml names: {', '.join(subs)}"
    if exemplar.sub not in subs[exemplar.hazard]:
        known = ", ".join(subs[exemplar.hazard])
        return f"unknown sub-hazard {exemplar.sub!r} of {exemplar.hazard}; taxonomy.toml names: {known}"
    return None
