"""Records that do not lie bare in their file: lists inside one object, tables as pandas writes them, logged requests."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Literal, NamedTuple

import orjson

from mixguard.corpus.files.brackets import Scan
from mixguard.corpus.files.window import Window
from mixguard.corpus.records import Inner, Row

LISTS = frozenset(
    {
        "data", "instances", "rows", "examples", "records", "items", "samples", "entries", "conversations", "dialogues",
        "dialogs", "questions", "documents", "dataset", "train", "training", "validation", "valid", "dev", "eval",
        "evaluation", "test",
    }
)  # fmt: skip
"""Keys under which a file's records lie, if the file is one object."""
_MEMBER = re.compile(rb'[ \t\r\n,]*+"((?:[^"\\\n]++|\\[^\n])*+)"[ \t\r\n]*+:[ \t\r\n]*+')
_SPACE = re.compile(rb"[ \t\r\n]+")
_FIRST_BYTES = 2**20
"""How far a first element is followed to see what a list holds."""


def is_message(value: Any) -> bool:
    """Whether an object is one message of a conversation, not a record of its own."""
    return isinstance(value, dict) and any(
        role in value and said in value
        for role, said in (
            ("role", "content"), ("from", "value"), ("role", "parts"), ("role", "tool_calls"), ("role", "value"),
        )
    )  # fmt: skip


class Unwrapped(NamedTuple):
    """A row, and how it lies in the record."""

    row: Row
    inner: Inner


def unwrapped(value: Any, names: Sequence[str] | None = None) -> Unwrapped | None:
    """The row of a parsed record; None if it has none.

    Args:
        value: an object, or a list of messages, or of texts by turns.
        names: the columns of a list of cells.
    """
    if isinstance(value, list):
        return _of_list(value, names)
    return of_object(value) if isinstance(value, dict) else None


def of_object(value: dict[str, Any]) -> Unwrapped:
    """The row of a parsed object."""
    if "row_idx" in value and isinstance(value.get("row"), dict):  # the hub's `/rows`
        return Unwrapped(value["row"], "part")
    body = value.get("body")
    if "custom_id" in value and isinstance(body, dict) and isinstance(body.get("messages"), list):
        return Unwrapped({**body, "messages": [*body["messages"], *_answer(value)]}, "part")
    return Unwrapped(value, "")


def _of_list(value: list[Any], names: Sequence[str] | None) -> Unwrapped | None:
    if names is not None and len(names) == len(value):
        return Unwrapped(dict(zip(names, value, strict=True)), "part")
    if value and (all(map(is_message, value)) or all(isinstance(each, str) for each in value)):
        return Unwrapped({"messages": value}, "list")
    return None


def _answer(logged: Mapping[str, Any]) -> list[Any]:
    """The first answer to a logged request."""
    found: Any = logged
    for key in ("response", "body", "choices"):
        found = found.get(key) if isinstance(found, dict) else None
    first = found[0] if isinstance(found, list) and found else None
    message = first.get("message") if isinstance(first, dict) else None
    return [message] if is_message(message) else []


def expanded(value: Any) -> list[dict[str, Any]] | None:
    """The rows of a file that is one table as pandas writes it; None if it is none.

    By columns, `{"prompt": {"0": ...}}`; by rows, `{"0": {"prompt": ...}}`; or split, `{"columns": ..., "data": ...}`.
    """
    if not isinstance(value, dict) or len(value) < 2:
        return None
    names, cells = value.get("columns"), value.get("data")
    if isinstance(names, list) and isinstance(cells, list):
        even = all(isinstance(row, list) and len(row) == len(names) for row in cells)
        return [dict(zip(map(str, names), row, strict=True)) for row in cells] if even else None
    parts = list(value.values())
    if not all(isinstance(part, dict) and part and not is_message(part) for part in parts) or any(
        part.keys() != parts[0].keys() for part in parts
    ):
        return None
    if all(key.isdecimal() for key in parts[0]):
        return [{name: cells[number] for name, cells in value.items()} for number in parts[0]]
    return parts


class Place(NamedTuple):
    """What follows in an object."""

    kind: Literal["list", "closed", "other"]
    at: int
    """Distance of the list's bracket, or of what follows the object."""
    names: list[str] | None = None
    """The columns of the lists inside."""


def next_list(window: Window, at: int, max_bytes: int) -> Place:
    """Look through the members of an object for a list of records, without moving the window.

    Args:
        window: inside the object.
        at: distance of the next member.
        max_bytes: how far to look.
    """
    names = None
    while at <= max_bytes:
        at = window.after(at, _SPACE)
        if window.peek(at) == b"}":
            return Place("closed", at + 1)
        window.peek(at, 4096)
        member = _MEMBER.match(window.text, window.begin + at)
        if member is None:
            break
        value = member.end() - window.begin
        key = member[1].decode("utf-8", "replace").lower()
        if key in LISTS and window.peek(value) == b"[" and _holds_records(window, value, names):
            return Place("list", value, names if _opens(window, value) == b"[" else None)
        end = _value_end(window, value, max_bytes)
        if end is None:
            break
        if key == "columns":
            names = _names(window.peek(value, end - value))
        at = end
    return Place("other", at)


def is_whole(window: Window, at: int, max_bytes: int) -> bool:
    """Whether nothing follows the object that begins at a distance, as far as can be seen."""
    end = _value_end(window, at, max_bytes)
    return end is None or window.peek(window.after(end, _SPACE)) == b""


def first_element(window: Window, at: int, limit: int = _FIRST_BYTES) -> Any:
    """The first element, an object or a list, of the list at a distance; None if it cannot be told."""
    start = window.after(at + 1, _SPACE)
    end = _value_end(window, start, limit)
    try:
        return orjson.loads(window.peek(start, end - start)) if end is not None else None
    except orjson.JSONDecodeError:
        return None


def _opens(window: Window, at: int) -> bytes:
    return window.peek(window.after(at + 1, _SPACE))


def _holds_records(window: Window, at: int, names: list[str] | None) -> bool:
    opens = _opens(window, at)
    if opens == b"[":
        return names is not None
    return opens == b"{" and not is_message(first_element(window, at))


def _value_end(window: Window, at: int, max_bytes: int) -> int | None:
    """The distance of what follows a value; None if it does not end within `max_bytes`."""
    scan = Scan()
    while (state := scan.run(window.text, window.begin + at, final=window.ended)) == "more":
        if scan.at > max_bytes:
            return None
        window.more()
    return at + scan.at if state == "end" else None


def _names(raw: bytes) -> list[str] | None:
    try:
        names = orjson.loads(raw)
    except orjson.JSONDecodeError:
        return None
    return [str(name) for name in names] if isinstance(names, list) else None
