"""In-memory corpora: a dataset, a frame, a list of rows."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mixguard.corpus.files.base import KEPT_OF_REJECTED, Whole
from mixguard.corpus.files.cells import as_json, record
from mixguard.corpus.files.tables import ROWS_AT_ONCE
from mixguard.corpus.records import Place, Record, Rejected
from mixguard.errors import InputError, RecordError

NAME = "<memory>"
TAKEN = "paths, a datasets.Dataset, a polars or pandas frame, or a list of dicts"
FIRST = {
    "IterableDataset": "read it into memory first: `datasets.Dataset.from_list(list(rows))`",
    "LazyFrame": "collect it first: `frame.collect()`",
    "Series": "make a frame of it first: `series.to_frame('text')`",
    "Table": "make a frame of it first: `polars.from_arrow(table)`",
    "dict": "make a frame of its columns first: `polars.DataFrame(columns)`",
    "generator": "make a list of it first: `list(rows)`",
}
"""What makes a corpus of types that are nearly one."""


@dataclass(frozen=True)
class MemorySource:
    """In-memory rows, in order; a record is numbered like its row."""

    name: str
    data: Any

    @property
    def size(self) -> int | None:
        """Unknown before reading."""
        return None

    @property
    def files(self) -> list[Path]:
        """Always empty."""
        return []

    def records(self) -> Iterator[Record | Rejected | Whole]:
        """Every row, then the digest of all rows as JSON Lines."""
        digest = hashlib.sha256()
        for line, found in self._lines():
            digest.update(line)
            yield found
        yield Whole(digest.hexdigest())

    def found(self) -> Iterator[Record | Rejected | Whole]:
        """The same as `records`."""
        return self.records()

    def digest(self) -> str:
        """SHA-256 of the rows as they are now."""
        return next(found.sha256 for found in self.records() if isinstance(found, Whole))

    def save(self, path: Path) -> None:
        """Write the rows as Parquet or JSON Lines, depending on the suffix."""
        if path.suffix == ".parquet":
            import pyarrow.parquet as pq

            pq.write_table(_table(self.data), path)
            return
        with path.open("wb") as stream:
            stream.writelines(line for line, _ in self._lines())

    def _lines(self) -> Iterator[tuple[bytes, Record | Rejected]]:
        """Every row as a line of JSON, unreadable ones too, so that a file of them numbers rows alike."""
        for ordinal, row in enumerate(_rows(self.data)):
            raw, reason = b"null", f"expected a dict, found {type(row).__name__}"
            try:
                if isinstance(row, Mapping):
                    found = record(dict(row), self.name, ordinal)
                    yield found.raw + b"\n", found
                    continue
                raw = as_json(row)
            except RecordError as error:
                reason = str(error)
            place = Place(self.name, ordinal + 1, ordinal)
            yield raw + b"\n", Rejected(place, raw[:KEPT_OF_REJECTED], reason, len(raw))


def memory_sources(data: Any, number: int) -> list[MemorySource]:
    """In-memory data as sources: one, or one per split of a `DatasetDict`.

    Args:
        data: as the user passed it.
        number: 1-based position of the input; part of the name from 2 on.

    Raises:
        InputError: it cannot be read as a corpus; the message says what to pass.
    """
    name = NAME if number == 1 else f"<memory {number}>"
    is_split = _library(data) == "datasets" and isinstance(data, Mapping)
    named = {f"{name}:{split}": rows for split, rows in data.items()} if is_split else {name: data}
    for rows in named.values():
        _check(rows)
    return [MemorySource(each, rows) for each, rows in named.items()]


def _check(data: Any) -> None:
    """Refuse what is not rows, saying what to pass."""
    kind, library = type(data).__name__, _library(data)
    if isinstance(data, list | tuple):
        if not data or any(isinstance(row, Mapping) for row in data):
            return
        if all(isinstance(row, str) for row in data):
            raise InputError(
                "a list of strings is not a corpus; pass paths one by one, or dicts like {'text': ...}"
            )
        raise InputError(
            f"a list without a dict is not a corpus (it begins with {type(data[0]).__name__}); pass several corpora one by"
            " one, and rows as dicts like {'prompt': ..., 'response': ...}"
        )
    is_frame = library in ("polars", "pandas") and kind == "DataFrame"
    if not is_frame and (library != "datasets" or not hasattr(data, "__len__")):
        what = FIRST.get(kind, f"pass {TAKEN}")
        raise InputError(f"{kind}: cannot be read as a corpus; {what}")


def _library(data: Any) -> str:
    return type(data).__module__.partition(".")[0]


def _rows(data: Any) -> Iterator[Any]:
    library = _library(data)
    if library == "polars":
        for part in data.iter_slices(ROWS_AT_ONCE):
            yield from part.to_dicts()
    elif library == "datasets":
        for batch in data.with_format("arrow").iter(ROWS_AT_ONCE):
            yield from batch.to_pylist()
    elif library == "pandas":
        for batch in _table(data).to_batches(ROWS_AT_ONCE):
            yield from batch.to_pylist()
    else:
        yield from data


def _table(data: Any) -> Any:
    import pyarrow as pa

    library = _library(data)
    if library == "builtins" and not all(isinstance(row, Mapping) for row in data):
        raise InputError(f"{NAME}: a row is not a dict; Parquet cannot hold it, so write the mix as .jsonl")
    try:
        if library == "polars":
            return data.to_arrow()
        if library == "datasets":
            return data.with_format("arrow")[:]
        if library == "pandas":
            return pa.Table.from_pandas(data, preserve_index=False)
        names = dict.fromkeys(
            name for row in data for name in row
        )  # `from_pylist` reads only the first row's
        return pa.table({name: [row.get(name) for row in data] for name in names})
    except pa.ArrowException as error:
        raise InputError(f"{NAME}: a column mixes value types: {error}") from None
