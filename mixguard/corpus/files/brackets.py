"""Find where a JSON value ends, or where it goes wrong, without parsing it.

Grammar is checked as far as it tells where a value ends: a stray quote or bracket is noticed where it stands, and not at
the end of the file. Whether the value is valid JSON is left to the parser.
"""

from __future__ import annotations

import re
from typing import Literal, TypeAlias

DEPTH_HELD = 10_000
"""Open brackets beyond which a value is given up."""

_TOKEN = re.compile(
    rb"[ \t\r\n]*+(?:([{}\[\],:])"  # 1: punctuation
    rb'|("(?:[^"\\\n]++|\\[^\n])*+)'  # 2: a string without its closing quote
    rb'|([^ \t\r\n"{}\[\],:]++))?'  # 3: a number, a name
)
_QUOTED = re.compile(rb'(?:(?!)())?((?:[^"\\\n]++|\\[^\n])*+)')
"""The rest of a string whose beginning is gone."""
_NAME_MAX = 1000
_NEXT: dict[bytes, dict[bytes, bytes]] = {
    b"value": {b'"': b"comma", b"x": b"comma", b"{": b"key", b"[": b"item"},
    b"item": {b'"': b"comma", b"x": b"comma", b"{": b"key", b"[": b"item", b"]": b"comma"},
    b"key": {b'"': b"colon", b"}": b"comma"},
    b"colon": {b":": b"value"},
    b"comma": {b",": b"", b"}": b"comma", b"]": b"comma"},
}
"""What may follow: what is wanted, the token, what is wanted then. A comma before a closing bracket is let through."""
_CLOSES = {b"}": b"{"[0], b"]": b"["[0]}

State: TypeAlias = Literal["more", "end", "bad", "cut"]


class Scan:
    """Follows one value, fed piece by piece.

    Args:
        hard: give up at the first twin.
    """

    def __init__(self, *, hard: bool = False) -> None:
        self.at = 0
        """Distance from the value's first byte: after its end, or where it goes wrong."""
        self.last = 0
        """Distance of the token before the one at which it goes wrong."""
        self.key: bytes | None = None
        """The first key, in its quotes."""
        self.twin: int | None = None
        """Distance of the first object inside that begins with the same key: the next record, if this one never ends."""
        self.reach = 0
        """Distance up to which nothing need be read again, inside a string too."""
        self._quoted = False
        """Whether a string goes on at `at`."""
        self._hard = hard
        self._open = bytearray()
        self._want = b"value"
        self._brace = -1
        """Distance of the brace, right after it."""

    def run(self, text: bytes, begin: int, *, final: bool) -> State:
        """Read on.

        Args:
            text: the bytes so far.
            begin: where the value begins in them.
            final: whether nothing follows.
        """
        while True:
            found = (_QUOTED if self._quoted else _TOKEN).match(text, begin + self.at)
            group = found.lastindex if found else None
            self.reach = (found.end() if found else begin) - begin
            if found is None or group is None:
                self.at = self.reach
                return "cut" if final else "more"
            start, end = found.start(group), found.end()
            if group == 2:
                state = _string(text, end)
                if state != "end":
                    return self._unended(state, start - begin, final=final)
                end += 1
            elif group == 3 and end == len(text) and not final and end - start < _NAME_MAX:
                return "more"
            kind = found[1] if group == 1 else b'"' if group == 2 else b"x"
            if not self._accepts(kind, text[start:end] if self._want == b"key" else b"", start - begin):
                self.at = start - begin
                return "bad"
            self.last, self.at, self._quoted = start - begin, end - begin, False
            if not self._open:
                return "end"

    def drop(self) -> int:
        """Forget the bytes that need not be read again; their number."""
        gone = self.reach
        self._quoted = self._quoted or self.at < gone
        self.at, self.last, self.reach, self._brace = 0, 0, 0, -1
        return gone

    def _unended(self, state: State, start: int, *, final: bool) -> State:
        """Note a string without its closing quote."""
        if state == "more" and not final:
            return "more"
        self.last = start
        if state == "bad":
            self.at = self.reach
        return "bad" if state == "bad" else "cut"

    def _accepts(self, kind: bytes, key: bytes, at: int) -> bool:
        """Go on to the next state; whether the token may stand here."""
        wanted = _NEXT[self._want].get(kind)
        if wanted is None:
            return False
        if kind in b"{[":
            self._open += kind
            self._brace = at if kind == b"{" else -1
        elif kind in b"}]":
            if self._open.pop() != _CLOSES[kind]:
                return False
        elif self._want == b"key" and not self._named(key):
            return False
        self._want = wanted or (b"key" if self._open[-1:] == b"{" else b"item")
        return len(self._open) <= DEPTH_HELD

    def _named(self, key: bytes) -> bool:
        """Note a key; whether to go on."""
        if self.key is None:
            self.key = key
        elif self._brace > 0 and key == self.key and self.twin is None:
            self.twin = self._brace
        self._brace = -1
        return not (self._hard and self.twin is not None)


def _string(text: bytes, end: int) -> State:
    """Whether a string is closed at `end`; no JSON string spans lines."""
    if end == len(text) or (text[end : end + 1] == b"\\" and end + 1 == len(text)):
        return "more"
    return "end" if text[end : end + 1] == b'"' else "bad"
