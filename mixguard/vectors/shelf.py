"""The file of a store of vectors or verdicts: sealed rows in SQLite, made anew if it is damaged and done without if it must be.

A row's seal covers the text's id, what made it (encoder or judge) and its bytes, and needs the cache's secret: a row that was damaged, cut,
swapped with another or forged does not count as stored.
"""

from __future__ import annotations

import hashlib
import sqlite3
import warnings
from collections.abc import Callable, Iterable, Mapping
from contextlib import closing, suppress
from pathlib import Path
from typing import TypeVar

from mixguard.errors import CacheWarning
from mixguard.files import cannot_keep, seal, trusted
from mixguard.vectors.generations import Sealed, add, generations, mark, prepare, rows

Result = TypeVar("Result")
LIMIT = 4 * 2**30
"""Bytes that a store may take by default: about five million texts of one window and 384 dimensions."""
SERVED = 0.1
"""Share of what a call finds from which a generation counts as used: one common text does not keep it."""
UNUSABLE = frozenset({
    sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_FULL, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM, sqlite3.SQLITE_NOMEM, sqlite3.SQLITE_INTERRUPT,
})  # fmt: skip
"""Primary codes of errors that say nothing against the file's content; after any other it is made anew."""


class Shelf:
    """Blocks of bytes by text id; in memory where the file cannot be used."""

    def __init__(self, file: Path, fingerprint: str, limit: int = LIMIT) -> None:
        """Open or create the file; beyond `limit` bytes, what was used least recently is dropped."""
        self._file = file
        self._fingerprint, self._limit = fingerprint, limit
        self._sealing = sealing(file, fingerprint)
        self._marked: set[int] = set()
        self._memory: dict[bytes, bytes] = {}
        self._usable = True
        self._asked(lambda _: None)  # what is wrong with the file is said at the start

    def find(self, ids: Iterable[bytes]) -> dict[bytes, bytes]:
        """The blocks that are stored and whole."""
        ids = list(ids)
        found = {key: self._memory[key] for key in ids if key in self._memory}
        rows = self._asked(lambda database: self._rows(database, [key for key in ids if key not in found]))
        rows = rows or []
        whole = {key: block for key, block, mark in rows if is_whole(self._sealing, key, block, mark)}
        if len(whole) < len(rows):
            _tell(
                f"{self._file}: {len(rows) - len(whole):,} stored rows are damaged or not of this cache, and made anew"
            )
        return found | whole

    def keep(self, blocks: Mapping[bytes, bytes]) -> None:
        """Store blocks, in one transaction: a killed run leaves all of them or none."""
        sealed = [(key, block, _seal(self._sealing, key, block)) for key, block in blocks.items()]

        def write(database: sqlite3.Connection) -> bool:
            add(database, sealed, self._limit)
            return True

        if not self._asked(write):
            self._memory.update(blocks)

    def discard(self, why: str) -> None:
        """Forget everything that is stored; the next use starts a new file."""
        _tell(f"{self._file}: {why}; it is made anew")
        self._memory.clear()
        try:
            for end in ("", "-wal", "-shm"):
                self._file.with_name(self._file.name + end).unlink(missing_ok=True)
        except OSError as error:
            self._give_up(error)

    def _rows(self, database: sqlite3.Connection, ids: list[bytes]) -> list[Sealed]:
        """The rows that are there; the first time that a generation serves this process, it is marked as used."""
        found = list(rows(database, generations(database), ids)) if ids else []
        total = sum(len(each) for _, each in found)
        served = [each for each, own in found if own and len(own) >= SERVED * total]
        if any(each.number not in self._marked for each in served):
            self._marked.update(each.number for each in served)
            with suppress(sqlite3.OperationalError):  # somebody else is writing, or nobody can
                mark(database, served)
        return [row for _, own in found for row in own]

    def _asked(self, work: Callable[[sqlite3.Connection], Result]) -> Result | None:
        """The result of some work on the file; None without one. A damaged file is replaced, and asked again.

        Each time on a connection of its own, so that none is left open.
        """
        for _ in range(2):
            if not self._usable or not self._is_trusted():
                return None
            try:
                with closing(sqlite3.connect(self._file, timeout=60, isolation_level=None)) as database:
                    prepare(database, self._fingerprint)
                    return work(database)
            except sqlite3.Error as error:
                code = getattr(error, "sqlite_errorcode", None)
                if code is not None and code & 0xFF in UNUSABLE:
                    self._give_up(error)
                else:
                    self.discard(f"not a whole store of this version ({error})")
        return None

    def _is_trusted(self) -> bool:
        """Whether the file can be there, and nobody else could have written it."""
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            if not self._file.exists() or trusted(self._file):
                return True
        except OSError as error:
            self._give_up(error)
            return False
        _tell(f"{self._file}: others can write it, or it belongs to another user, so it is not used")
        self._usable = False
        return False

    def _give_up(self, why: Exception) -> None:
        self._usable = False
        cannot_keep(self._file.parent.parent, why)


def sealing(file: Path, fingerprint: str) -> bytes:
    """The key of the seals in a store of this encoder or judge."""
    return bytes.fromhex(seal(file.parent.parent, fingerprint.encode()))


def is_whole(key: bytes, text: bytes, block: bytes, mark: bytes) -> bool:
    """Whether a row is as it was written; SQLite stores anything in any column."""
    return isinstance(text, bytes) and isinstance(block, bytes) and _seal(key, text, block) == mark


def _seal(key: bytes, text: bytes, block: bytes) -> bytes:
    return hashlib.blake2b(text + block, key=key, digest_size=16).digest()


def _tell(what: str) -> None:
    warnings.warn(what, CacheWarning, stacklevel=2)
