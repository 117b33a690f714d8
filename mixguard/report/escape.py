"""Make hostile text harmless in a terminal."""

from __future__ import annotations

import re

# Control characters move the cursor, bidirectional marks reorder what is read, and neither is ever content.
_UNSAFE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\U000e0000-\U000e007f]"
)


def plain(text: str) -> str:
    """The text without control, bidirectional and invisible characters; each becomes U+FFFD."""
    return _UNSAFE.sub("\ufffd", text)


def shorten(text: str, length: int) -> str:
    """One harmless line of at most `length` characters."""
    line = " ".join(plain(text).split())
    return line if len(line) <= length else line[: length - 1] + "…"
