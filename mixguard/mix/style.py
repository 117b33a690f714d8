"""Serialize new rows in the corpus's style: indentation, spacing, escaping, quotes and character set."""

from __future__ import annotations

import codecs
import csv
import io
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mixguard.corpus.files import FileSource, Source
from mixguard.corpus.files.compressed import open_text
from mixguard.corpus.files.delimited import Header, read_header
from mixguard.corpus.files.sniff import BOM
from mixguard.corpus.records import Record
from mixguard.errors import RecordError

Write = Callable[[dict[str, Any]], bytes]
"""Makes a row's bytes.

Raises:
    RecordError: the file's own way of writing cannot hold the row.
"""
_BLOCK = 2**20
_LEGACY = "cp1252"
"""What text that is not UTF-8 is read and written as: Windows Western, of which Latin-1's letters are a part."""


def style_of(source: Source, records: Sequence[Record]) -> Write:
    """How a source writes rows.

    Args:
        source: opened again for its header and its character set.
        records: some of its rows.
    """
    if not isinstance(source, FileSource) or source.kind != "delimited":
        return JsonStyle.of(records)
    with open_text(source.path) as stream:
        if stream.peek(3)[:3] == BOM:
            stream.read(3)
        header = read_header(stream, source.name)
    return CellStyle.of(header, records, _encoding(source))


def _encoding(source: FileSource) -> str:
    """The character set of a file: one damaged row does not make another of UTF-8."""
    with open_text(source.path) as stream:
        if _is_utf8(iter(lambda: stream.read(_BLOCK), b"")):
            return "utf-8"
    rows = (each for each in source.records() if isinstance(each, Record))
    kinds = {"not_utf8" in row.flags for row in rows if not row.raw.isascii()}
    # Where rows of both kinds stand side by side, only ASCII means the same in both.
    return "ascii" if len(kinds) > 1 else _LEGACY if kinds == {True} else "utf-8"


def _is_utf8(blocks: Iterable[bytes]) -> bool:
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        for block in blocks:
            decoder.decode(block)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


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
    bare: bool = False
    """Whether no cell is ever quoted, so that a quote is a character like others and a row is one line."""
    newline: str | None = None
    """What stands for a line end in a bare cell; None if nothing does."""
    end: str = "\n"
    """What ends a row, and a line within a cell."""
    encoding: str = "utf-8"

    @classmethod
    def of(cls, header: Header, records: Sequence[Record], encoding: str = "utf-8") -> CellStyle:
        """Learn it from the header and some records."""
        raws = [record.raw for record in records]
        quoted = all(raw.startswith(b'"') and raw.endswith(b'"') for raw in raws)
        bare = not header.quotes or _is_bare(raws, header.delimiter)
        escaped = any(b"\\n" in raw for raw in raws)
        crlf = sum(b"\r\n" in raw for raw in raws) > sum(b"\n" in raw for raw in raws) / 2
        return cls(
            header.delimiter,
            quoted,
            tuple(header.columns),
            bare,
            "\\n" if bare and escaped else None,
            "\r\n" if crlf else "\n",
            encoding,
        )

    def __call__(self, row: Mapping[str, Any]) -> bytes:
        """The row's bytes, without a line terminator.

        Raises:
            RecordError: a cell would need quotes, and the file has none; or a character is not in its character set.
        """
        cells = [_cell(row.get(column)) for column in self.columns]
        text = self.delimiter.join(map(self._bare, cells)) if self.bare else self._quoted(cells)
        try:
            return text.encode(self.encoding, "surrogatepass" if self.encoding == "utf-8" else "strict")
        except UnicodeEncodeError:
            raise RecordError(
                f"a character of the new row is not in {self.encoding}, in which the file is"
            ) from None

    def _quoted(self, cells: Sequence[str]) -> str:
        if self.end == "\r\n":
            cells = [cell.replace("\r\n", "\n").replace("\n", "\r\n") for cell in cells]
        text = io.StringIO()
        # csv.writer quotes cells that contain newlines only if its own line terminator has one.
        rows = csv.writer(
            text,
            delimiter=self.delimiter,
            quoting=csv.QUOTE_ALL if self.quoted else csv.QUOTE_MINIMAL,
            lineterminator="\r\n",
        )
        rows.writerow(cells)
        return text.getvalue().removesuffix("\r\n")

    def _bare(self, cell: str) -> str:
        """A cell that needs no quotes, whether or not a reader gives quotes a meaning."""
        if self.newline is not None:
            cell = cell.replace("\r\n", "\n").replace("\n", self.newline)
        if cell.startswith('"') or any(mark in cell for mark in (self.delimiter, "\n", "\r")):
            raise RecordError("the file quotes no cell, and a cell of the new row would need quotes")
        return cell


def _is_bare(raws: Sequence[bytes], delimiter: str) -> bool:
    """Whether no cell is quoted, and some hold a quote; a tab-separated file without any quote is read by lines too."""
    texts = [raw.decode("utf-8", "replace") for raw in raws]
    if any("\n" in text or _quotes(text, delimiter) for text in texts):
        return False
    return delimiter == "\t" or any('"' in text for text in texts)


def _quotes(text: str, delimiter: str) -> bool:
    """Whether quotes in a row mean something: it reads differently from what stands between its delimiters."""
    try:
        return next(csv.reader([text], delimiter=delimiter, strict=True), []) != text.split(delimiter)
    except csv.Error:
        return False


def _cell(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _spaces(line: bytes) -> int:
    return len(line) - len(line.lstrip(b" \t"))
