"""Add your own exemplars to a folder that extends the bundled taxonomy, never to the bundled files."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

import orjson

from mixguard.errors import TaxonomyError
from mixguard.files import read_bounded, write_atomically
from mixguard.library.exemplars import Exemplar, read_exemplars
from mixguard.library.taxonomy import DEFINITION, Taxonomy

ADDED = Path("exemplars") / "added.jsonl"
NEW_TAXONOMY = """\
# Our own taxonomy: the one it extends, plus this folder. To add a hazard, add a [[hazard]] with code,
# name, severity, definition, includes, excludes and sub; for an example, see `mixguard taxonomy show vcr`.
id = {id}
version = "1"
extends = {base}
"""


class AddedExemplars(NamedTuple):
    """What was added."""

    file: Path
    new: int
    known: int
    """Exemplars already present with the same label."""


def add_exemplars(files: Sequence[Path], folder: Path, base: str) -> AddedExemplars:
    """Check exemplars and append them to a taxonomy folder; a missing one is created, extending `base`.

    Raises:
        TaxonomyError: a line is invalid or contradicts an exemplar; nothing is written.
    """
    exemplars, known = _new(files, opened(folder, base))
    target = folder / ADDED
    earlier = read_bounded(target, TaxonomyError) if target.is_file() else b""
    if earlier and not earlier.endswith(b"\n"):
        earlier += b"\n"
    keep(folder, base, ADDED, earlier + spelt_out(exemplars))
    return AddedExemplars(target, len(exemplars), known)


def opened(folder: Path, base: str) -> Taxonomy:
    """The taxonomy in a folder, or the one that a new folder will extend.

    Raises:
        TaxonomyError: the folder holds something else.
    """
    if (folder / DEFINITION).is_file():
        return Taxonomy.load(str(folder))
    if folder.exists() and not folder.is_dir():
        raise TaxonomyError(f"{folder}: is not a folder; name another, which is made if missing")
    if folder.is_dir() and any(folder.iterdir()):
        raise TaxonomyError(f"{folder}: neither empty nor a taxonomy (no {DEFINITION}); name another folder")
    return Taxonomy.load(base)


def spelt_out(exemplars: Iterable[Exemplar]) -> bytes:
    """Exemplars as the lines of a file."""
    lines = (exemplar.model_dump(exclude_none=True, exclude_defaults=True) for exemplar in exemplars)
    return b"".join(orjson.dumps(line) + b"\n" for line in lines)


def keep(folder: Path, base: str, name: Path, content: bytes) -> None:
    """Write a file of exemplars to a taxonomy folder, and its definition if it has none yet."""
    write_atomically(folder / name, content)
    if not (folder / DEFINITION).is_file():
        # A base folder is written as an absolute path: relative paths resolve from the new taxonomy's folder.
        named = str(Path(base).resolve()) if (Path(base) / DEFINITION).is_file() else base
        own = NEW_TAXONOMY.format(id=json.dumps(folder.resolve().name), base=json.dumps(named))
        write_atomically(folder / DEFINITION, own.encode())


def _new(files: Sequence[Path], taxonomy: Taxonomy) -> tuple[list[Exemplar], int]:
    subs = {hazard.code: hazard.sub for hazard in taxonomy.hazards}
    forms = {form for group in taxonomy.forms.values() for form in group}
    columns = taxonomy.exemplars.select("text", "id", "label", "hazard").iter_rows()
    there = {text.casefold(): (exemplar_id, label, hazard) for text, exemplar_id, label, hazard in columns}
    seen: dict[str, str] = {}
    exemplars, known = [], 0
    for file in files:
        for exemplar in read_exemplars(file, subs, forms, seen):
            same = there.get(exemplar.text.casefold())
            if same is None:
                exemplars.append(exemplar)
            elif same[1:] == (exemplar.label, exemplar.hazard):
                known += 1
            else:
                place = seen[exemplar.text.casefold()]
                raise TaxonomyError(f"{place}: same text as {same[0]}, which is {same[1]} ({same[2]})")
    return exemplars, known
