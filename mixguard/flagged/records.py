"""Flagged records as the corpus has them, byte for byte; or everything else of the corpus."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator
from typing import BinaryIO, NamedTuple

import orjson
import polars as pl

from mixguard.corpus.files import FileSource
from mixguard.corpus.files.compressed import open_text
from mixguard.corpus.records import Record
from mixguard.errors import UsageError
from mixguard.mix.weave import weave_table, weave_text
from mixguard.run.document import Audit
from mixguard.run.texts import open_source

_ROWS = 1024
_BLOCK = 2**20


class Sliced(NamedTuple):
    """What was written of a corpus."""

    records: int
    by_line: bool
    """Whether each of them is one line of a file of such lines, so that `grep` can leave them out."""


class _Layout(NamedTuple):
    """How the chosen records of a text file lie in it."""

    header: int
    """Lines before the first record."""
    lines: set[int]
    """Of the chosen records, counted from 1."""
    listed: bool
    """Whether they are elements of a JSON array."""
    single: bool
    """Whether each is one line."""
    shared: str | None
    """Place of a record on a line that has a chosen and another one."""


def write_flagged(audit: Audit, rows: pl.DataFrame, out: BinaryIO) -> Sliced:
    """Write the flagged records as they stand in their files: whole lines, an array of its elements, or Parquet rows.

    Args:
        audit: the run.
        rows: as `choose` returns them; a record is written once, whatever exchanges of it are flagged.
        out: receives the text, decompressed.

    Raises:
        UsageError: a file has changed, or its records cannot be written apart.
    """
    chosen, by_line = _by_source(rows), True
    for name, numbers in chosen.items():
        source = _source(audit, name)
        layout = None if source.kind == "parquet" else _layout(source, numbers)
        by_line &= layout is not None and layout.single and not layout.listed and source.kind != "delimited"
        if len(chosen) > 1 and (layout is None or layout.listed or source.kind == "delimited"):
            raise UsageError(f"{name}: cannot be joined with the other files; choose one file with --source")
        if layout is None:
            _copy_rows(source, numbers, out)
        elif layout.listed:
            _copy_elements(source, numbers, out)
        elif layout.shared:
            raise UsageError(
                f"{layout.shared}: shares a line with another record; use --format jsonl instead"
            )
        else:
            header = range(1, layout.header + 1) if source.kind == "delimited" else ()
            _copy_lines(source, layout.lines.union(header).__contains__, out)
    return Sliced(sum(map(len, chosen.values())), by_line)


def write_rest(audit: Audit, rows: pl.DataFrame, out: BinaryIO, name: str) -> int:
    """Write one file of a corpus without its flagged records, every other byte as it is.

    Args:
        audit: the run.
        rows: as `choose` returns them.
        out: receives the text, decompressed, or the Parquet file.
        name: of the file.

    Returns:
        The number of records left out.

    Raises:
        UsageError: the file has changed, or its records cannot be left out.
    """
    source, numbers = _source(audit, name), _by_source(rows).get(name, frozenset())
    if source.kind == "parquet":
        return len(weave_table(source, out, {}, numbers, None).left_out)
    layout = _layout(source, numbers)
    if layout.listed or layout.shared:
        return len(weave_text(source, out, {}, numbers, orjson.dumps).left_out)
    _copy_lines(source, lambda line: line not in layout.lines, out)
    return len(numbers)


def _by_source(rows: pl.DataFrame) -> dict[str, frozenset[int]]:
    """Numbers of the records, by source."""
    grouped = rows.group_by("source").agg(pl.col("record").unique()).sort("source")
    return {source: frozenset(records) for source, records in grouped.iter_rows()}


def _source(audit: Audit, name: str) -> FileSource:
    """A file of the corpus, as it was audited.

    Raises:
        UsageError: it has changed, or is of a kind whose records cannot be written as they are.
    """
    (source,) = open_source(audit, name).sources
    if not isinstance(source, FileSource) or source.kind in ("arrow", "excel"):
        raise UsageError(
            f"{name}: its records cannot be written as they are; use --format jsonl, csv or parquet, or save the corpus as"
            " JSON Lines and audit that"
        )
    if source.digest() != audit.corpus.sources[name]:
        raise UsageError(f"{name}: has changed since it was audited; audit it again")
    return source


def _layout(source: FileSource, numbers: Container[int]) -> _Layout:
    """How the records with these numbers lie in their file."""
    lines, header, listed, single, shared = set[int](), 0, False, True, None
    end, before = 0, False
    for record in _records(source):
        first, last = record.place.line, record.place.line + record.raw.count(b"\n")
        header = header if end else first - 1
        mine = record.place.ordinal in numbers
        if first <= end and mine != before:
            shared = str(record.place)
        if mine:
            listed |= record.listed
            single &= first == last
            lines.update(range(first, last + 1))
        end, before = last, mine
    return _Layout(header, lines, listed, single, shared)


def _records(source: FileSource) -> Iterator[Record]:
    return (record for record in source.records() if isinstance(record, Record))


def _copy_lines(source: FileSource, wanted: Callable[[int], bool], out: BinaryIO) -> None:
    number, last = 1, b"\n"
    with open_text(source.path) as stream:
        while piece := stream.readline(_BLOCK):
            if wanted(number):
                out.write(piece)
                last = piece
            number += piece.endswith(b"\n")
    if not last.endswith(b"\n"):
        out.write(b"\n")


def _copy_elements(source: FileSource, numbers: Container[int], out: BinaryIO) -> None:
    before = b"[\n"
    for record in _records(source):
        if record.place.ordinal in numbers:
            out.write(before + record.raw)
            before = b",\n"
    out.write(b"\n]\n")


def _copy_rows(source: FileSource, numbers: Container[int], out: BinaryIO) -> None:
    """Write rows of a Parquet file with its own schema."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    with pq.ParquetFile(source.path) as file, pq.ParquetWriter(out, file.schema_arrow) as writer:
        first = 0
        for batch in file.iter_batches(_ROWS):
            writer.write_batch(batch.filter(pa.array([first + row in numbers for row in range(len(batch))])))
            first += len(batch)
