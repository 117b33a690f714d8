"""A refusal bank: prompts with the answers a good assistant gives, to mix into a corpus.

On disk a bank is a folder: `bank.toml` (id, language, licence) and `pairs/*.jsonl`. With `extends =
"mixguard"`, a bank adds its pairs to the mixguard bank's, and its own pairs are used first.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

import orjson
import polars as pl

from mixguard.errors import BankError, meant
from mixguard.files import bundled, bundled_names, read_toml, write_atomically
from mixguard.library.pairs import PAIRS, Vocabulary, read_pairs, vocabulary
from mixguard.library.task import Task, load_tasks
from mixguard.library.taxonomy import Taxonomy
from mixguard.model import Definition, checked

DEFINITION = "bank.toml"
DEEPEST = 16
"""Banks that may extend one another in a chain."""


class _Definition(Definition):
    """The head of a bank, `bank.toml`."""

    id: str = ""
    version: str = "0"
    licence: str | None = None
    extends: str | None = None
    rejected: tuple[str, ...] | None = None
    vague: tuple[str, ...] | None = None


@dataclass(frozen=True)
class Bank:
    """A loaded, validated bank."""

    id: str
    version: str
    licence: str
    pairs: pl.DataFrame
    """Schema `PAIRS`: the bank's own pairs first, then those of the bank it extends."""
    rejected: tuple[str, ...]
    """Short compliant openings without content: rejected answers to pair with refusals in preference data."""
    vague: tuple[str, ...]
    """Barely helpful answers: rejected answers to pair with helpful ones."""
    tasks: tuple[Task, ...]
    """Tasks in whose form pairs can be cast: the bank's own first."""
    folder: Path

    @classmethod
    def load(cls, name: str, taxonomy: Taxonomy) -> Bank:
        """Load a bundled bank by name, read once for a taxonomy, or a bank from a folder.

        Raises:
            BankError: the bank is missing, or a line is invalid (the message has file:line).
        """
        folder = _find(name, Path())
        if folder.parent == bundled("refusal_bank", ""):
            return _read_once(folder, taxonomy)
        return cls.read(folder, vocabulary(taxonomy))

    @classmethod
    def read(cls, folder: Path, words: Vocabulary, above: tuple[Path, ...] = ()) -> Bank:
        """Read a folder on top of the bank it extends; `above` are the banks that extend this one.

        Raises:
            BankError: a line is invalid (the message has file:line).
        """
        file = (folder / DEFINITION).resolve()
        if file in above:
            raise BankError(f"{folder / DEFINITION}: extends itself, via {above[-1]}")
        if len(above) >= DEEPEST:
            raise BankError(f"{folder / DEFINITION}: extends a chain of more than {DEEPEST} banks")
        tree = read_toml(folder / DEFINITION, BankError)
        given = checked(_Definition, tree, BankError, str(folder / DEFINITION))
        base = cls.read(_find(given.extends, folder), words, (*above, file)) if given.extends else None
        seen: dict[str, str] = {}
        lines = [
            pair.model_dump()
            for path in sorted((folder / "pairs").glob("*.jsonl"))
            for pair in read_pairs(path, words, seen)
        ]
        own = pl.DataFrame(lines, schema=PAIRS)
        if base:
            # A pair with the same id is the team's own answer to a bundled prompt and replaces it.
            own = pl.concat([own, base.pairs.filter(~pl.col("id").is_in(own["id"].to_list()))])
        return cls(
            id=given.id or folder.name,
            version=given.version,
            licence=given.licence or (base.licence if base else ""),
            pairs=own,
            rejected=base.rejected if given.rejected is None and base else given.rejected or (),
            vague=base.vague if given.vague is None and base else given.vague or (),
            tasks=(*load_tasks(folder), *(base.tasks if base else ())),
            folder=folder,
        )

    def digest(self) -> str:
        """16 hex digits that change whenever a pair does."""
        content = f"{self.pairs.write_ndjson()}{self.rejected}{self.vague}{self.tasks}"
        return hashlib.sha256(content.encode()).hexdigest()[:16]

    def without(self, ids: Collection[str]) -> Bank:
        """The bank without these pairs."""
        return replace(self, pairs=self.pairs.filter(~pl.col("id").is_in(list(ids))))

    def of(self, kind: str, hazard: str | None = None) -> pl.DataFrame:
        """The pairs of a kind, and of a hazard if given, that make sense outside a task's form."""
        mine = self.pairs.filter((pl.col("kind") == kind) & pl.col("task").is_null())
        return mine if hazard is None else mine.filter(pl.col("hazard") == hazard)


def own_folder(folder: Path, extends: str) -> Path:
    """The `pairs` folder of a team's own bank; the bank is created if missing.

    Raises:
        BankError: the folder holds something else.
    """
    definition = folder / DEFINITION
    if not definition.is_file():
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            raise BankError(f"{folder}: exists but is not a bank (no {DEFINITION}); name another folder")
        base = str(Path(extends).resolve()) if (Path(extends) / DEFINITION).is_file() else extends
        text = f"id = {orjson.dumps(folder.name).decode()}\nextends = {orjson.dumps(base).decode()}\n"
        write_atomically(definition, text.encode())
    return folder / "pairs"


@lru_cache(maxsize=1)
def _read_once(folder: Path, taxonomy: Taxonomy) -> Bank:
    return Bank.read(folder, vocabulary(taxonomy))


def _find(name: str, here: Path) -> Path:
    """The folder of a bank: a path, resolved from `here` if relative, or a bundled name."""
    folder = here / name if (here / name / DEFINITION).is_file() else bundled("refusal_bank", name)
    if not (folder / DEFINITION).is_file():
        known = ", ".join(bundled_names("refusal_bank"))
        near = meant(name, bundled_names("refusal_bank"))
        raise BankError(f"no bank {name!r}{near}; name a folder with {DEFINITION}, or one of: {known}")
    return folder
