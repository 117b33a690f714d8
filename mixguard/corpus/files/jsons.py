"""JSON records from a byte stream: JSON Lines, an array or multi-line objects, detected from the first bytes.

Records are located without parsing and parsed one by one: memory holds one, and a bad one costs only itself.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, BinaryIO, NamedTuple

import orjson

from mixguard.corpus.files.base import KEPT_OF_REJECTED
from mixguard.corpus.files.brackets import CHUNK, SPACE, Held, Piece, Window
from mixguard.corpus.records import Place, Record, Rejected
from mixguard.errors import RecordError

_SEPARATORS = re.compile(rb"[ \t\r\n,]+")
_SCALAR_END = re.compile(rb"[,\]\n]")


def read_json(stream: BinaryIO, name: str, max_bytes: int) -> Iterator[Record | Rejected]:
    """Every record of a stream without a byte-order mark."""
    head = _skip_space(stream)
    pieces = _array(stream, head, max_bytes) if head.first == b"[" else _lines(stream, head, max_bytes)
    for ordinal, piece in enumerate(pieces):
        place = Place(name, piece.line, ordinal)
        try:
            if piece.problem:
                raise RecordError(piece.problem)
            yield parse(piece.raw, place, piece.value, piece.start)
        except RecordError as error:
            yield Rejected(place, piece.raw[:KEPT_OF_REJECTED], str(error))


def parse(raw: bytes, place: Place, value: Any = None, start: int = -1) -> Record:
    """One record from its bytes.

    Raises:
        RecordError: it is not a JSON object.
    """
    flags: tuple[str, ...] = ()
    if value is None:
        try:
            value = orjson.loads(raw)
        except orjson.JSONDecodeError as error:
            value, flags = _lenient(raw, error), ("non_finite_number",)
    if not isinstance(value, dict):
        raise RecordError(f"expected a JSON object, found {_kind(value)}")
    # Cheap test first: each key has a quote before its colon, so only a surplus of these can hide a repeat.
    if raw.count(b'":') + raw.count(b'" :') > _count_keys(value) and _has_duplicates(raw):
        flags = (*flags, "duplicate_keys")
    return Record(place, raw, value, flags, start)


def _lenient(raw: bytes, error: orjson.JSONDecodeError) -> Any:
    """Parse NaN and infinities, which Python writes but JSON forbids, as null; any other error stays."""
    if b"NaN" not in raw and b"Infinity" not in raw:
        raise RecordError(f"not valid JSON: {error}") from None
    try:
        return json.loads(raw, parse_constant=lambda _: None)
    except (ValueError, RecursionError):
        raise RecordError(f"not valid JSON: {error}") from None


def _kind(value: Any) -> str:
    names = {list: "an array", str: "a string", bool: "a boolean", type(None): "null"}
    return names.get(type(value), "a number")


def _count_keys(value: Any) -> int:
    count, open_ = 0, [value]
    while open_:
        current = open_.pop()
        if isinstance(current, dict):
            count += len(current)
            open_.extend(current.values())
        elif isinstance(current, list):
            open_.extend(current)
    return count


def _has_duplicates(raw: bytes) -> bool:
    found = False

    def pairs(items: list[tuple[str, Any]]) -> None:
        nonlocal found
        found = found or len({key for key, _ in items}) < len(items)

    json.loads(raw, object_pairs_hook=pairs)
    return found


class _Head(NamedTuple):
    first: bytes
    """First non-whitespace byte; empty at the end of the stream."""
    line: int
    start: int


def _skip_space(stream: BinaryIO) -> _Head:
    line, start = 1, 0
    while byte := stream.read(1):
        if byte not in SPACE:
            return _Head(byte, line, start)
        line += byte == b"\n"
        start += 1
    return _Head(b"", line, start)


def _lines(stream: BinaryIO, head: _Head, max_bytes: int) -> Iterator[Piece]:
    """JSON Lines; an object that spans several lines is collected until its brackets close."""
    number = head.line - 1
    held = Held()
    rest = head.first
    start = end = head.start
    while line := rest + stream.readline(max_bytes + 1 - len(rest)):
        rest = b""
        number += 1
        start, end = end, end + len(line)
        if len(line) > max_bytes and not line.endswith(b"\n"):
            end += _drain(stream)
            yield Piece(line, number, f"longer than {max_bytes:,} bytes", None, start)
            continue
        text = line.strip(SPACE)
        value = _whole(text)
        if held.lines and (value is not None or line.rstrip(SPACE) == b"{"):
            # A new object starts at the margin: the held one never closed and must cost only itself.
            yield held.piece("the JSON object is never closed")
        if value is not None:
            yield Piece(text, number, None, value, start + line.index(b"{"))
        elif held.lines or text[:1] == b"{":
            held.add(line, number, start)
            if held.ends(max_bytes):
                yield held.piece()
        elif text:
            yield Piece(text, number, None, None, start)
    if held.lines:
        yield held.piece()


def _whole(text: bytes) -> Any:
    """The object on a line; None if it is incomplete."""
    if text[:1] == b"{" and text[-1:] == b"}":
        try:
            return orjson.loads(text)
        except orjson.JSONDecodeError:
            return None
    return None


def _drain(stream: BinaryIO) -> int:
    """Skip the rest of a line; return its length."""
    passed = 0
    while more := stream.readline(CHUNK):
        passed += len(more)
        if more.endswith(b"\n"):
            break
    return passed


def _array(stream: BinaryIO, head: _Head, max_bytes: int) -> Iterator[Piece]:
    """The elements of an array, each with its exact bytes."""
    text = Window(stream, head.line, head.start + 1)
    while (first := text.skip(_SEPARATORS)) not in (b"", b"]"):
        line, read = text.line, text.passed
        end = text.element_end(max_bytes) if first in b"{[" else text.find(_SCALAR_END, max_bytes)
        if end is None:
            yield Piece(text.take(KEPT_OF_REJECTED), line, "the array ends inside this record", None, read)
            return
        raw = text.take(end).rstrip(SPACE)
        too_long = text.passed - read > max_bytes
        problem = f"longer than {max_bytes:,} bytes" if too_long else None
        yield Piece(raw[:KEPT_OF_REJECTED] if too_long else raw, line, problem, None, read)
    if first == b"":
        yield Piece(b"", text.line, "the array is never closed")
