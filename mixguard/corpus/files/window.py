"""The buffered part of a byte stream: looked at without being used up, in memory bounded by one record."""

from __future__ import annotations

import re
from io import BufferedReader
from typing import Any, NamedTuple

from mixguard.corpus.files.base import KEPT_OF_REJECTED
from mixguard.errors import RecordError

CHUNK = 2**20
SPACE = b" \t\r\n"
SEEN_MAX = 2**24
"""How far blanks are followed without being passed."""
_NEWLINE = re.compile(rb"\n")
_BEFORE = 256
"""Bytes kept before the first: they tell how far it is indented."""


class Lost(NamedTuple):
    """Bytes that belong to no readable record."""

    raw: bytes
    """Their beginning."""
    length: int


class Window:
    """The part of a stream that is in memory; `at` and all lengths count from its first byte."""

    def __init__(self, stream: BufferedReader[Any]) -> None:
        self._stream = stream
        self.text = b""
        """What is in memory, from `begin` on."""
        self.begin = 0
        self.line = 1
        """1-based line of the first byte."""
        self.passed = 0
        """Bytes of the stream before the first byte."""
        self.ended = False
        """Whether nothing follows what is in memory."""
        self.failure: str | None = None
        """Why the stream broke off."""
        self._newline = 0
        """Position in the stream up to which there is no line end, or of the first one."""

    def __len__(self) -> int:
        return len(self.text) - self.begin

    def more(self) -> bool:
        """Read on; the amount grows with what is held, so that a long record is not copied often."""
        if self.ended:
            return False
        before = min(self.begin, _BEFORE)
        parts = [self.text[self.begin - before :]]
        wanted = max(CHUNK, len(self))
        while wanted > 0 and not self.ended:
            try:
                # `read` would lose what it has if the stream breaks off right after.
                part = self._stream.read1(min(wanted, CHUNK))
            except RecordError as error:
                part, self.failure = b"", str(error)
            except OSError as error:
                part, self.failure = b"", f"the file cannot be read on: {error.strerror or error}"
            self.ended = not part
            parts.append(part)
            wanted -= len(part)
        self.text, self.begin = b"".join(parts), before
        return len(parts) > 2 or not self.ended

    def peek(self, at: int, length: int = 1) -> bytes:
        """Bytes at a distance; fewer at the end of the stream."""
        while len(self) < at + length and self.more():
            pass
        return self.text[self.begin + at : self.begin + at + length]

    def indent(self) -> int:
        """Blanks between the start of the line and the first byte; 0 if there is anything else."""
        start = self.text.rfind(b"\n", 0, self.begin) + 1
        return self.begin - start if not self.text[start : self.begin].strip(b" \t") else 0

    def take(self, length: int) -> bytes:
        """The next bytes; the window moves past them."""
        taken = self.text[self.begin : self.begin + length]
        self.line += taken.count(b"\n")
        self.begin += len(taken)
        self.passed += len(taken)
        return taken

    def skip(self, unwanted: re.Pattern[bytes]) -> bytes:
        """Move past unwanted bytes; the first byte after them, empty at the end of the stream."""
        while True:
            if match := unwanted.match(self.text, self.begin):
                self.take(match.end() - self.begin)
            if len(self) >= 3 or not self.more():  # a byte-order mark has three bytes
                match = unwanted.match(self.text, self.begin)
                if not match:
                    return self.text[self.begin : self.begin + 1]

    def after(self, at: int, unwanted: re.Pattern[bytes]) -> int:
        """The distance of the first byte from `at` on that is not unwanted, as far as is seen."""
        while True:
            match = unwanted.match(self.text, self.begin + at)
            at = match.end() - self.begin if match else at
            if at < len(self) or at > SEEN_MAX or not self.more():
                return at

    def line_end(self, max_bytes: int) -> int:
        """The distance of the next line end; -1 if there is none within `max_bytes`, as far as these must be read."""
        while True:
            start = max(self._newline - self.passed, 0)
            found = self.text.find(b"\n", self.begin + start) - self.begin
            if found >= 0:
                self._newline = self.passed + found
                return found
            self._newline = self.passed + len(self)
            if len(self) > max_bytes or not self.more():
                return -1

    def lose(self, until: re.Pattern[bytes], at: int, max_bytes: int) -> Lost:
        """Move to the first match at least `at` away, or to the end of the stream.

        Args:
            until: matches at most 4,096 bytes.
            at: a distance.
            max_bytes: how much may be held meanwhile.
        """
        raw, length = self.peek(0, KEPT_OF_REJECTED), 0
        while not (match := until.search(self.text, self.begin + at)):
            at = max(at, len(self) - 4096)
            if len(self) > max_bytes:
                gone = len(self.take(max(0, len(self) - 4096)))
                length, at = length + gone, at - gone
            if not self.more():
                break
        end = match.start() - self.begin if match else len(self)
        length += len(self.take(end).rstrip(SPACE))
        return Lost(raw[:length], length)

    def lose_line(self, max_bytes: int) -> Lost:
        """Move to the next line end."""
        return self.lose(_NEWLINE, 0, max_bytes)
