"""The run folder: where results lie between map and reduce.

`audit.json` (canonical, no corpus text), `annotations/part-*.parquet`, `quarantine.jsonl`, `config.toml`.
A run is written beside its folder and moved there whole, so that a killed run leaves the old folder or the new one.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import orjson
import polars as pl

from mixguard.corpus.records import Rejected
from mixguard.errors import RunFolderError

AUDIT = "audit.json"
QUARANTINE = "quarantine.jsonl"
MANIFEST = "manifest.json"
"""Copy of the manifest of the mix that was audited, where it was one."""


def scan_annotations(folder: Path) -> pl.LazyFrame:
    """All parts of a run, scanned lazily."""
    return pl.scan_parquet(folder / "annotations" / "part-*.parquet")


def check(folder: Path) -> None:
    """Refuse a folder that holds something else than a run.

    Raises:
        RunFolderError: it does.
    """
    if folder.is_file() or (folder.exists() and not (folder / AUDIT).is_file() and any(folder.iterdir())):
        raise RunFolderError(f"{folder}: exists and is not a run folder; name another with --run")


@contextmanager
def fresh(folder: Path) -> Iterator[Path]:
    """A scratch folder that takes `folder`'s place when the block ends well, and vanishes when it does not.

    Raises:
        RunFolderError: `folder` holds something that is not a run.
    """
    check(folder)
    try:
        folder.absolute().parent.mkdir(parents=True, exist_ok=True)
        scratch = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.absolute().parent))
    except OSError as error:
        raise RunFolderError(
            f"{folder}: cannot write there ({error.strerror}); name another with --run"
        ) from None
    try:
        yield scratch
        scratch.chmod(0o755)
        if folder.exists():
            old = Path(tempfile.mkdtemp(prefix=f".{folder.name}-old-", dir=folder.absolute().parent))
            folder.rename(old / "run")
            scratch.rename(folder)
            shutil.rmtree(old)
        else:
            scratch.rename(folder)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


@contextmanager
def quarantine(folder: Path) -> Iterator[Callable[[Rejected], None]]:
    """A function that writes each rejected record's place and reason to `quarantine.jsonl`."""
    with (folder / QUARANTINE).open("wb") as stream:

        def keep(rejected: Rejected) -> None:
            place = rejected.place
            line = {
                "source": place.source,
                "line": place.line,
                "record": place.ordinal,
                "reason": rejected.reason,
                "bytes": len(rejected.raw),
            }
            stream.write(orjson.dumps(line) + b"\n")

        yield keep


def read_audit(folder: Path) -> bytes:
    """The bytes of a run's `audit.json`.

    Raises:
        RunFolderError: there is no run there.
    """
    try:
        return (folder / AUDIT).read_bytes()
    except OSError:
        raise RunFolderError(
            f"{folder}: not a run folder (no {AUDIT}); make one with `mixguard audit`"
        ) from None
