"""JSON records from a byte stream: lines, arrays, objects over several lines, and any sequence of these.

Records are located without parsing and parsed one by one: memory holds one, and a bad one costs only itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from io import BufferedReader
from typing import Any

import orjson

from mixguard.corpus.files.base import KEPT_OF_REJECTED
from mixguard.corpus.files.piece import Piece
from mixguard.corpus.files.pieces import Pieces
from mixguard.corpus.files.values import kind_of, parsed
from mixguard.corpus.files.window import Window
from mixguard.corpus.files.wrappers import expanded, unwrapped
from mixguard.corpus.records import Place, Record, Rejected
from mixguard.errors import RecordError


def read_json(stream: BufferedReader[Any], name: str, max_bytes: int) -> Iterator[Record | Rejected]:
    """Every record of a stream without a byte-order mark."""
    window = Window(stream)
    ordinal = -1
    for ordinal, piece in enumerate(Pieces(window, max_bytes)):
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
            Place(name, window.line, ordinal + 1), b"", window.failure, broken=True, start=window.passed
        )


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
