"""What a source of records is, and what all sources share."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Protocol

from mixguard.corpus.records import Record, Rejected

KEPT_OF_REJECTED = 1024
"""Bytes kept of a record that could not be read."""


class Source(Protocol):
    """One input: a file, standard input, or a data set."""

    @property
    def name(self) -> str:
        """As the user named it; shown in reports."""
        ...

    @property
    def size(self) -> int | None:
        """Bytes of record text, where that can be told before reading; for progress."""
        ...

    def records(self) -> Iterator[Record | Rejected]:
        """Every record in order, readable or not; may be asked for again."""
        ...

    def digest(self) -> str:
        """SHA-256 of the bytes on disk."""
        ...


def sha256(files: Iterable[Path]) -> str:
    """SHA-256 over the files' bytes, one after the other."""
    digest = hashlib.sha256()
    for file in files:
        with file.open("rb") as stream:
            while block := stream.read(2**20):
                digest.update(block)
    return digest.hexdigest()
