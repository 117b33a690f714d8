"""The run folder: where results are stored between map and reduce.

`audit.json` (canonical, no corpus text), `annotations/part-*.parquet`, `flagged.parquet` (rows that findings
refer to), `quarantine.jsonl`, `config.toml`.
How a new run takes its place: `place.py`.
"""

from __future__ import annotations

import io
import os
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

import orjson
import polars as pl

from mixguard import moving
from mixguard.corpus.files import runs
from mixguard.corpus.records import Rejected
from mixguard.errors import RunFolderError
from mixguard.files import read_bounded

AUDIT, ANNOTATIONS, HEAD = runs.AUDIT, runs.ANNOTATIONS, runs.HEAD
"""The document; the annotated parts; what an unfinished run is made of (see `unfinished.py`)."""
VERSION: Final = "mixguard-audit/3"
"""Version of the document."""
QUARANTINE = "quarantine.jsonl"
CONFIG = "config.toml"
MANIFEST = "manifest.json"
"""Copy of the mix's manifest, if the audited corpus is a mix."""

FLAGGED = "flagged.parquet"
"""The rows that each finding refers to."""
FLAGGED_COLUMNS = pl.Schema(
    {
        "check": pl.String,
        "subject": pl.String,
        "sample_id": pl.String,
        "exchange": pl.UInt32,
        "score": pl.Float64,
    }
)

_PLAIN = pl.CompatLevel.oldest()
"""How strings are laid out for Parquet."""
_AGAIN = "audit the corpus again (`mixguard audit`)"


def scan_annotations(folder: Path) -> pl.LazyFrame:
    """All parts of a run, scanned lazily, in corpus order."""
    return pl.scan_parquet(_parts(folder), glob=False)


def part_file(folder: Path, number: int) -> Path:
    """Where the annotations of a part are."""
    return folder / ANNOTATIONS / f"part-{number:05d}.parquet"


def write_part(folder: Path, number: int, annotations: pl.DataFrame) -> None:
    """Write the annotations of one part of a corpus; the first defines the columns, even if empty."""
    file = part_file(folder, number)
    file.parent.mkdir(exist_ok=True)
    write_table(file, annotations)


def read_part(folder: Path, number: int) -> pl.DataFrame:
    """The annotations of one part of a corpus; without columns if it has no exchange."""
    file = folder / ANNOTATIONS / f"part-{number:05d}.parquet"
    return pl.read_parquet(file, glob=False) if file.is_file() else pl.DataFrame()


def replace_rows(folder: Path, number: int, mask: pl.Series, fresh: pl.DataFrame) -> bool:
    """Write the masked rows of a part anew, in their places; False if they are not the rows that the part has there."""
    file = part_file(folder, number)
    rows = pl.read_parquet(file, glob=False) if file.is_file() else fresh.clear()
    keys = ("sample_id", "exchange")
    if rows.height != len(mask) or not rows.filter(mask).select(keys).equals(fresh.select(keys)):
        return False
    places = pl.concat([(~mask).arg_true(), mask.arg_true()])
    write_table(file, pl.concat([rows.filter(~mask), fresh])[places.arg_sort()])
    return True


def write_table(file: Path, rows: pl.DataFrame) -> None:
    """Write rows as Parquet, in a file of its own: one with the same name may be shared with another run.

    Raises:
        OSError: the disk is full, say; polars itself raises errors that do not tell.
    """
    content = io.BytesIO()
    rows.write_parquet(content)
    file.unlink(missing_ok=True)
    file.write_bytes(content.getbuffer())


def write_flagged(folder: Path, rows: Iterable[pl.LazyFrame]) -> None:
    """Write the rows that a run's findings refer to, one finding after another, so that only one is in memory.

    Args:
        folder: the run folder.
        rows: those of each finding, with schema `FLAGGED_COLUMNS`.

    Raises:
        OSError: the disk is full, say.
    """
    from pyarrow.parquet import ParquetWriter

    schema = pl.DataFrame(schema=FLAGGED_COLUMNS).to_arrow(compat_level=_PLAIN).schema
    # A stream of Python's own, since its errors tell what happened.
    with (folder / FLAGGED).open("wb") as stream, ParquetWriter(stream, schema, compression="zstd") as writer:
        for each in rows:
            writer.write_table(each.collect().to_arrow(compat_level=_PLAIN))


def read_flagged(folder: Path) -> pl.LazyFrame:
    """The rows that a run's findings refer to, with schema `FLAGGED_COLUMNS`.

    Raises:
        RunFolderError: the file is missing, damaged or has another layout.
    """
    file = folder / FLAGGED
    try:
        rows = pl.read_parquet(file, glob=False)
    except (OSError, pl.exceptions.PolarsError, pl.exceptions.PanicException):
        raise RunFolderError(f"{file}: missing, half-written, damaged or not Parquet; {_AGAIN}") from None
    if rows.schema != FLAGGED_COLUMNS:
        raise RunFolderError(f"{file}: its columns do not match this mixguard version; {_AGAIN}")
    return rows.lazy()


def _parts(folder: Path) -> list[Path]:
    """In order of number, which may outgrow its five digits."""
    return sorted((folder / ANNOTATIONS).glob("part-*.parquet"), key=lambda part: (len(part.name), part.name))


def quarantined(rejected: Rejected) -> dict[str, Any]:
    """A rejected record's location and reason: a line of the quarantine."""
    place = rejected.place
    return {
        "source": place.source,
        "line": place.line,
        "record": place.ordinal,
        "reason": rejected.reason,
        "bytes": rejected.extent,
    }


def write_quarantine(folder: Path, lines: Iterable[Mapping[str, Any]]) -> None:
    """Write `quarantine.jsonl`."""
    with (folder / QUARANTINE).open("wb") as stream:
        stream.writelines(orjson.dumps(line) + b"\n" for line in lines)


def is_run(folder: Path) -> bool:
    """Whether a path names a run, or one shard of a run, rather than a corpus."""
    return any((folder / name).is_file() for name in (AUDIT, HEAD))


def read_audit(folder: Path) -> dict[str, Any]:
    """A run's `audit.json`, checked to be of this version.

    Raises:
        RunFolderError: it is missing, half-written, or written by another version or tool.
    """
    file = folder / AUDIT
    if not folder.exists():
        moving.restore(Path(os.path.realpath(folder)))
    if not file.is_file() and (folder / HEAD).is_file():
        raise RunFolderError(
            f"{folder}: is one shard of a run and has no findings; join all shards with `mixguard merge`"
        )
    if not file.is_file():
        raise RunFolderError(f"{folder}: not a run folder (no {AUDIT}); create one with `mixguard audit`")
    try:
        tree = orjson.loads(read_bounded(file, RunFolderError))
    except orjson.JSONDecodeError as error:
        raise RunFolderError(f"{file}: half-written or not JSON ({error}); {_AGAIN}") from None
    found = tree.get("version") if isinstance(tree, dict) else None
    if found != VERSION:
        raise RunFolderError(f"{file}: {_other(found)}")
    return dict(tree)


def _other(version: object) -> str:
    """The error for a document from another version or another tool."""
    own, _, number = VERSION.partition("/")
    match = re.fullmatch(rf"{own}/([0-9]{{1,9}})", version) if isinstance(version, str) else None
    if match is None:
        return f"not written by mixguard (version is not {VERSION}); pass a run folder"
    if int(match[1]) > int(number):
        return (
            f"written by a newer mixguard ({version}, this one reads {VERSION}); update mixguard, or {_AGAIN}"
        )
    return f"written by an older mixguard ({version}, this one reads {VERSION}); {_AGAIN}"


def check_annotations(folder: Path, exchanges: int, columns: Mapping[str, str]) -> None:
    """Refuse incomplete or unreadable annotations.

    Args:
        folder: the run folder.
        exchanges: expected number.
        columns: name to type, as recorded in the document.

    Raises:
        RunFolderError: a part is missing, truncated or has another layout.
    """
    found = 0
    for part in _parts(folder):
        try:
            # Read all of it: a damaged page only shows up when read, and this takes about 1 ms per part.
            rows = pl.read_parquet(part, glob=False)
        except (OSError, pl.exceptions.PolarsError, pl.exceptions.PanicException):
            raise RunFolderError(f"{part}: half-written, damaged or not Parquet; {_AGAIN}") from None
        found += rows.height
        strange = next((name for name, kind in columns.items() if str(rows.schema.get(name)) != kind), None)
        if strange is not None:
            raise RunFolderError(f"{part}: column {strange} does not match this mixguard version; {_AGAIN}")
    if found != exchanges:
        where = folder / ANNOTATIONS
        raise RunFolderError(f"{where}: contains {found:,} of {exchanges:,} exchanges; {_AGAIN}")
