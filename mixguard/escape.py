"""Make hostile text harmless, in a terminal first."""

from __future__ import annotations

import re

# Control characters move the cursor, bidirectional marks reorder what is read, surrogates and noncharacters are neither
# UTF-8 nor XML, and none is ever content.
_UNSAFE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ud800-\udfff\ufeff\ufffe\uffff"
    "\U000e0000-\U000e007f]"
)
# `::name::` at the start of a line and `##[name]` anywhere are commands to what runs a workflow.
_COMMAND = re.compile(":(?=:)|#(?=#)")


def plain(text: str) -> str:
    """The text without control, bidirectional, invisible and other characters no text holds; each becomes U+FFFD."""
    return _UNSAFE.sub("\ufffd", text)


def one_line(text: str) -> str:
    """The text as one harmless line."""
    return " ".join(plain(text).split())


def printed(text: str) -> str:
    """One harmless line that commands nothing, wherever a terminal breaks it: a blank parts two colons."""
    return _COMMAND.sub(r"\g<0> ", one_line(text))


def shorten(text: str, length: int) -> str:
    """One harmless line of at most `length` characters."""
    line = one_line(text)
    return line if len(line) <= length else line[: length - 1] + "…"
