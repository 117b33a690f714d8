"""Comma- and tab-separated records with a header line."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

from mixguard.corpus.files.base import KEPT_OF_REJECTED
from mixguard.corpus.records import Place, Record, Rejected
from mixguard.errors import InputError


def read_delimited(stream: BinaryIO, name: str, max_bytes: int) -> Iterator[Record | Rejected]:
    """Every row; every value is text, as stored."""
    text = io.TextIOWrapper(stream, encoding="utf-8", errors="strict", newline="")
    try:
        yield from _rows(_Kept(text), name, max_bytes)
    finally:
        text.detach()  # the stream belongs to the caller


class Header(NamedTuple):
    """A file's delimiter and column names."""

    delimiter: str
    columns: list[str]


def read_header(stream: BinaryIO, name: str) -> Header:
    """The header of a stream without a byte-order mark.

    Raises:
        InputError: it cannot be read.
    """
    text = io.TextIOWrapper(stream, encoding="utf-8", errors="strict", newline="")
    try:
        return _header(_Kept(text), name)[0]
    finally:
        text.detach()


def _header(lines: _Kept, name: str) -> tuple[Header, Iterator[list[str]]]:
    delimiter = _delimiter(name, lines.peek())
    rows = csv.reader(lines, delimiter=delimiter, strict=True)
    try:
        return Header(delimiter, next(rows, [])), rows
    except (csv.Error, UnicodeDecodeError) as error:
        raise InputError(f"{name}:1: cannot read the header line: {error}") from None


def _rows(lines: _Kept, name: str, max_bytes: int) -> Iterator[Record | Rejected]:
    csv.field_size_limit(min(max_bytes, 2**31 - 1))
    (_, header), rows = _header(lines, name)
    lines.take()
    ordinal = 0
    while True:
        place = Place(name, lines.number + 1, ordinal)
        try:
            cells = next(rows, None)
        except (csv.Error, UnicodeDecodeError) as error:
            yield Rejected(place, lines.take()[:KEPT_OF_REJECTED], f"unreadable row: {error}")
            if isinstance(error, UnicodeDecodeError):
                return
            ordinal += 1
            continue
        start = lines.taken
        raw = lines.take()
        if cells is None:
            return
        if not cells:
            continue
        ordinal += 1
        if len(cells) != len(header):
            reason = f"{len(cells)} cells, but {len(header)} in the header"
            yield Rejected(place, raw[:KEPT_OF_REJECTED], reason)
            continue
        yield Record(place, raw, dict(zip(header, cells, strict=True)), (), start)


def _delimiter(name: str, sample: str) -> str:
    if ".tsv" in name.lower():
        return "\t"
    header = sample.partition("\n")[0]
    return max(",;\t|", key=header.count)


class _Kept:
    """Iterates over lines and keeps those the parser has used, to recover each row's own bytes."""

    def __init__(self, stream: io.TextIOWrapper) -> None:
        self._stream = stream
        self._head: list[str] = []
        self._used: list[str] = []
        self.taken = 0
        """Bytes of all lines taken so far."""
        self.number = 0
        """Lines handed to the parser so far."""

    def peek(self) -> str:
        """The first line."""
        self._head = [self._stream.readline()]
        return self._head[0]

    def take(self) -> bytes:
        """The bytes used since the last call, without the row's line end."""
        raw = "".join(self._used).encode("utf-8", "surrogatepass")
        self._used = []
        self.taken += len(raw)
        return raw.rstrip(b"\r\n")

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self._head.pop() if self._head else self._stream.readline()
        if not line:
            raise StopIteration
        self._used.append(line)
        self.number += 1
        return line
