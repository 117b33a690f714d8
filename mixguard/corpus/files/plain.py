"""Lines that are one object each: by far the most common case."""

from __future__ import annotations

from collections.abc import Generator

import orjson

from mixguard.corpus.files.piece import Keys
from mixguard.corpus.files.window import SPACE, Window
from mixguard.corpus.records import Unchecked


def plain_lines(
    window: Window, keys: Keys, count: int, max_bytes: int, depth: int
) -> Generator[Unchecked, None, int]:
    """The lines in memory that are one object each, up to one that is not; returns how many there are.

    Args:
        window: moves past each before it is given.
        keys: are told how each begins.
        count: records before.
        max_bytes: of a record.
        depth: open arrays.
    """
    end = window.begin + window.line_end(0)
    text, begin, ordinal = window.text, window.begin, count
    while end >= begin:
        raw = text[begin:end].rstrip(SPACE + b",")
        if raw[-1:] != b"}" or raw[:1] != b"{" or len(raw) > max_bytes:
            break
        try:
            value = orjson.loads(raw)
        except orjson.JSONDecodeError:
            break
        keys.note_first(value)
        found = Unchecked(raw, value, window.line, ordinal, window.passed, depth > 0)
        window.begin = end + 1
        window.passed += end + 1 - begin
        window.line += 1
        ordinal += 1
        yield found
        begin, end = end + 1, text.find(b"\n", end + 1)
    return ordinal - count
