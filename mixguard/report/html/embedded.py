"""Values inside the page's script: JSON that cannot close its element, and its size."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import orjson

from mixguard.escape import plain

NAME_SHOWN = 120
"""Characters of a file name; the end says more than the beginning."""
NAMES_BYTES = 200_000
"""Bytes of a list of file names, shared equally."""


def encoded(value: Any) -> str:
    """JSON that stays inside its script element, whatever it contains."""
    text = orjson.dumps(value, option=orjson.OPT_SERIALIZE_NUMPY).decode()
    for character in "<>&":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text


def weight(value: Any) -> int:
    """Bytes that a value takes in the page."""
    return len(encoded(value).encode())


def short_name(name: str) -> str:
    """A file name, cleaned; the beginning is cut if it is long."""
    cleaned = plain(name)
    return cleaned if len(cleaned) <= NAME_SHOWN else f"…{cleaned[1 - NAME_SHOWN :]}"


def short_names(names: Sequence[str]) -> list[str]:
    """Names, shortened so that their list stays within a maximum size."""
    room = NAMES_BYTES // max(len(names), 1)
    return [_within(short_name(name), room) for name in names]


def _within(name: str, room: int) -> str:
    shown = name
    while weight(shown) > room:
        shown = f"…{shown[2:]}"
    return shown
