"""The source protocol, and what all sources share."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple, Protocol

from mixguard.corpus.records import Record, Rejected, Unchecked
from mixguard.errors import InputError
from mixguard.files import sha256

KEPT_OF_REJECTED = 1024
"""Bytes kept of an unreadable record."""


class Whole(NamedTuple):
    """The last item a source yields: the digest of the bytes it read."""

    sha256: str


class Source(Protocol):
    """One input: a file, standard input, or a dataset."""

    @property
    def name(self) -> str:
        """The name the user gave; shown in reports."""
        ...

    @property
    def size(self) -> int | None:
        """Bytes of record text, for progress; None if unknown before reading."""
        ...

    def records(self) -> Iterator[Record | Rejected | Whole]:
        """Every record in order, readable or not, then the digest; can be called again."""
        ...

    def found(self) -> Iterator[Record | Unchecked | Rejected | Whole]:
        """As `records`, but what is known to be an object may be left to be checked."""
        ...

    def digest(self) -> str:
        """SHA-256 of the bytes on disk now."""
        ...


class HashedFile(io.RawIOBase):
    """A file hashed while it is read, so that the digest covers exactly the bytes judged."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self._file = path.open("rb", buffering=0)
        self._digest = hashlib.sha256()

    def readable(self) -> bool:
        """Always true; the file can be read once, in order."""
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]  # its `Buffer` is new in Python 3.12
        """Read the next bytes."""
        count = self._file.readinto(buffer)
        self._digest.update(memoryview(buffer)[:count])
        return count

    def close(self) -> None:
        """Close the file."""
        self._file.close()
        super().close()

    def whole(self) -> Whole:
        """The digest of the whole file, including bytes not read yet."""
        while self.read(2**20):
            pass
        return Whole(self._digest.hexdigest())


@contextmanager
def unchanged(files: Iterable[Path], name: str) -> Iterator[Whole]:
    """The digest of files read by a library; they must not change meanwhile.

    Raises:
        InputError: a file changed.
    """
    files = list(files)
    before = [_state(file) for file in files]
    yield Whole(sha256(files))
    if [_state(file) for file in files] != before:
        raise InputError(f"{name}: changed while being read; audit it again")


def _state(file: Path) -> tuple[int, int, int]:
    found = file.stat()
    return found.st_ino, found.st_size, found.st_mtime_ns
