"""The tables of a store: generations of rows, so that what is used least is dropped whole, and reading writes nothing.

Rows are added to the newest generation until it holds its share of the limit. A generation that outlives the limit is
dropped as one table; SQLite uses its pages again. A store without generations is that of an earlier version: one table.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from time import time
from typing import NamedTuple

TABLE = "CREATE TABLE {} (id BLOB PRIMARY KEY, windows BLOB NOT NULL, seal BLOB NOT NULL)"
LEDGER = (
    "CREATE TABLE generations (number INTEGER PRIMARY KEY, bytes INTEGER NOT NULL, used INTEGER NOT NULL)"
)
MAKER = "CREATE TABLE maker (fingerprint TEXT NOT NULL)"
SHARES = 8
"""Generations that fill the limit: one of them goes at a time."""
OVERHEAD = 90
"""Bytes that a row takes besides its block: its id twice, its seal, and SQLite's pages."""
IDS_PER_QUERY = 500
"""Below the 999 query variables of the oldest supported SQLite."""
Sealed = tuple[bytes, bytes, bytes]
"""Id, block and seal of a row."""


class Generation(NamedTuple):
    """One table of rows."""

    number: int
    bytes: int
    """What its rows take on disk, nearly."""
    used: int
    """When it last served a run, in seconds since 1970."""

    @property
    def table(self) -> str:
        """Name of its table."""
        return f"texts_{self.number}" if self.number else "texts"


def prepare(database: sqlite3.Connection, fingerprint: str) -> None:
    """Make the tables where there are none.

    Raises:
        sqlite3.DatabaseError: there are others.
    """
    database.execute("PRAGMA journal_mode = WAL")
    database.execute("PRAGMA synchronous = NORMAL")
    if _schema(database) in ({}, {"texts": TABLE.format("texts")}):
        with changing(database):
            there = _schema(database)  # another process may have been first
            if there in ({}, {"texts": TABLE.format("texts")}):
                _create(database, fingerprint, is_new=not there)
    check(database)


def check(database: sqlite3.Connection) -> None:
    """Refuse tables that this version does not know.

    Raises:
        sqlite3.DatabaseError: there are some.
    """
    known = {each.table: TABLE.format(each.table) for each in generations(database)}
    if _schema(database) != {"generations": LEDGER, "maker": MAKER, **known}:
        raise sqlite3.DatabaseError("other tables")


def _create(database: sqlite3.Connection, fingerprint: str, *, is_new: bool) -> None:
    database.execute(LEDGER)
    database.execute(MAKER)
    database.execute("INSERT INTO maker VALUES (?)", (fingerprint,))
    if is_new:
        _begin(database, 0)
    else:
        pages, size = (database.execute(f"PRAGMA {of}").fetchone()[0] for of in ("page_count", "page_size"))
        database.execute("INSERT INTO generations VALUES (0, ?, ?)", (pages * size, int(time())))


def _schema(database: sqlite3.Connection) -> dict[str, str]:
    return dict(database.execute("SELECT name, sql FROM sqlite_schema WHERE sql IS NOT NULL"))


def generations(database: sqlite3.Connection) -> list[Generation]:
    """The generations of a store, newest first.

    Raises:
        sqlite3.DatabaseError: the ledger holds anything but numbers.
    """
    found = database.execute("SELECT number, bytes, used FROM generations ORDER BY number DESC").fetchall()
    if not all(isinstance(value, int) and value >= 0 for each in found for value in each):
        raise sqlite3.DatabaseError("a ledger without numbers")
    return [Generation(*each) for each in found]


def rows(
    database: sqlite3.Connection, among: Sequence[Generation], ids: Iterable[bytes]
) -> Iterator[tuple[Generation, list[Sealed]]]:
    """The rows with these ids, by generation; of an id that several have, the newest."""
    left = set(ids)
    for generation in among:
        found: list[Sealed] = []
        remaining = iter(list(left))
        while some := list(islice(remaining, IDS_PER_QUERY)):
            marks = ",".join("?" * len(some))
            found += database.execute(
                f"SELECT id, windows, seal FROM {generation.table} WHERE id IN ({marks})", some
            )
        left.difference_update(row[0] for row in found)
        yield generation, found


def mark(database: sqlite3.Connection, used: Iterable[Generation]) -> None:
    """Say that generations served a run."""
    with changing(database):
        database.executemany(
            "UPDATE generations SET used = ? WHERE number = ?", [(int(time()), each.number) for each in used]
        )


def add(database: sqlite3.Connection, sealed: Sequence[Sealed], limit: int) -> None:
    """Add rows to the newest generation, and drop what no longer fits, in one transaction."""
    with changing(database):
        there = generations(database)
        if not there or there[0].bytes >= limit // SHARES:
            there.insert(0, _begin(database, there[0].number + 1 if there else 0))
        database.executemany(f"INSERT OR REPLACE INTO {there[0].table} VALUES (?, ?, ?)", sealed)
        more = sum(len(block) + OVERHEAD for _, block, _ in sealed)
        database.execute(
            "UPDATE generations SET bytes = bytes + ?, used = ? WHERE number = ?",
            (more, int(time()), there[0].number),
        )
        _drop(database, there[1:], limit - there[0].bytes - more)


def drop(database: sqlite3.Connection, to: int) -> None:
    """Drop generations, those used least recently first, until the rest take at most so many bytes."""
    with changing(database):
        _drop(database, generations(database), to)


def going(there: Iterable[Generation], to: int) -> list[Generation]:
    """The generations that go, those used least recently first, for the rest to take at most so many bytes."""
    ordered = sorted(there, key=lambda each: (each.used, each.number))
    over = sum(each.bytes for each in ordered) - to
    gone: list[Generation] = []
    while over > 0 and len(gone) < len(ordered):
        gone.append(ordered[len(gone)])
        over -= gone[-1].bytes
    return gone


@contextmanager
def changing(database: sqlite3.Connection) -> Iterator[None]:
    """One transaction: a killed process leaves all of it or nothing."""
    database.execute("BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:
        if database.in_transaction:
            database.execute("ROLLBACK")
        raise
    database.execute("COMMIT")


def _begin(database: sqlite3.Connection, number: int) -> Generation:
    fresh = Generation(number, 0, int(time()))
    database.execute(TABLE.format(fresh.table))
    database.execute("INSERT INTO generations VALUES (?, ?, ?)", fresh)
    return fresh


def _drop(database: sqlite3.Connection, among: Iterable[Generation], to: int) -> None:
    for each in going(among, to):
        database.execute(f"DROP TABLE {each.table}")
        database.execute("DELETE FROM generations WHERE number = ?", (each.number,))
