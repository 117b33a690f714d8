"""Cut a stream of JSON into the bytes of its records, and into what belongs to none."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import orjson

from mixguard.corpus.files.base import KEPT_OF_REJECTED
from mixguard.corpus.files.brackets import Scan, State
from mixguard.corpus.files.piece import Keys, Piece
from mixguard.corpus.files.plain import plain_lines
from mixguard.corpus.files.window import SPACE, Lost, Window
from mixguard.corpus.files.wrappers import first_element, is_message, is_whole, next_list
from mixguard.corpus.records import Unchecked

SEPARATORS = re.compile(rb"(?:[ \t\r\n,\x1e]++|\xef\xbb\xbf)+")
"""What may stand between records: space, commas, record separators (RFC 7464), marks of files laid end to end."""
_SPACE = re.compile(rb"[ \t\r\n]+")
_PLAIN = re.compile(rb'(?:"(?:[^"\\\n]++|\\[^\n])*+"|[^ \t\r\n,{}\[\]":]++)(?=[ \t\r\n]*[,\]])')
"""A text or a number in an array."""
_SCRAP_END = re.compile(rb'\n|(?=\{[ \t]*")')
_NEAR, _MISSES = 2**16, 1000
"""How far to look for the next record's beginning, and how often in vain."""
_WASTE = 2**20
"""Bytes that may be read twice, beyond as many as were read at all, before records are given up sooner."""
_STRAY = re.compile(rb"[\]}][\]}, \t]*")


class Pieces:
    """Iterates over the pieces of a stream."""

    def __init__(self, window: Window, max_bytes: int) -> None:
        self._window = window
        self._max = max_bytes
        self._depth = 0
        """Open arrays of records."""
        self._names: list[str] | None = None
        self._torn = False
        """Whether a lost stretch may have held the bracket that closes an array."""
        self._fresh = True
        """Whether no record was seen yet."""
        self._no_line = 0
        """Position in the stream up to which lines are not single records."""
        self._wasted = 0
        self._keys = Keys()
        self._opening = b""
        """How the last record began, up to the end of its first key."""
        self._misses = 0
        self._turns = False
        """Whether each line is a list of texts by turns."""
        self.count = 0
        """Plain lines so far, and what whoever reads the other pieces adds for these."""

    def __iter__(self) -> Iterator[Piece | Unchecked]:
        window = self._window
        if window.skip(SEPARATORS) == b"{":
            yield from self._wrapped()
        yield from self._until(depth=-1)
        if self._depth and not self._torn:
            yield Piece(b"", window.line, window.passed, "the array is never closed", broken=True)

    def _wrapped(self) -> Iterator[Piece | Unchecked]:
        """The records in the lists of an object that is the whole file; none if it is not such an object."""
        window, at = self._window, 1
        while (found := next_list(window, at, self._max)).kind == "list":
            if at == 1 and not is_whole(window, 0, self._max):
                return
            window.take(found.at + 1)
            self._names, self._depth, self._fresh = found.names, 1, False
            yield from self._until(depth=0)
            self._names, at = None, 0
        if at == 0 and found.kind == "closed":
            window.take(found.at)
        elif at == 0 and not self._depth and not window.skip(_SPACE):
            yield Piece(b"", window.line, window.passed, "the object is never closed", broken=True)

    def _until(self, *, depth: int) -> Iterator[Piece | Unchecked]:
        """The pieces up to the end of the stream, or until only so many arrays are open."""
        window = self._window
        while self._depth != depth and (first := window.skip(SEPARATORS)):
            if first == b"{" and not self._fresh and window.passed >= self._no_line:
                taken = yield from plain_lines(window, self._keys, self.count, self._max, self._depth)
                self.count += taken
                if taken:
                    continue
            if first == b"]" and self._depth:
                window.take(1)
                self._depth -= 1
                continue
            if first == b"[" and self._list_opens():
                continue
            if first in b"{[":
                yield self._whole_line() or (first == b"{" and self._up_to_next()) or self._value()
            else:
                yield self._scrap()

    def _list_opens(self) -> bool:
        """Step into an array of records; whether it is one, and not a record itself."""
        window, hard = self._window, self._is_wasteful()
        if self._names is not None and self._depth:
            return False
        at = window.after(1, _SPACE)
        opens = window.peek(at)
        if opens == b"{":
            limit = 2**8 if hard else 2**20
            inside = not is_message(first_element(window, 0, limit))
            self._wasted += min(limit, len(window))
        elif opens == b'"':
            inside = not self._depth and not self._is_turns()
        else:
            inside = opens in (b"[", b"]", b"")
        if inside:
            window.take(1)
            self._depth += 1
        return inside

    def _is_turns(self) -> bool:
        """Whether a list of texts is one of several, each on a line of its own: texts by turns, not documents."""
        window = self._window
        end = window.line_end(self._max)
        if end >= 0 and window.text[window.begin : window.begin + end].rstrip(SPACE)[-1:] == b"]":
            self._turns = self._turns or window.peek(window.after(end, _SPACE)) == b"["
            return self._turns
        return self._turns

    def _whole_line(self) -> Piece | None:
        """The rest of the line, if that is one record."""
        window = self._window
        if window.passed < self._no_line:
            return None
        end = window.line_end(0 if self._depth else self._max)
        if end < 0:
            end = len(window)
            if not window.ended:
                self._no_line = window.passed + end
                return None
        text = window.text[window.begin : window.begin + end].rstrip(SPACE + b",")
        self._no_line = window.passed + end
        if len(text) > self._max or text[-1:] not in (b"}", b"]"):
            return None
        try:
            value = orjson.loads(text)
        except orjson.JSONDecodeError:
            return None
        self._keys.note_first(value)
        return self._taken(text, value)

    def _up_to_next(self) -> Piece | None:
        """What stands before the next record's likely beginning, if that is one record: common in arrays on one line."""
        window = self._window
        if not self._opening or self._misses > _MISSES:
            return None
        begin = window.begin
        end = window.text.find(self._opening, begin + 1, begin + _NEAR)
        raw = window.text[begin:end].rstrip(SPACE + b",") if end > 0 else b""
        if raw[-1:] == b"}" and len(raw) <= self._max:
            try:
                return self._taken(raw, orjson.loads(raw))
            except orjson.JSONDecodeError:
                pass
        self._misses += 1
        return None

    def _taken(self, raw: bytes, value: Any = None) -> Piece:
        """Step over a record."""
        window = self._window
        line, start = window.line, window.passed
        window.take(len(raw))
        alone = self._fresh and not self._depth and window.peek(window.after(0, _SPACE)) == b""
        self._fresh = False
        return Piece(raw, line, start, value=value, listed=self._depth > 0, names=self._names, alone=alone)

    def _value(self) -> Piece:
        """An object or a list, followed to where it ends, or to where reading can go on."""
        window = self._window
        scan = Scan(hard=self._is_wasteful())
        line, start, gone, raw = window.line, window.passed, 0, b""
        while (state := scan.run(window.text, window.begin, final=window.ended)) == "more":
            if scan.reach > self._max:
                if scan.twin is not None:
                    break
                raw = raw or window.peek(0, KEPT_OF_REJECTED)
                gone += len(window.take(scan.drop()))
            window.more()
        self._keys.note(scan.key)
        if scan.key is not None and state == "end":
            head = window.peek(0, 256)
            self._opening = head[: head.find(scan.key) + len(scan.key)] if scan.key in head else b""
        if state == "end" and not gone and scan.at <= self._max:
            return self._taken(window.peek(0, scan.at))
        if state == "end":
            lost = Lost(raw or window.peek(0, KEPT_OF_REJECTED), len(window.take(scan.at)))
        else:
            lost = self._lost(scan)
        cut = state == "cut" and scan.twin is None and window.ended and not len(window)  # and no line end
        return Piece(
            (raw or lost.raw)[:KEPT_OF_REJECTED],
            line,
            start,
            f"longer than {self._max:,} bytes" if gone or state == "end" else self._problem(state),
            length=gone + lost.length,
            broken=cut,
            listed=self._depth > 0,
        )

    def _problem(self, state: State) -> str:
        if state == "cut":
            return "the array ends inside this record" if self._depth else "the JSON value is never closed"
        return "not valid JSON: a quote, bracket, comma or colon is missing or astray"

    def _lost(self, scan: Scan) -> Lost:
        """Move to where reading can go on after a value that goes wrong."""
        window = self._window
        if scan.twin is not None:
            self._wasted += scan.at - scan.twin
            raw = window.take(scan.twin).rstrip(SPACE + b",")
            return Lost(raw[:KEPT_OF_REJECTED], len(raw))
        if not self._depth:
            end = window.text.find(b"\n", window.begin) - window.begin
            if end >= 0 and self._is_line(end, scan.at):
                return window.lose_line(self._max)
        else:
            self._torn = True
        return window.lose(self._keys.restart(window.indent()), max(scan.last, 1), self._max)

    def _is_line(self, end: int, at: int) -> bool:
        """Whether what goes wrong is the first line, which ends at `end`, and does not look unfinished."""
        window = self._window
        text = window.text[window.begin : window.begin + max(at, end)]
        return not text[end:at].strip(SPACE) and text[:end].rstrip(SPACE)[-1:] not in (b"{", b"[", b",", b":")

    def _scrap(self) -> Piece:
        """Something else: a value in an array, or what stands before the next object or line end."""
        window = self._window
        line, start = window.line, window.passed
        window.peek(0, KEPT_OF_REJECTED)
        match = (_PLAIN if self._depth else _STRAY).match(window.text, window.begin)
        if match:
            raw = window.take(match.end() - match.start()).rstrip(SPACE + b",")
            problem = None if self._depth else "a bracket closes nothing"
            return Piece(raw, line, start, problem, length=len(raw), listed=self._depth > 0)
        lost = window.lose(_SCRAP_END, 1, self._max)
        long = f"longer than {self._max:,} bytes" if lost.length > self._max else None
        return Piece(lost.raw, line, start, long, length=lost.length, listed=self._depth > 0)

    def _is_wasteful(self) -> bool:
        return self._wasted > self._window.passed + _WASTE
