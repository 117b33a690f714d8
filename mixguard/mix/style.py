"""Serialize new rows in the corpus's style: indentation, spacing, escaping of non-ASCII characters."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mixguard.corpus.files.delimited import Header
from mixguard.corpus.records import Record
from mixguard.errors import RecordError


@dataclass(frozen=True)
class JsonStyle:
    """How a corpus writes JSON."""

    indent: int | None
    """Spaces per level; None for single-line records."""
    margin: int
    """Spaces before a record's closing bracket."""
    spaced: bool
    """Whether a space follows colons and commas."""
    ascii: bool
    """Whether non-ASCII characters are escaped."""
    bare: bool = False
    """Whether a record is the bare list of its messages."""

    @classmethod
    def of(cls, records: Sequence[Record]) -> JsonStyle:
        """Learn it from some records."""
        raw = records[0].raw
        lines = raw.split(b"\n")
        margin = _spaces(lines[-1]) if len(lines) > 1 else 0
        indent = _spaces(lines[1]) - margin if len(lines) > 1 else None
        escaped = any(b"\\u" in record.raw for record in records)
        plain = all(record.raw.isascii() for record in records)
        bare = records[0].inner == "list"
        return cls(indent, margin, spaced=b'": ' in raw, ascii=plain and escaped, bare=bare)

    def __call__(self, row: Mapping[str, Any]) -> bytes:
        """The row's bytes."""
        separators = (", ", ": ") if self.spaced else (",", ":")
        if self.indent is not None:
            separators = (",", separators[1])
        value = row["messages"] if self.bare else row
        text = json.dumps(value, ensure_ascii=self.ascii, indent=self.indent, separators=separators)
        if self.margin:
            text = text.replace("\n", "\n" + " " * self.margin)
        return text.encode("utf-8", "surrogatepass")


@dataclass(frozen=True)
class CellStyle:
    """How a corpus writes delimited rows."""

    delimiter: str
    quoted: bool
    """Whether every cell is quoted."""
    columns: tuple[str, ...]
    quotes: bool = True
    """Whether cells may be quoted at all."""

    @classmethod
    def of(cls, header: Header, records: Sequence[Record]) -> CellStyle:
        """Learn it from the header and some records."""
        quoted = all(record.raw.startswith(b'"') and record.raw.endswith(b'"') for record in records)
        return cls(header.delimiter, quoted, tuple(header.columns), header.quotes)

    def __call__(self, row: Mapping[str, Any]) -> bytes:
        """The row's bytes, without a line terminator.

        Raises:
            RecordError: a cell would need quotes, and the file has none.
        """
        cells = [_cell(row.get(column)) for column in self.columns]
        if not self.quotes:
            if any(mark in cell for cell in cells for mark in (self.delimiter, "\n", "\r")):
                raise RecordError("a cell of a new row spans lines, and this file never quotes cells")
            return self.delimiter.join(cells).encode("utf-8", "surrogatepass")
        text = io.StringIO()
        # csv.writer quotes cells that contain newlines only if its own line terminator has one.
        rows = csv.writer(
            text,
            delimiter=self.delimiter,
            quoting=csv.QUOTE_ALL if self.quoted else csv.QUOTE_MINIMAL,
            lineterminator="\r\n",
        )
        rows.writerow(cells)
        return text.getvalue().removesuffix("\r\n").encode("utf-8", "surrogatepass")


def _cell(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _spaces(line: bytes) -> int:
    return len(line) - len(line.lstrip(b" \t"))
