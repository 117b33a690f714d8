"""The row objects of the corpus border: what one record is, and the training sample it means.

Rows are Python objects here and nowhere else; `exchanges.py` turns them into columns.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Literal, TypeAlias

Row: TypeAlias = Mapping[str, Any]
"""One parsed record: a JSON object, a CSV line under its header, or a Parquet row. Never changed in place."""


class Role(str, Enum):
    """Who speaks. Every spelling a format allows is mapped onto one of these by that format."""

    SYSTEM = "system"
    USER = "user"
    ASSISTANT = "assistant"
    TOOL = "tool"
    DOCUMENT = "document"
    """Text with no roles: a plain `text` corpus."""


Kind: TypeAlias = Literal["text", "reasoning", "tool_call", "tool_result", "image"]
Polarity: TypeAlias = Literal[1, 0, -1]


@dataclass(frozen=True, slots=True)
class Turn:
    """One message, or one part of a message whose content has several."""

    role: Role
    text: str
    kind: Kind = "text"
    polarity: Polarity = 0
    """+1 where training moves towards this text, -1 where it moves away, 0 for context."""
    path: str = ""
    """JSON pointer (RFC 6901) from the record to the value this text came from."""


@dataclass(frozen=True, slots=True)
class Sample:
    """The training example a record means: its turns in order, and what was odd about it.

    A preference sample holds the prompt's turns, then the chosen turns (+1), then the rejected ones (-1).
    """

    turns: tuple[Turn, ...]
    flags: tuple[str, ...] = ()
    """Ids of trainer rules and oddities this record trips, e.g. `unknown_role`, `label_coerced`."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a record lies."""

    source: str
    """The file as it was named on the command line (`-` for standard input)."""
    line: int
    """1-based line of the record's first byte; for tabular files, its 1-based row number."""
    ordinal: int
    """0-based number of the record within its file, unreadable records counted."""

    def __str__(self) -> str:
        return f"{self.source}:{self.line}"


@dataclass(frozen=True, slots=True)
class Record:
    """One row as it lies on disk."""

    place: Place
    raw: bytes
    """The record's own bytes, without the separator around it. For tabular files, its canonical JSON."""
    row: Row
    flags: tuple[str, ...] = field(default=())
    """What the reader noticed: `duplicate_keys`, `non_finite_number`."""
    start: int = -1
    """Where `raw` begins in the decompressed text, a byte-order mark left out; -1 for tables."""


@dataclass(frozen=True, slots=True)
class Rejected:
    """A record that could not be read or understood, and why. It goes to quarantine."""

    place: Place
    raw: bytes
    reason: str
