"""Make hostile text harmless, above all in a terminal."""

from __future__ import annotations

import re
import shlex

# Control characters move the cursor, bidirectional marks reorder text, surrogates and noncharacters are not
# valid UTF-8 or XML. None of them is ever content.
_UNSAFE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ud800-\udfff\ufeff\ufffe\uffff"
    "\U000e0000-\U000e007f]"
)
# `::name::` at the start of a line and `##[name]` anywhere are commands to a CI runner.
_COMMAND = re.compile(":(?=:)|#(?=#)")

_FIRST_COMMAND = re.compile(r"^[^\S\n]*:(?=:)|#(?=#\[)", re.MULTILINE)


def plain(text: str) -> str:
    """Replace control, bidirectional, invisible and other non-text characters by U+FFFD."""
    return _UNSAFE.sub("\ufffd", text)


def harmless(text: str) -> str:
    """A piece of what is shown, without control characters, or a command to a CI runner at its beginning."""
    return _FIRST_COMMAND.sub(r"\g<0> ", plain(text))


def one_line(text: str) -> str:
    """The text as one harmless line."""
    return " ".join(plain(text).split())


def printed(text: str) -> str:
    """One harmless line without CI commands, wherever a terminal wraps it: a space separates two colons."""
    return _COMMAND.sub(r"\g<0> ", one_line(text))


def shorten(text: str, length: int) -> str:
    """One harmless line of at most `length` characters, cut between words if it has any near its end."""
    line = one_line(text)
    if len(line) <= length:
        return line
    cut = line[: length - 1]
    whole = cut if line[length - 1] == " " else cut.rpartition(" ")[0]
    return (whole if len(whole) > length / 2 else cut).rstrip() + "…"


def typed(*words: str) -> str:
    """A command as one types it in a shell: quoted where needed, on one harmless line."""
    return harmless(shlex.join(words)).replace("\n", "\ufffd")
