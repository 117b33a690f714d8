"""Rows of tables and of Python as JSON."""

from __future__ import annotations

from typing import Any

import orjson

from mixguard.corpus.files.values import DEPTH_MAX, cleaned
from mixguard.corpus.records import Place, Record
from mixguard.errors import RecordError


def record(row: dict[str, Any], name: str, ordinal: int) -> Record:
    """A table row as a record; its raw bytes are its JSON, keys in column order.

    Raises:
        RecordError: a value is nested too deeply.
    """
    plain = {_key(key): _plain(value) for key, value in row.items()}
    flags: tuple[str, ...] = ()
    try:
        raw = orjson.dumps(plain)
    except TypeError:
        plain, flags = cleaned(plain), ("lone_surrogate",)
        raw = orjson.dumps(plain)
    return Record(Place(name, ordinal + 1, ordinal), raw, plain, flags)


def as_json(value: Any) -> bytes:
    """Any value as JSON, as far as JSON can hold it."""
    return orjson.dumps(cleaned(_plain(value)))


def _key(key: Any) -> str:
    return key if type(key) is str else str(key)


def _plain(value: Any, depth: int = 0) -> Any:
    """The value as JSON: bytes become null, times, decimals and integers beyond 64 bits become text."""
    if value is None or type(value) in (str, bool, float):
        return value
    if depth > DEPTH_MAX:
        raise RecordError(f"nested more than {DEPTH_MAX} deep")
    if isinstance(value, dict):
        return {_key(key): _plain(inner, depth + 1) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner, depth + 1) for inner in value]
    if isinstance(value, int):
        return int(value) if -(2**63) <= value < 2**64 else f"{value:#x}"
    if isinstance(value, str | float):
        return str(value) if isinstance(value, str) else float(value)
    return None if isinstance(value, bytes) else str(value)
