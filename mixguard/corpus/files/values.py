"""The value of a JSON record: parsed strictly if it can be, leniently if a trainer would read it all the same."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, NamedTuple

import orjson

from mixguard.errors import RecordError

DEPTH_MAX = 200
"""Brackets within brackets. Records nest a dozen deep; what is nested deeper could not be written again."""


class Parsed(NamedTuple):
    """A value, and what is odd about its text."""

    value: Any
    flags: tuple[str, ...] = ()
    """`non_finite_number`, `lone_surrogate`, `duplicate_keys`."""


def parsed(raw: bytes, value: Any = None) -> Parsed:
    """Parse a record; `value` is given if it is known already.

    Raises:
        RecordError: it is not JSON, or nested too deeply.
    """
    flags: tuple[str, ...] = ()
    if value is None:
        try:
            value = orjson.loads(raw)
        except orjson.JSONDecodeError as error:
            value, flags = _lenient(raw, error)
    if raw.count(b"[") + raw.count(b"{") > DEPTH_MAX and _is_deep(value):
        raise RecordError(f"nested more than {DEPTH_MAX} deep")
    # Cheap test first: each key has a quote before its colon, so only a surplus of these can hide a repeat.
    if raw.count(b'":') + raw.count(b'" :') > _count_keys(value) and _has_duplicates(raw):
        flags = (*flags, "duplicate_keys")
    return Parsed(value, flags)


def cleaned(value: Any) -> Any:
    """The value with each lone surrogate, which no UTF-8 text can hold, replaced by U+FFFD."""
    if isinstance(value, str):
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, list):
        return [cleaned(inner) for inner in value]
    if isinstance(value, dict):
        return {cleaned(key): cleaned(inner) for key, inner in value.items()}
    return value


def kind_of(value: Any) -> str:
    """What a value that is not an object is, for an error message."""
    names = {list: "an array", str: "a string", bool: "a boolean", type(None): "null"}
    return names.get(type(value), "a number")


def _lenient(raw: bytes, error: orjson.JSONDecodeError) -> Parsed:
    """Parse what Python's own reader takes: NaN and infinities, as null, and lone surrogates, replaced.

    A trainer reads such a record, so it must be judged; any other error stays.
    """
    flags = []

    def constant(_: str) -> None:
        flags.append("non_finite_number")

    try:
        value = json.loads(raw, parse_constant=constant, parse_int=_integer)
    except (ValueError, RecursionError):
        raise RecordError(f"not valid JSON: {error}") from None
    try:
        orjson.dumps(value)
    except TypeError:
        value = _shallow(value)
        flags.append("lone_surrogate")
    if not flags:  # Python takes it, but nothing that is known to be harmless explains why
        raise RecordError(f"not valid JSON: {error}")
    return Parsed(value, tuple(dict.fromkeys(flags)))


def _shallow(value: Any) -> Any:
    if _is_deep(value):
        raise RecordError(f"nested more than {DEPTH_MAX} deep")
    return cleaned(value)


def _integer(digits: str) -> int | float:
    """An integer as the strict parser reads it: beyond 64 bits as a float."""
    return int(digits) if len(digits) < 19 else float(digits)


def _inner(value: Any) -> Iterator[Any]:
    if isinstance(value, dict):
        yield from value.values()
    elif isinstance(value, list):
        yield from value


def _is_deep(value: Any) -> bool:
    level = [value]
    for _ in range(DEPTH_MAX):
        level = [inner for each in level for inner in _inner(each)]
    return bool(level)


def _count_keys(value: Any) -> int:
    count, left = 0, [value]
    while left:
        current = left.pop()
        if isinstance(current, dict):
            count += len(current)
        left.extend(_inner(current))
    return count


def _has_duplicates(raw: bytes) -> bool:
    found = False

    def pairs(items: list[tuple[str, Any]]) -> None:
        nonlocal found
        found = found or len({key for key, _ in items}) < len(items)

    try:
        json.loads(raw, object_pairs_hook=pairs)
    except (ValueError, RecursionError):
        return False
    return found
