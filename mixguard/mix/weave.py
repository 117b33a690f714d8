"""A corpus's file again, byte for byte, with new records between its own and some of its own left out."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

from mixguard.corpus.files import FileSource
from mixguard.corpus.files.compressed import open_text
from mixguard.corpus.files.sniff import BOM
from mixguard.corpus.records import Record
from mixguard.errors import RecordError, UsageError

_COMMA = re.compile(rb",[ \t\r\n]*")
_BLOCK = 2**20


@dataclass(frozen=True)
class Insert:
    """A new record."""

    pair: str
    row: dict[str, Any]


Write = Callable[[dict[str, Any]], bytes]
Mask = Callable[[Record], "bytes | None"]
"""A record's bytes with weight zero; None where its format has no weight."""
Inserts = Mapping[int, Sequence[Insert]]
"""After which record that stays (0-based among those) what comes."""


@dataclass
class Woven:
    """What was written."""

    records: int = 0
    """Records of the source that stayed."""
    added: dict[str, int] = field(default_factory=dict)
    """Pair id to the new record's 0-based number in the output."""
    left_out: dict[int, bytes] = field(default_factory=dict)
    """Record number in the source to its bytes."""
    masked: set[int] = field(default_factory=set)
    """Numbers of records that stay with weight zero instead."""

    def next(self, ordinal: int, inserts: Inserts) -> Sequence[Insert]:
        """Count a record that stays; what comes after it."""
        number = ordinal - len(self.left_out) + len(self.added)
        here = inserts.get(self.records, ())
        self.records += 1
        for later, insert in enumerate(here, 1):
            self.added[insert.pair] = number + later
        return here


def weave_text(
    source: FileSource,
    out: BinaryIO,
    inserts: Inserts,
    drop: Collection[int],
    write: Write,
    mask: Mask | None = None,
) -> Woven:
    """Copy a JSON or delimited file, stream to stream.

    Args:
        source: read twice side by side: once for where records lie, once for their bytes.
        out: takes the decompressed text.
        inserts: new records.
        drop: numbers of records (`Place.ordinal`) to leave out.
        write: a new record's bytes.
        mask: what takes the place of a record that would be left out, where that can be.
    """
    done = Woven()
    with open_text(source.path) as stream:
        if stream.peek(3)[:3] == BOM:
            out.write(stream.read(3))
        array, separator = _joint(source)
        position, held, skip_end = 0, b"", False
        for record in _records(source):
            gap = _read(stream, record.start - position)
            raw = _read(stream, len(record.raw))
            position = record.start + len(record.raw)
            if raw != record.raw:
                raise UsageError(f"{source.name}: changed while it was read; nothing was written")
            if skip_end:
                gap, skip_end = _without_first(gap, array=array), False
            left_out = record.place.ordinal in drop
            if left_out and mask is not None and (instead := mask(record)) is not None:
                done.masked.add(record.place.ordinal)
                raw, left_out = instead, False
            if left_out:
                done.left_out[record.place.ordinal] = raw
                held += gap
                # The first record's own comma or line end goes with it; a later one's is that before it.
                skip_end = True
                continue
            out.write(held + gap + raw)
            held = b""
            for insert in done.next(record.place.ordinal, inserts):
                out.write(separator + write(insert.row))
        if skip_end and array:
            held = _without_last(held)
        out.write(held)
        tail = stream.read(_BLOCK)
        out.write(_without_first(tail, array=False) if skip_end and not array else tail)
        while block := stream.read(_BLOCK):
            out.write(block)
    return done


def _records(source: FileSource) -> Iterator[Record]:
    return (record for record in source.records() if isinstance(record, Record))


def _read(stream: BinaryIO, length: int) -> bytes:
    parts = []
    while length > 0:
        block = stream.read(length)
        if not block:
            raise RecordError("the file ends before its last record")
        parts.append(block)
        length -= len(block)
    return b"".join(parts)


def _joint(source: FileSource) -> tuple[bool, bytes]:
    """Whether the file is a JSON array, and what stands between two of its records."""
    with open_text(source.path) as stream:
        head = stream.read(_BLOCK).removeprefix(BOM)
    array = source.kind == "json" and head.lstrip()[:1] == b"["
    if not array:
        return False, b"\r\n" if head.partition(b"\n")[0].endswith(b"\r") else b"\n"
    first: Record | None = None
    for record in _records(source):
        if first is not None:
            end = first.start + len(first.raw)
            between = head[end : record.start]
            return True, between if _COMMA.fullmatch(between) else b",\n"
        first = record
    return True, b",\n"


def _without_first(gap: bytes, *, array: bool) -> bytes:
    """The bytes between two records less one comma, or less one line end."""
    if array:
        return _COMMA.sub(b"", gap, count=1)
    return gap[2:] if gap[:2] == b"\r\n" else gap[1:] if gap[:1] == b"\n" else gap


def _without_last(held: bytes) -> bytes:
    """The bytes before records that were left out at an array's end, less the last comma."""
    before, comma, after = held.rpartition(b",")
    return before + after if comma else held


def weave_table(
    source: FileSource, out: Path, inserts: Inserts, drop: Collection[int], mark: str | None
) -> Woven:
    """Copy a Parquet file row for row; new rows are converted to its schema.

    Args:
        source: a Parquet file.
        out: written with the source's schema, metadata and compression.
        inserts: new records.
        drop: numbers of rows to leave out.
        mark: a column added to every row, that names the pair where a row is new.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    done = Woven()
    with pq.ParquetFile(source.path) as file:
        schema = file.schema_arrow
        if mark is not None:
            schema = schema.append(pa.field(mark, pa.string()))
        codec = file.metadata.row_group(0).column(0).compression.lower() if file.num_row_groups else "snappy"
        compression = "none" if codec == "uncompressed" else codec
        with pq.ParquetWriter(out, schema, compression=compression) as writer:
            first = 0
            for batch in file.iter_batches(_ROWS):
                rows = batch if mark is None else batch.append_column(mark, pa.nulls(len(batch), pa.string()))
                parts = [part for part in _parts(rows, first, inserts, drop, done, mark) if len(part)]
                writer.write_table(pa.Table.from_batches(parts, schema))
                first += len(batch)
    return done


def _parts(
    batch: Any, first: int, inserts: Inserts, drop: Collection[int], done: Woven, mark: str | None
) -> Iterator[Any]:
    """Runs of a batch's rows that stay, and new rows between them."""
    import orjson

    start = 0
    for row in range(len(batch)):
        if first + row in drop:
            done.left_out[first + row] = orjson.dumps(batch.slice(row, 1).to_pylist()[0], default=str)
            yield batch.slice(start, row - start)
            start = row + 1
        elif here := done.next(first + row, inserts):
            yield batch.slice(start, row + 1 - start)
            start = row + 1
            for insert in here:
                yield _fitted({**insert.row, **({mark: insert.pair} if mark else {})}, batch.schema)
    yield batch.slice(start)


_ROWS = 1024


def _fitted(row: Mapping[str, Any], schema: Any) -> Any:
    """One row under a schema; a column whose value cannot be converted is null."""
    import pyarrow as pa

    columns = []
    for column in schema:
        try:
            columns.append(pa.array([row.get(column.name)], column.type))
        except (pa.ArrowException, TypeError, ValueError):
            columns.append(pa.nulls(1, column.type))
    return pa.RecordBatch.from_arrays(columns, schema=schema)
