"""Find where a JSON value ends without parsing it, in memory bounded by one record."""

from __future__ import annotations

import re
from typing import Any, BinaryIO, NamedTuple

CHUNK = 2**20
SPACE = b" \t\r\n"
_STRUCTURE = re.compile(rb'["\\{}\[\]]')
_STRING_END = re.compile(rb'["\\]')


class Piece(NamedTuple):
    """The raw bytes of one record, and the line they start on."""

    raw: bytes
    line: int
    problem: str | None = None
    value: Any = None
    """The parsed object, if finding its end already parsed it."""
    start: int = 0
    """Byte offset of the record in the stream."""


class Scan:
    """Counts open brackets outside strings; fed piece by piece."""

    def __init__(self) -> None:
        self.depth = 0
        self.in_string = False
        self._escaped = False

    def end(self, text: bytes, start: int) -> int:
        """Position after the bracket that closes the value, or -1 if the text ends first."""
        position = start
        if self._escaped:
            position, self._escaped = position + 1, False
        while match := (_STRING_END if self.in_string else _STRUCTURE).search(text, position):
            position = match.end()
            byte = match.group()
            if byte == b"\\":
                if self.in_string:
                    position += 1
                    self._escaped = position > len(text)
            elif byte == b'"':
                self.in_string = not self.in_string
            else:
                self.depth += 1 if byte in b"{[" else -1
                if self.depth == 0:
                    return position
        return -1


class Held:
    """The lines of an unfinished object."""

    def __init__(self) -> None:
        self.lines: list[bytes] = []
        self._scan = Scan()
        self._first = self._start = 0
        self._bytes = 0

    def add(self, line: bytes, number: int, start: int) -> None:
        """Add a line, including its line end; `start` is its offset in the stream."""
        if not self.lines:
            self._first, self._start = number, start
        self.lines.append(line)
        self._bytes += len(line)
        self._scan.end(line, 0)

    def ends(self, max_bytes: int) -> bool:
        """Whether the object is closed or can never be: no JSON string spans lines."""
        return self._scan.depth <= 0 or self._scan.in_string or self._bytes > max_bytes

    def piece(self, problem: str | None = None) -> Piece:
        """Return the object's bytes and start over."""
        text = b"".join(self.lines)
        piece = Piece(text.strip(SPACE), self._first, problem, None, self._start + _indent(text))
        self.lines, self._scan, self._bytes = [], Scan(), 0
        return piece


def _indent(text: bytes) -> int:
    return len(text) - len(text.lstrip(SPACE))


class Window:
    """The buffered part of a stream, and the line it starts on."""

    def __init__(self, stream: BinaryIO, line: int, passed: int) -> None:
        self._stream = stream
        self._buffer = b""
        self._start = 0
        self.line = line
        self.passed = passed
        """Bytes of the stream before the window."""

    def skip(self, unwanted: re.Pattern[bytes]) -> bytes:
        """Skip unwanted bytes; return the first byte after them, empty at the end of the stream."""
        while True:
            match = unwanted.match(self._buffer, self._start)
            end = match.end() if match else self._start
            self.take(end - self._start)
            if end < len(self._buffer):
                return self._buffer[end : end + 1]
            if not self._more():
                return b""

    def take(self, length: int) -> bytes:
        """Return the next `length` bytes and move the window past them."""
        end = min(self._start + length, len(self._buffer))
        taken = self._buffer[self._start : end]
        self.line += taken.count(b"\n")
        self.passed += len(taken)
        self._start = end
        return taken

    def element_end(self, max_bytes: int) -> int | None:
        """Distance to the end of the bracketed value at the window's start; None if the stream ends first.

        Once a value is longer than `max_bytes`, its beginning is dropped.
        """
        scan, position = Scan(), self._start
        while (end := scan.end(self._buffer, position)) < 0:
            if len(self._buffer) - self._start > max_bytes:
                self.take(len(self._buffer))
            length = len(self._buffer) - self._start
            if not self._more():
                return None
            position = self._start + length
        return end - self._start

    def find(self, wanted: re.Pattern[bytes], max_bytes: int) -> int | None:
        """Distance to the first match; None if there is none within `max_bytes`."""
        while (match := wanted.search(self._buffer, self._start)) is None:
            if len(self._buffer) - self._start > max_bytes or not self._more():
                return None
        return match.start() - self._start

    def _more(self) -> bool:
        """Read the next chunk and drop the bytes already passed."""
        chunk = self._stream.read(CHUNK)
        self._buffer = self._buffer[self._start :] + chunk
        self._start = 0
        return bool(chunk)
