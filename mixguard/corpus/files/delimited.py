"""Comma- and tab-separated records with a header line."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from io import BufferedReader
from typing import Any, NamedTuple

from mixguard.corpus.files.base import KEPT_OF_REJECTED
from mixguard.corpus.files.encoding import Decoder
from mixguard.corpus.files.rows import Cut, Rows
from mixguard.corpus.files.window import CHUNK, Window
from mixguard.corpus.records import Place, Record, Rejected
from mixguard.errors import InputError, RecordError

HEADER_MAX = 2**20
_SEPARATOR_LINE = re.compile(rb'"?sep=(.)"?\r?\n', re.IGNORECASE)
"""How Excel is told a file's delimiter, on a line before the header."""
_QUOTED_CELL = re.compile(rb'"(?:[^"]|"")*"')


class Header(NamedTuple):
    """A file's delimiter and column names."""

    delimiter: str
    columns: list[str]
    quotes: bool = True
    """Whether cells may be quoted; some tab-separated files never are, and a quote there is a quote."""


def read_delimited(stream: BufferedReader[Any], name: str, max_bytes: int) -> Iterator[Record | Rejected]:
    """Every row of a stream without a byte-order mark; values are the cells' text.

    Raises:
        InputError: the header cannot be read.
    """
    window, decoder, ordinal = Window(stream), Decoder(), 0
    rows = Rows(window, max_bytes)
    header = _header(rows, window, decoder, name)
    while (cut := rows.next()) is not None:
        place = Place(name, cut.line, ordinal)
        ordinal += 1
        try:
            yield _record(cut, place, header, decoder)
        except RecordError as error:
            raw = cut.raw[:KEPT_OF_REJECTED]
            yield Rejected(place, raw, str(error), cut.length, cut.broken, cut.start)
    if window.failure:
        yield Rejected(
            Place(name, window.line, ordinal), b"", window.failure, broken=True, start=window.passed
        )
    elif not ordinal:
        raise InputError(f"{name}: a header line, but no rows")


def read_header(stream: BufferedReader[Any], name: str) -> Header:
    """The header of a stream without a byte-order mark.

    Raises:
        InputError: it cannot be read.
    """
    window = Window(stream)
    return _header(Rows(window, HEADER_MAX), window, Decoder(), name)


def _record(cut: Cut, place: Place, header: Header, decoder: Decoder) -> Record:
    """A row as a record.

    Raises:
        RecordError: it has not one cell for each column, or is not text.
    """
    if cut.problem:
        raise RecordError(cut.problem)
    if len(cut.cells) != len(header.columns):
        raise RecordError(f"{len(cut.cells)} cells, but {len(header.columns)} in the header")
    texts, utf8 = decoder.decoded(cut.raw, cut.cells)
    row = dict(zip(header.columns, texts, strict=True))
    return Record(place, cut.raw, row, () if utf8 else ("not_utf8",), cut.start)


def _header(rows: Rows, window: Window, decoder: Decoder, name: str) -> Header:
    window.peek(0, CHUNK)
    if told := _SEPARATOR_LINE.match(window.text, window.begin):
        rows.skip_line()
        rows.delimiter = told[1].decode("latin-1")
    else:
        rows.delimiter = _delimiter(name, window.peek(0, min(rows.line_end(0), HEADER_MAX)))
    cut = rows.next()
    if cut is None or cut.problem:
        raise InputError(
            f"{name}:1: cannot read the header line: {cut.problem if cut else 'the file is empty'}"
        )
    try:
        texts, _ = decoder.decoded(cut.raw, cut.cells)
    except RecordError as error:
        raise InputError(f"{name}:{cut.line}: cannot read the header line: {error}") from None
    columns = _columns(texts, f"{name}:{cut.line}")
    rows.width = len(columns)
    rows.quotes = rows.delimiter != "\t" or _quotes(window.peek(0, CHUNK), len(columns))
    return Header(rows.delimiter, columns, rows.quotes)


def _columns(texts: list[str], where: str) -> list[str]:
    """The columns' names; pandas writes one without a name, Excel several.

    Raises:
        InputError: two columns have the same name, or none has one.
    """
    if not any(text.strip() for text in texts):
        raise InputError(
            f"{where}: the header line names no column; name them, for example prompt,completion"
        )
    blank = [number for number, text in enumerate(texts) if not text.strip()]
    columns = [f"unnamed {n + 1}" if n in blank[1:] else text for n, text in enumerate(texts)]
    twice = next((text for text, count in Counter(columns).items() if count > 1), None)
    if twice is not None:
        shown = f" ({twice})" if len(twice) <= 40 else ""
        raise InputError(f"{where}: two columns have the same name{shown}; rename one")
    return columns


def _quotes(sample: bytes, width: int) -> bool:
    """Whether cells are quoted where they must be; not if quotes stand in cells as they are and each line is a row."""
    lines = [line.rstrip(b"\r") for line in sample.split(b"\n")[: -1 if len(sample) == CHUNK else None]]
    lines = [line for line in lines if line]
    quoting = [cell for line in lines if b'"' in line for cell in line.split(b"\t") if b'"' in cell]
    if not quoting or any(_QUOTED_CELL.fullmatch(cell) for cell in quoting):
        return True
    return any(line.count(b"\t") != width - 1 for line in lines)


def _delimiter(name: str, header: bytes) -> str:
    if ".tsv" in name.lower():
        return "\t"
    return max(",;\t|", key=header.decode("latin-1").count)
