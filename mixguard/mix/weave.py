"""Copy a corpus file byte for byte, adding new records and leaving some out."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice, pairwise
from pathlib import Path
from typing import Any, BinaryIO

from mixguard.corpus.files import FileSource
from mixguard.corpus.files.compressed import open_text
from mixguard.corpus.files.sniff import BOM
from mixguard.corpus.records import Record
from mixguard.errors import RecordError, UsageError
from mixguard.mix.arrow import codecs, fitted, marked_schema
from mixguard.mix.style import Write

_COMMA = re.compile(rb",[ \t\r\n]*")
_NEXT_COMMA = re.compile(rb"([ \t\r\n]*),[ \t\r\n]*")
_LAST_COMMA = re.compile(rb",([ \t\r\n]*)\Z")
_MARKED = re.compile(rb"[ \t\r\n]*\x1e")
"""What stands between records that each begin with a record separator (RFC 7464)."""
_BLOCK = 2**20
_ROWS = 1024
"""Rows of a table handled at a time."""


@dataclass(frozen=True)
class Insert:
    """A new record."""

    pair: str
    row: dict[str, Any]


Mask = Callable[[Record], "bytes | None"]
"""A record's bytes with weight zero; None if its format has no weight."""
Inserts = Mapping[int, Sequence[Insert]]
"""New records by the kept record they follow (0-based index among the kept ones)."""


@dataclass
class Woven:
    """What was written."""

    records: int = 0
    """Source records kept."""
    added: dict[str, int] = field(default_factory=dict)
    """0-based index of each new record in the output, by pair ID."""
    left_out: dict[int, bytes] = field(default_factory=dict)
    """Bytes of each record left out, by its number in the source."""
    masked: set[int] = field(default_factory=set)
    """Numbers of the records kept with weight zero instead."""

    def next(self, ordinal: int, inserts: Inserts) -> Sequence[Insert]:
        """Count a kept record and return the records to insert after it."""
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
    """Copy a JSON or delimited file, streaming.

    Args:
        source: read twice in parallel: once for record positions, once for their bytes.
        out: receives the uncompressed text.
        inserts: new records.
        drop: numbers of records (`Place.ordinal`) to leave out.
        write: serializes a new record.
        mask: replaces a record instead of leaving it out, if it can.
    """
    done = Woven()
    with open_text(source.path) as stream:
        if stream.peek(3)[:3] == BOM:
            out.write(stream.read(3))
        loom = _Loom(stream, out)
        separators = _separators(source)
        for record in _records(source):
            _check(record)
            loom.gap(record.start)
            raw: bytes | None = loom.take(len(record.raw))
            if raw != record.raw:
                raise UsageError(f"{source.name}: changed while being read; nothing was written")
            if record.place.ordinal in drop:
                raw = mask(record) if mask else None
                if raw is None:
                    done.left_out[record.place.ordinal] = record.raw
                    loom.leave_out(record)
                    continue
                done.masked.add(record.place.ordinal)
            loom.keep(raw)
            for insert in done.next(record.place.ordinal, inserts):
                out.write(separators[record.listed] + write(insert.row))
        loom.end()
    return done


class _Loom:
    """Copies the file's bytes and removes the separators of records left out."""

    def __init__(self, stream: BinaryIO, out: BinaryIO) -> None:
        self._stream = stream
        self._out = out
        self._position = 0
        self._held = b""
        """Bytes before the current record, and before records left out just before it."""
        self._left_out: Record | None = None
        """A record left out just before, to which the next comma or newline belongs."""

    def gap(self, start: int) -> None:
        """Copy up to the start of the next record."""
        length = start - self._position
        gap = self.take(min(length, _BLOCK))
        self._hold(gap)
        if length > _BLOCK:  # any amount of unreadable lines is copied in blocks
            self._out.write(self._held)
            self._held = b""
            while self._position < start:
                self._out.write(self.take(min(start - self._position, _BLOCK)))

    def take(self, length: int) -> bytes:
        """The next bytes."""
        self._position += length
        return _read(self._stream, length)

    def keep(self, raw: bytes) -> None:
        """Write a kept record."""
        self._out.write(self._held + raw)
        self._held = b""

    def leave_out(self, record: Record) -> None:
        """Drop a record, along with one separator."""
        self._left_out = record

    def _hold(self, gap: bytes) -> None:
        """Hold the bytes after a record; without the separator that belongs to one left out."""
        record, self._left_out = self._left_out, None
        if record is not None and not record.listed:
            gap = gap[2:] if gap[:2] == b"\r\n" else gap[1:] if gap[:1] == b"\n" else gap
        elif record is not None and (comma := _NEXT_COMMA.match(gap)):
            gap = comma[1] + gap[comma.end() :]
        elif record is not None:  # the last of its array: the comma before it goes
            self._held = _LAST_COMMA.sub(rb"\1", self._held)
        self._held += gap

    def end(self) -> None:
        """Copy what follows the last record."""
        self._hold(self._stream.read(_BLOCK))
        self._out.write(self._held)
        while block := self._stream.read(_BLOCK):
            self._out.write(block)


def _check(record: Record) -> None:
    """Refuse a record beside which no other could be written.

    Raises:
        UsageError: it is a part of something larger.
    """
    if record.inner == "part":
        raise UsageError(
            f"{record.place}: this row lies inside another structure, where none can be added or left out; save the"
            " rows as JSON Lines first"
        )


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


def _separators(source: FileSource) -> dict[bool, bytes]:
    """What stands between two records, and between two elements of an array (`Record.listed`)."""
    with open_text(source.path) as stream:
        head = stream.read(_BLOCK).removeprefix(BOM)
    found = {True: b",\n", False: b"\r\n" if head.partition(b"\n")[0].endswith(b"\r") else b"\n"}
    if source.kind != "json":
        return found
    for one, other in pairwise(islice(_records(source), _ROWS)):
        between = head[one.start + len(one.raw) : other.start]
        if one.listed == other.listed and (_COMMA if one.listed else _MARKED).fullmatch(between):
            found[one.listed] = between
            break
    return found


def weave_table(
    source: FileSource, out: Path | BinaryIO, inserts: Inserts, drop: Collection[int], mark: str | None
) -> Woven:
    """Copy a Parquet file row by row; new rows are converted to its schema.

    Args:
        source: a Parquet file.
        out: written with the source's schema, metadata and compression.
        inserts: new records.
        drop: numbers of rows to leave out.
        mark: a column added to every row; holds the pair ID in new rows.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    done = Woven()
    with pq.ParquetFile(source.path) as file:
        schema = file.schema_arrow
        if mark in schema.names:
            raise UsageError(
                f"{source.name}: already has a column {mark!r}; choose another with --mark-field"
            )
        if mark is not None:
            schema = marked_schema(schema, mark)
        group = file.metadata.row_group(0) if file.num_row_groups else None
        height = max(group.num_rows, 1) if group else _ROWS
        with pq.ParquetWriter(out, schema, compression=codecs(group) if group else "snappy") as writer:
            first, held = 0, []
            for batch in file.iter_batches(_ROWS):
                rows = batch if mark is None else batch.append_column(mark, pa.nulls(len(batch), pa.string()))
                held += [part for part in _parts(rows, first, inserts, drop, done, mark) if len(part)]
                first += len(batch)
                if sum(map(len, held)) >= height:
                    writer.write_table(pa.Table.from_batches(held, schema), row_group_size=height)
                    held = []
            if held or not first:
                writer.write_table(pa.Table.from_batches(held, schema), row_group_size=height)
    return done


def _parts(
    batch: Any, first: int, inserts: Inserts, drop: Collection[int], done: Woven, mark: str | None
) -> Iterator[Any]:
    """Runs of kept rows in a batch, with new rows between them."""
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
                yield fitted({**insert.row, **({mark: insert.pair} if mark else {})}, batch.schema)
    yield batch.slice(start)
