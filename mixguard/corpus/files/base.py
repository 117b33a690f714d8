"""What a source of records is, and what all sources share."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple, Protocol

from mixguard.corpus.records import Record, Rejected
from mixguard.errors import InputError
from mixguard.files import sha256

KEPT_OF_REJECTED = 1024
"""Bytes kept of a record that could not be read."""


class Whole(NamedTuple):
    """The last thing a source yields: which bytes its records were read from."""

    sha256: str


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

    def records(self) -> Iterator[Record | Rejected | Whole]:
        """Every record in order, readable or not, and what was read; may be asked for again."""
        ...

    def digest(self) -> str:
        """SHA-256 of the bytes on disk now."""
        ...


class HashedFile(io.RawIOBase):
    """A file whose bytes are hashed as they are read, so that the digest is of the bytes that were judged."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self._file = path.open("rb", buffering=0)
        self._digest = hashlib.sha256()

    def readable(self) -> bool:
        """It can be read, once and in order."""
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        """Read on."""
        count = self._file.readinto(buffer)
        self._digest.update(memoryview(buffer)[:count])
        return count

    def close(self) -> None:
        """Close the file."""
        self._file.close()
        super().close()

    def whole(self) -> Whole:
        """The digest of the file to its end, whatever of it was needed."""
        while self.read(2**20):
            pass
        return Whole(self._digest.hexdigest())


@contextmanager
def unchanged(files: Iterable[Path], name: str) -> Iterator[Whole]:
    """The digest of files that a library reads as it likes; they must stay as they are while it does.

    Raises:
        InputError: they changed.
    """
    files = list(files)
    before = [_state(file) for file in files]
    yield Whole(sha256(files))
    if [_state(file) for file in files] != before:
        raise InputError(f"{name}: changed while it was read; audit it again")


def _state(file: Path) -> tuple[int, int, int]:
    found = file.stat()
    return found.st_ino, found.st_size, found.st_mtime_ns
