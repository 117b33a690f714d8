"""Cut a delimited file into rows; where a quote is astray, only the line that it stands on is lost."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from itertools import pairwise
from typing import NamedTuple

from mixguard.corpus.files.window import Window

_LINE_END = re.compile(rb"\r\n?|\n")
_WASTE = 2**20
"""Bytes that may be read twice, beyond as many as were read at all, before rows may span only a few lines."""
_FEW = 20


class Cut(NamedTuple):
    """One row, or a line that is none."""

    raw: bytes
    """Its bytes, without the line end; only the first ones if it is too long."""
    line: int
    start: int
    cells: list[bytes]
    problem: str | None = None
    length: int = 0
    broken: bool = False
    """Whether the file ends inside."""


class Rows:
    """The rows of a stream, one after the other.

    Args:
        window: at the beginning of a row.
        max_bytes: how long a row may be.
    """

    delimiter = ","
    quotes = True
    """Whether a quote at the beginning of a cell opens it; some files never quote."""
    width = 0
    """Cells of a row; 0 if unknown."""

    def __init__(self, window: Window, max_bytes: int) -> None:
        self._window = window
        self._max = max_bytes
        self._line = 1
        self._wasted = 0
        csv.field_size_limit(min(max_bytes, 2**31 - 1))

    def next(self) -> Cut | None:
        """The next row that is not blank; None at the end."""
        window = self._window
        while (first := window.peek(0)) in (b"\r", b"\n"):
            self._line += first == b"\n" or window.peek(1) != b"\n"
            window.take(1)
        if not first:
            return None
        end = self.line_end(0)
        if end > self._max:
            line, start, lost = self._line, window.passed, window.lose(_LINE_END, 0, self._max)
            return Cut(lost.raw, line, start, [], f"longer than {self._max:,} bytes", lost.length)
        raw = window.peek(0, end)
        if not self.quotes or b'"' not in raw:
            return self._taken(end, raw.rstrip(b"\r\n").split(self.delimiter.encode()))
        return self._quoted(end)

    def skip_line(self) -> None:
        """Step over a line."""
        self._taken(self.line_end(0), [])

    def line_end(self, at: int) -> int:
        """The distance after the line end that follows; beyond `max_bytes` if the line is too long."""
        window, seen = self._window, at
        while True:
            found = _LINE_END.search(window.text, window.begin + seen)
            if found and (found.end() < len(window.text) or window.ended):
                return found.end() - window.begin
            if found is None and window.ended:
                return len(window)
            seen = found.start() - window.begin if found else len(window)
            if seen - at > self._max:
                return seen
            window.more()

    def _quoted(self, first: int) -> Cut:
        """The row at the window's start, which has quotes and may go on after its first line, `first` bytes long."""
        ends: list[int] = []
        try:
            cells = next(csv.reader(self._lines(first, ends), delimiter=self.delimiter, strict=True))
        except (csv.Error, StopIteration) as error:
            self._wasted += ends[-1] - first
            problem = (
                f"unreadable row: {error}" if len(ends) == 1 else "a quote opens a cell and nothing closes it"
            )
            return self._taken(first, [], problem)
        if len(ends) > 1 and self.width and len(cells) != self.width and self._swallowed(ends):
            self._wasted += ends[-1] - first
            return self._taken(first, [], "a quote opens a cell and nothing closes it")
        return self._taken(ends[-1], [cell.encode("latin-1") for cell in cells])

    def _lines(self, end: int, ends: list[int]) -> Iterator[str]:
        """Lines from the window's start on, bytes as characters; notes where each ends."""
        window, at = self._window, 0
        most = _FEW if self._wasted > window.passed + _WASTE else self._max
        while True:
            ends.append(end)
            yield window.peek(at, end - at).decode("latin-1")
            at = end
            if at > self._max or len(ends) >= most or not window.peek(at):
                return
            end = self.line_end(at)

    def _swallowed(self, ends: list[int]) -> bool:
        """Whether what a row spans looks like rows of its own."""
        mark, window = self.delimiter.encode(), self._window
        spans = pairwise(ends)
        good = sum(window.peek(at, end - at).count(mark) == self.width - 1 for at, end in spans)
        return good * 2 >= len(ends) - 1

    def _taken(self, length: int, cells: list[bytes], problem: str | None = None) -> Cut:
        """Step over a row."""
        window, line, start = self._window, self._line, self._window.passed
        taken = window.take(length)
        raw = taken.rstrip(b"\r\n")
        self._line += len(_LINE_END.findall(taken))
        short = problem is not None or len(cells) < self.width
        broken = short and len(raw) == len(taken) and window.peek(0) == b""
        return Cut(raw, line, start, cells, problem, len(raw), broken)
