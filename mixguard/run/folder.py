"""The run folder: where results lie between map and reduce.

`audit.json` (canonical, no corpus text), `annotations/part-*.parquet`, `flagged.parquet` (the rows that findings mean),
`quarantine.jsonl`, `config.toml`.
A run is written beside its folder and moved there whole, so that a killed run leaves the old folder or the new one.
"""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import orjson
import polars as pl

from mixguard.corpus.records import Rejected
from mixguard.errors import RunFolderError

AUDIT = "audit.json"
VERSION: Final = "mixguard-audit/2"
"""Version of that document."""
ANNOTATIONS = "annotations"
QUARANTINE = "quarantine.jsonl"
CONFIG = "config.toml"
MANIFEST = "manifest.json"
"""Copy of the manifest of the mix that was audited, where it was one."""

FLAGGED = "flagged.parquet"
"""The rows that each finding means."""
FLAGGED_COLUMNS = pl.Schema(
    {
        "check": pl.String,
        "subject": pl.String,
        "sample_id": pl.String,
        "exchange": pl.UInt32,
        "score": pl.Float64,
    }
)

_WRITTEN = {AUDIT, ANNOTATIONS, FLAGGED, QUARANTINE, CONFIG, MANIFEST}
"""All that a run writes."""
_OURS = re.compile(rb'\s*\{\s*"version"\s*:\s*"mixguard-audit/')
"""How `audit.json` begins, whole or cut off, by whatever version of mixguard."""

_AGAIN = "audit the corpus again (`mixguard audit`)"


def scan_annotations(folder: Path) -> pl.LazyFrame:
    """All parts of a run, scanned lazily, in the order of the corpus."""
    return pl.scan_parquet(_parts(folder), glob=False)


def write_part(folder: Path, number: int, annotations: pl.DataFrame) -> None:
    """Write the annotations of one part of a corpus; the first tells the columns, though it be empty."""
    file = folder / ANNOTATIONS / f"part-{number:05d}.parquet"
    file.parent.mkdir(exist_ok=True)
    annotations.write_parquet(file)


def read_flagged(folder: Path) -> pl.LazyFrame:
    """The rows that the findings of a run mean, schema `FLAGGED_COLUMNS`.

    Raises:
        RunFolderError: they are missing, damaged or of another layout.
    """
    file = folder / FLAGGED
    try:
        rows = pl.read_parquet(file, glob=False)
    except (OSError, pl.exceptions.PolarsError, pl.exceptions.PanicException):
        raise RunFolderError(f"{file}: missing, half-written, damaged or no Parquet; {_AGAIN}") from None
    if rows.schema != FLAGGED_COLUMNS:
        raise RunFolderError(f"{file}: its columns are not as this mixguard writes them; {_AGAIN}")
    return rows.lazy()


def _parts(folder: Path) -> list[Path]:
    return sorted((folder / ANNOTATIONS).glob("part-*.parquet"))


def check(folder: Path) -> None:
    """Refuse a folder that holds something else than a run: whoever replaces it would delete that.

    Raises:
        RunFolderError: it does.
    """
    if not folder.exists():
        return
    if not folder.is_dir():
        raise RunFolderError(f"{folder}: is no folder; name another with --run")
    try:
        there = {path.name for path in folder.iterdir()}
        ours = _is_ours(folder)
    except OSError as error:
        raise RunFolderError(
            f"{folder}: cannot read it ({error.strerror}); name another with --run"
        ) from None
    foreign = sorted(there - _WRITTEN if ours else there)
    if not foreign:
        return
    holds = ", ".join(foreign[:3]) + (f" and {len(foreign) - 3:,} more" if len(foreign) > 3 else "")
    if ours:
        raise RunFolderError(
            f"{folder}: would be replaced, and holds what no run wrote: {holds}; move that, or name another with --run"
        )
    raise RunFolderError(f"{folder}: not a run folder, and holds {holds}; name another with --run")


def _is_ours(folder: Path) -> bool:
    """Whether the folder's `audit.json` is mixguard's, half-written or not."""
    file = folder / AUDIT
    if not file.is_file():
        return False
    with file.open("rb") as stream:
        return _OURS.match(stream.read(200)) is not None


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


def read_audit(folder: Path) -> dict[str, Any]:
    """A run's `audit.json`, known to be of this version.

    Raises:
        RunFolderError: there is no run there, it is half-written, or another version or tool wrote it.
    """
    file = folder / AUDIT
    try:
        tree = orjson.loads(file.read_bytes())
    except orjson.JSONDecodeError as error:
        raise RunFolderError(f"{file}: half-written or no JSON ({error}); {_AGAIN}") from None
    except (OSError, ValueError):
        raise RunFolderError(
            f"{folder}: not a run folder (no {AUDIT}); make one with `mixguard audit`"
        ) from None
    found = tree.get("version") if isinstance(tree, dict) else None
    if found != VERSION:
        raise RunFolderError(f"{file}: {_other(found)}")
    return dict(tree)


def _other(version: object) -> str:
    """What to say of a document of another version, or of another tool."""
    own, _, number = VERSION.partition("/")
    match = re.fullmatch(rf"{own}/([0-9]{{1,9}})", version) if isinstance(version, str) else None
    if match is None:
        return f"not an audit that mixguard wrote (no version {VERSION}); name a run folder"
    if int(match[1]) > int(number):
        return (
            f"a newer mixguard wrote it ({version}, this one reads {VERSION}); update mixguard, or {_AGAIN}"
        )
    return f"an older mixguard wrote it ({version}, this one reads {VERSION}); {_AGAIN}"


def check_annotations(folder: Path, exchanges: int, columns: Mapping[str, str]) -> None:
    """Refuse annotations that are not all there or that cannot be read.

    Args:
        folder: of the run.
        exchanges: how many there are.
        columns: name to type, as the document recorded them.

    Raises:
        RunFolderError: a part is missing, cut off or of another layout.
    """
    found = 0
    for part in _parts(folder):
        try:
            # All of it: a damaged page shows only when it is read, which costs a millisecond a part.
            rows = pl.read_parquet(part, glob=False)
        except (OSError, pl.exceptions.PolarsError, pl.exceptions.PanicException):
            raise RunFolderError(f"{part}: half-written, damaged or no Parquet; {_AGAIN}") from None
        found += rows.height
        strange = next((name for name, kind in columns.items() if str(rows.schema.get(name)) != kind), None)
        if strange is not None:
            raise RunFolderError(f"{part}: column {strange} is not as this mixguard writes it; {_AGAIN}")
    if found != exchanges:
        where = folder / ANNOTATIONS
        raise RunFolderError(f"{where}: holds {found:,} of {exchanges:,} exchanges; {_AGAIN}")
