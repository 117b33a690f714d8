"""JSON records from a byte stream: lines, arrays, objects over several lines, and any sequence of these.

Records are located without parsing and parsed one by one: memory holds one, and a bad one costs only itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from io import BufferedReader
from typing import Any

import orjson

from mixguard.corpus.files.base import KEPT_OF_REJECTED, Whole
from mixguard.corpus.files.piece import Piece
from mixguard.corpus.files.pieces import Pieces
from mixguard.corpus.files.values import kind_of, parsed
from mixguard.corpus.files.window import Window
from mixguard.corpus.files.wrappers import expanded, of_object, unwrapped
from mixguard.corpus.records import Place, Record, Rejected, Unchecked
from mixguard.errors import RecordError


def read_json(
    stream: BufferedReader[Any], name: str, max_bytes: int
) -> Iterator[Record | Rejected | Unchecked]:
    """Every record of a stream without a byte-order mark; a plain object is left unchecked."""
    window = Window(stream)
    pieces = Pieces(window, max_bytes)
    for piece in pieces:
        if isinstance(piece, Unchecked):
            yield piece
            continue
        ordinal = pieces.count
        pieces.count += 1
        if type(piece.value) is dict and not piece.alone:
            yield Unchecked(piece.raw, piece.value, piece.line, ordinal, piece.start, piece.listed)
            continue
        place = Place(name, piece.line, ordinal)
        try:
            rows = _table(piece) if piece.alone else None
            if rows is not None:
                yield from _rows(rows, name)
                return
            yield _record(piece, place)
        except RecordError as error:
            length = max(piece.length, len(piece.raw))
            raw = piece.raw[:KEPT_OF_REJECTED]
            yield Rejected(place, raw, str(error), length, piece.broken, piece.start)
    if window.failure:
        yield Rejected(
            Place(name, window.line, pieces.count), b"", window.failure, broken=True, start=window.passed
        )


def checked(found: Unchecked, name: str) -> Record:
    """An object as a record.

    Raises:
        RecordError: it is nested too deeply.
    """
    value, flags = parsed(found.raw, found.row)
    row, inner = of_object(value)
    place = Place(name, found.line, found.ordinal)
    return Record(place, found.raw, row, flags, found.start, inner, found.listed)


def checked_all(
    found: Iterable[Record | Unchecked | Rejected | Whole], name: str
) -> Iterator[Record | Rejected | Whole]:
    """Objects as records, or as what is no record."""
    for each in found:
        if not isinstance(each, Unchecked):
            yield each
            continue
        try:
            yield checked(each, name)
        except RecordError as error:
            yield rejected(each, name, error)


def rejected(found: Record | Unchecked, name: str, error: RecordError) -> Rejected:
    """An object that is no record, or cannot be read as one."""
    place = Place(name, found.line, found.ordinal) if isinstance(found, Unchecked) else found.place
    return Rejected(place, found.raw[:KEPT_OF_REJECTED], str(error), len(found.raw), start=found.start)


def _record(piece: Piece, place: Place) -> Record:
    """A piece as a record.

    Raises:
        RecordError: it is not a record.
    """
    if piece.problem:
        raise RecordError(piece.problem)
    value, flags = parsed(piece.raw, piece.value)
    found = unwrapped(value, piece.names)
    if found is None:
        raise RecordError(f"expected a JSON object, found {kind_of(value)}")
    return Record(place, piece.raw, found.row, flags, piece.start, found.inner, piece.listed)


def _table(piece: Piece) -> list[dict[str, Any]] | None:
    return None if piece.problem else expanded(parsed(piece.raw, piece.value).value)


def _rows(rows: list[dict[str, Any]], name: str) -> Iterator[Record]:
    """The rows of a table that is one object; its lines are its rows."""
    for ordinal, row in enumerate(rows):
        yield Record(Place(name, ordinal + 1, ordinal), orjson.dumps(row), row, inner="part")
