"""A store stays within its limit, keeps what is used, and survives killed and competing processes."""

from __future__ import annotations

import random
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from mixguard.vectors import generations as kept
from mixguard.vectors.generations import OVERHEAD, SHARES, TABLE, Generation, going
from mixguard.vectors.shelf import Shelf

BLOCK = 1000
LIMIT = 80 * (BLOCK + OVERHEAD)
"""Eighty rows in eight generations of ten."""


def blocks(start: int, stop: int) -> dict[bytes, bytes]:
    return {number.to_bytes(16): random.Random(number).randbytes(BLOCK) for number in range(start, stop)}


def shelf(folder: Path, limit: int = LIMIT) -> Shelf:
    return Shelf(folder / "vectors" / "e.sqlite", "e", limit)


def there(folder: Path) -> list[Generation]:
    with closing(sqlite3.connect(folder / "vectors" / "e.sqlite")) as database:
        kept.check(database)
        return kept.generations(database)


def filled(folder: Path, rows: int, at: Shelf | None = None) -> Shelf:
    at = at or shelf(folder)
    for start in range(0, rows, 5):
        at.keep(blocks(start, start + 5))
    return at


def test_a_store_never_outgrows_its_limit_and_keeps_the_newest(tmp_path: Path) -> None:
    store = filled(tmp_path, 400)
    assert sum(each.bytes for each in there(tmp_path)) <= LIMIT
    assert len(there(tmp_path)) in (SHARES, SHARES - 1)
    found = store.find(blocks(0, 400))
    assert found == {key: block for key, block in blocks(300, 400).items() if key in found}
    assert 65 <= len(found) <= 80
    assert (tmp_path / "vectors" / "e.sqlite").stat().st_size < 3 * LIMIT  # pages, which hold few rows here


def test_what_is_used_outlives_what_is_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = 1_000_000.0
    monkeypatch.setattr(kept, "time", lambda: clock)
    filled(tmp_path, 80)
    clock += 10
    assert len(shelf(tmp_path).find(blocks(0, 10))) == 10  # the oldest generation serves a run
    clock += 10
    store = shelf(tmp_path)
    for start in range(100, 150, 5):
        store.keep(blocks(start, start + 5))
    assert len(store.find(blocks(0, 10))) == 10
    assert not store.find(blocks(10, 40))


def test_one_common_text_does_not_keep_a_generation(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept, "time", lambda: 1.0)
    filled(tmp_path, 80)
    monkeypatch.setattr(kept, "time", lambda: 2.0)
    shelf(tmp_path).find({**blocks(0, 1), **blocks(60, 80)})
    assert [each.used for each in there(tmp_path)] == [2, 2, 1, 1, 1, 1, 1, 1]


def test_reading_writes_once_for_each_generation_that_serves(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    filled(tmp_path, 40)
    changes: list[str] = []
    real = sqlite3.connect

    def traced(*arguments: Any, **options: Any) -> sqlite3.Connection:
        database: sqlite3.Connection = real(*arguments, **options)
        database.set_trace_callback(
            lambda statement: changes.append(statement) if "UPDATE" in statement else None
        )
        return database

    monkeypatch.setattr(sqlite3, "connect", traced)
    store = shelf(tmp_path)
    for _ in range(3):
        store.find(blocks(0, 40))
    assert len(changes) == 4
    assert all(change.startswith("UPDATE generations SET used") for change in changes)


def test_a_store_of_one_table_is_taken_over(tmp_path: Path) -> None:
    first = filled(tmp_path, 10)
    with closing(sqlite3.connect(tmp_path / "vectors" / "e.sqlite")) as database:
        database.execute("DROP TABLE generations")
        database.execute("DROP TABLE maker")
        assert dict(database.execute("SELECT name, sql FROM sqlite_schema WHERE sql IS NOT NULL")) == {
            "texts": TABLE.format("texts")
        }
    assert len(first.find(blocks(0, 10))) == 10
    assert [each.number for each in there(tmp_path)] == [0]


@pytest.mark.parametrize(
    "spoil",
    [
        "UPDATE generations SET bytes = 'many'",
        "UPDATE generations SET bytes = -1",
        "DELETE FROM generations",
        "INSERT INTO generations VALUES (9, 0, 0)",
        "DROP TABLE maker",
    ],
)
def test_a_ledger_that_cannot_be_is_made_anew(tmp_path: Path, spoil: str) -> None:
    filled(tmp_path, 10)
    with closing(sqlite3.connect(tmp_path / "vectors" / "e.sqlite", isolation_level=None)) as database:
        database.execute(spoil)
    with pytest.warns(match="is made anew"):
        assert not shelf(tmp_path).find(blocks(0, 10))
    assert [each.number for each in there(tmp_path)] == [0]


def test_the_least_recently_used_go_first() -> None:
    every = [Generation(0, 10, 5), Generation(1, 10, 3), Generation(2, 10, 9), Generation(3, 10, 3)]
    assert [each.number for each in going(every, 25)] == [1, 3]
    assert [each.number for each in going(every, 0)] == [1, 3, 0, 2]
    assert going(every, 40) == []


WRITER = """
import random, sys
from pathlib import Path
from mixguard.vectors.shelf import Shelf
store = Shelf(Path(sys.argv[1]), "e", int(sys.argv[2]))
for start in range(int(sys.argv[3]), int(sys.argv[4]), 5):
    store.keep({n.to_bytes(16): random.Random(n).randbytes(1000) for n in range(start, start + 5)})
    print(start, flush=True)
"""


def writer(folder: Path, start: int, stop: int, limit: int = LIMIT) -> subprocess.Popen[str]:
    arguments = [str(folder / "vectors" / "e.sqlite"), str(limit), str(start), str(stop)]
    return subprocess.Popen([sys.executable, "-c", WRITER, *arguments], stdout=subprocess.PIPE, text=True)


def test_two_writers_lose_nothing(tmp_path: Path) -> None:
    limit = 1000 * LIMIT
    both = [writer(tmp_path, start, start + 200, limit) for start in (0, 200)]
    for process in both:
        process.communicate()
    assert [process.returncode for process in both] == [0, 0]
    assert shelf(tmp_path, limit).find(blocks(0, 400)) == blocks(0, 400)


def test_a_killed_writer_leaves_a_whole_store_within_its_limit(tmp_path: Path) -> None:
    for number in range(3):
        process = writer(tmp_path, number * 10_000, (number + 1) * 10_000)
        assert process.stdout is not None
        for _ in range(20 + number):
            last = int(process.stdout.readline())
        time.sleep(0.001 * number)
        process.send_signal(signal.SIGKILL)
        process.wait()
        process.stdout.close()
        assert sum(each.bytes for each in there(tmp_path)) <= LIMIT
        told = blocks(last, last + 5)
        assert shelf(tmp_path).find(told) == told  # what was told as kept is kept
