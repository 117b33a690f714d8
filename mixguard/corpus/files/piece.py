"""What a stream of JSON is cut into, and the marks by which a new record is known."""

from __future__ import annotations

import re
from typing import Any, NamedTuple

import orjson

KEYS_KEPT, KEY_MAX = 8, 100


class Piece(NamedTuple):
    """The bytes of one record, or of what belongs to none."""

    raw: bytes
    line: int
    """1-based line of the first byte."""
    start: int
    """Offset in the stream."""
    problem: str | None = None
    value: Any = None
    """The parsed value, if finding its end already parsed it."""
    length: int = 0
    """Bytes covered, if more than `raw` has."""
    broken: bool = False
    """Whether the file ends inside."""
    listed: bool = False
    """Whether it is an element of an array."""
    names: list[str] | None = None
    """The columns, if it is a list of cells."""
    alone: bool = False
    """Whether it is all there is in the file."""


class Keys:
    """The first keys of the last records."""

    def __init__(self) -> None:
        self._keys: dict[bytes, None] = {}
        self._last: str | None = None

    def note(self, key: bytes | None) -> None:
        """Remember a record's first key, in its quotes."""
        if key is not None and len(key) <= KEY_MAX and key != next(reversed(self._keys), None):
            self._keys.pop(key, None)
            self._keys[key] = None
            if len(self._keys) > KEYS_KEPT:
                del self._keys[next(iter(self._keys))]

    def note_first(self, value: Any) -> None:
        """Remember how a parsed record begins."""
        key = next(iter(value), None) if isinstance(value, dict) else None
        if key is not None and key != self._last:
            self._last = key
            self.note(orjson.dumps(key))

    def restart(self, margin: int) -> re.Pattern[bytes]:
        """Where a record may begin: with one of these keys, or on a line of its own that is indented no further."""
        keys = b"|".join(map(re.escape, self._keys))
        known = rb"\{[ \t\r\n]*(?:%s)[ \t\r\n]*:" % keys if keys else rb"(?<=[},\]])[ \t\r\n]*\{[ \t\r\n]*\""
        return re.compile(rb"%s|(?<=\n)(?=[ \t]{0,%d}[{\[\]])" % (known, margin))
