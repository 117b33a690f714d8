"""Records as read, and the training samples they encode.

Rows are Python objects only in this package; `corpus.py` turns them into columns.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Literal, NamedTuple, TypeAlias

Row: TypeAlias = Mapping[str, Any]
"""One parsed record: a JSON object, a CSV line with its header, or a Parquet row. Never modified in place."""


class Role(StrEnum):
    """Who speaks. Every role name a format allows maps to one of these."""

    SYSTEM = "system"
    USER = "user"
    ASSISTANT = "assistant"
    TOOL = "tool"
    DOCUMENT = "document"
    """Text with no roles: a plain `text` corpus."""


Inner: TypeAlias = Literal["", "list", "part"]
"""How a row lies in its record's bytes: they are its JSON; they are a bare list, which the row has under `messages`;
or the row is made from a part of them, and no other can be written like it."""
Kind: TypeAlias = Literal["text", "reasoning", "tool_call", "tool_result", "image", "unread"]
"""What a turn is; `unread` is a part of unknown kind that has no text."""
Polarity: TypeAlias = Literal[1, 0, -1]


@dataclass(frozen=True, slots=True)
class Turn:
    """One message, or one part of a multi-part message."""

    role: Role
    text: str
    kind: Kind = "text"
    polarity: Polarity = 0
    """+1 if training moves towards this text, -1 if away from it, 0 for context."""
    path: str = ""
    """JSON pointer (RFC 6901) from the record to the value this text came from."""


@dataclass(frozen=True, slots=True)
class Sample:
    """The training example a record encodes: its turns in order, and any oddities.

    A preference sample holds the prompt's turns, then the chosen turns (+1), then the rejected ones (-1).
    """

    turns: tuple[Turn, ...]
    flags: tuple[str, ...] = ()
    """Ids of trainer rules and oddities this record trips, e.g. `unknown_role`, `label_coerced`."""


@dataclass(frozen=True, slots=True)
class Place:
    """Location of a record."""

    source: str
    """The file as named on the command line (`-` for standard input)."""
    line: int
    """1-based line of the record's first byte; for tabular files, its 1-based row number."""
    ordinal: int
    """0-based number of the record in its file, counting unreadable records."""

    def __str__(self) -> str:
        return f"{self.source}:{self.line}"


@dataclass(frozen=True, slots=True)
class Record:
    """One row as stored on disk."""

    place: Place
    raw: bytes
    """The record's own bytes, without separators. For tabular files, its canonical JSON."""
    row: Row
    flags: tuple[str, ...] = field(default=())
    """Oddities noticed by the reader: `duplicate_keys`, `non_finite_number`, `lone_surrogate`, `not_utf8`."""
    start: int = -1
    """Offset of `raw` in the decompressed text, after any byte-order mark; -1 for tables."""
    inner: Inner = ""
    listed: bool = False
    """Whether it is an element of a JSON array, after which a comma stands."""


class Unchecked(NamedTuple):
    """A JSON object as it lies in a file: parsed, and not yet looked at for oddities."""

    raw: bytes
    row: dict[str, Any]
    line: int
    ordinal: int
    start: int
    listed: bool = False


@dataclass(frozen=True, slots=True)
class Rejected:
    """A record, or a stretch of a file, that could not be read or parsed, and why. It goes to quarantine."""

    place: Place
    raw: bytes
    """The beginning of its bytes."""
    reason: str
    length: int = 0
    """Bytes of the file that it covers, if more than `raw` has."""
    broken: bool = False
    """Whether the file ends or breaks off here: nobody knows what followed."""
    start: int = -1
    """Offset in the decompressed text, as of a record."""

    @property
    def extent(self) -> int:
        """Bytes that it covers."""
        return max(self.length, len(self.raw))
