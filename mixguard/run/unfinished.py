"""What an unfinished run is made of: one that was killed, or one shard of a run.

`unfinished/run.json` lies beside the parts that are done (`journal.py`). Parts are only used again by a run that is made
of the same: options that decide annotations, versions, models, and the files that they read.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Final, Literal

from pydantic import Field, ValidationError

from mixguard import moving
from mixguard.config import Config
from mixguard.errors import RunFolderError
from mixguard.files import read_bounded, write_atomically
from mixguard.model import Model
from mixguard.progress import Tell
from mixguard.run.folder import HEAD
from mixguard.run.journal import done_parts
from mixguard.run.provenance import Detectors, Provenance

VERSION: Final = "mixguard-unfinished/1"


class Unfinished(Model):
    """An unfinished run, as it was begun; with what is only known at the end, if its shard is done."""

    version: Literal["mixguard-unfinished/1"] = VERSION
    made_of: dict[str, str]
    """Everything that decides the annotations of a part, by name."""
    columns: dict[str, str]
    """Columns of the annotations: name to polars type."""
    detectors: Detectors
    config: Config
    provenance: Provenance
    taught: int | None = None
    """Rows of the corpus that the screen was fitted on; None if nothing is screened."""
    parts: int | None = None
    """Parts of the whole corpus, the other shards' too."""
    sources: dict[str, str] = Field(default={})
    """SHA-256 of the sources of the whole corpus."""

    @classmethod
    def load(cls, folder: Path) -> Unfinished:
        """The head of an unfinished run.

        Raises:
            RunFolderError: there is none, or it is damaged.
        """
        file = folder / HEAD
        if not file.is_file():
            raise RunFolderError(
                f"{folder}: is not a shard of a run ({HEAD} is missing); make one with `mixguard audit --shard`"
            )
        try:
            return cls.model_validate_json(read_bounded(file, RunFolderError))
        except ValidationError:
            raise RunFolderError(
                f"{file}: damaged, or written by another version of mixguard; make this run again"
            ) from None

    def write(self, folder: Path) -> None:
        """Write the head."""
        write_atomically(folder / HEAD, self.model_dump_json().encode() + b"\n")


def begin(folder: Path, run: Unfinished, tell: Tell) -> None:
    """Make a folder ready for a run: parts that are there stay if they are made of the same."""
    done = len(done_parts(folder))
    if done:
        why = "" if run.config.run.fresh else _difference(folder, run)
        if run.config.run.fresh or why:
            tell(f"starting anew: {why or 'run.fresh is on'}")
            _clear(folder)
        else:
            tell(f"resuming: parts done before: {done:,}")
    run.write(folder)


def unlike(one: dict[str, str], other: dict[str, str]) -> str | None:
    """The first name whose values differ; None if none does."""
    return next((name for name in one | other if one.get(name) != other.get(name)), None)


def _difference(folder: Path, run: Unfinished) -> str:
    """Why the parts in a folder cannot be used, in a few words; empty if they can."""
    try:
        before = Unfinished.load(folder).made_of
    except RunFolderError:
        return "what an unfinished run left cannot be read"
    name = unlike(before, run.made_of)
    if name is None:
        return ""
    was, now = (each.get(name, "none") for each in (before, run.made_of))
    return f"{name} was {was} in the unfinished run, and is {now} now"


def _clear(folder: Path) -> None:
    kept = folder / moving.UNFINISHED
    for path in (*folder.iterdir(), *kept.iterdir()):
        if path.is_dir() and path != kept:
            shutil.rmtree(path)
        elif path.is_file() and path != kept / moving.LOCK:
            path.unlink()
