"""A vector store is believed row by row, replaced when damaged, and done without when it cannot be used."""

from __future__ import annotations

import gc
import os
import random
import shutil
import sqlite3
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from mixguard import HashEncoder
from mixguard.errors import CacheWarning
from mixguard.vectors.base import Vectors
from mixguard.vectors.store import VectorStore, text_id

TEXTS = [f"text number {number} of these" for number in range(300)]
Spoil = Callable[[Path], object]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A store with all the texts."""
    VectorStore.open(tmp_path, HashEncoder()).vectors(TEXTS)
    return only(tmp_path)


def only(cache: Path) -> Path:
    gc.collect()  # a connection is in a cycle with its own statements, and closed when that is collected
    (file,) = (cache / "vectors").glob("*.sqlite")
    database = sqlite3.connect(file)
    database.execute("PRAGMA wal_checkpoint(truncate)")
    database.close()
    return file


def truth() -> Vectors:
    return HashEncoder().encode(TEXTS).vectors


def sql(statement: str, *values: object) -> Spoil:
    def spoil(file: Path) -> None:
        database = sqlite3.connect(file)
        database.execute(statement, values)
        database.commit()
        database.close()

    return spoil


def flips(file: Path) -> None:
    content, chance = bytearray(file.read_bytes()), random.Random(1)
    for _ in range(300):
        content[chance.randrange(8192, len(content))] ^= 1 << chance.randrange(8)
    file.write_bytes(content)


BENIGN = text_id(TEXTS[0])
ROWS: dict[str, Spoil] = {
    "zeroed": sql("UPDATE texts SET windows = zeroblob(128) WHERE rowid % 2"),
    "of another text": sql("UPDATE texts SET windows = (SELECT windows FROM texts WHERE id = ?)", BENIGN),
    "of another text, with its seal": sql(
        "UPDATE texts SET (windows, seal) = (SELECT windows, seal FROM texts WHERE id = ?)", BENIGN
    ),
    "short": sql("UPDATE texts SET windows = x'0000' WHERE rowid % 7 = 0"),
    "empty": sql("UPDATE texts SET windows = x'' WHERE rowid % 7 = 0"),
    "NaN": sql("UPDATE texts SET windows = ?", b"\x00\x7e" * 64),
    "text": sql("UPDATE texts SET windows = 'text'"),
    "numbers": sql("UPDATE texts SET windows = 1, seal = 0"),
    "one bit": sql("UPDATE texts SET windows = x'00' || substr(windows, 2)"),
}
FILES: dict[str, Spoil] = {
    "byte flips": flips,
    "truncated": lambda file: os.truncate(file, 30_000),
    "truncated within the header": lambda file: os.truncate(file, 50),
    "garbage": lambda file: file.write_bytes(random.Random(1).randbytes(50_000)),
    "text": lambda file: file.write_bytes(b"not a database" * 100),
    "empty": lambda file: os.truncate(file, 0),
    "other columns": sql("ALTER TABLE texts RENAME COLUMN windows TO other"),
    "an earlier version": sql("ALTER TABLE texts DROP COLUMN seal"),
    "a view": lambda file: (sql("ALTER TABLE texts RENAME TO t")(file), sql("CREATE VIEW texts AS SELECT * FROM t")(file)),
    "a trigger": sql("CREATE TRIGGER t AFTER INSERT ON texts BEGIN DELETE FROM texts; END"),
    "no table": sql("DROP TABLE texts"),
}  # fmt: skip


def embedded_anew(cache: Path) -> int:
    """Check that vectors are right in spite of everything; then that a later run finds all of them."""
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        store = VectorStore.open(cache, HashEncoder())
        assert np.allclose(store.vectors(TEXTS).in_order, truth(), atol=1e-3)
    assert len(told) <= 2
    assert all(issubclass(warning.category, CacheWarning) for warning in told)
    again = VectorStore.open(cache, HashEncoder())
    assert np.allclose(again.vectors(TEXTS).in_order, truth(), atol=1e-3)
    assert again.embedded == 0
    return store.embedded


@pytest.mark.parametrize("kind", ROWS)
def test_a_row_that_was_changed_does_not_count_as_stored(file: Path, kind: str) -> None:
    ROWS[kind](file)
    assert 0 < embedded_anew(file.parent.parent) <= len(TEXTS)


@pytest.mark.parametrize("kind", FILES)
def test_a_damaged_file_is_made_anew(file: Path, kind: str) -> None:
    FILES[kind](file)
    assert embedded_anew(file.parent.parent) > 0


def test_damage_that_shows_up_late_costs_nothing_but_time(file: Path) -> None:
    store = VectorStore.open(file.parent.parent, HashEncoder())
    store.vectors(TEXTS[:1])
    with file.open("r+b") as stream:
        stream.seek(4096)
        stream.write(b"\xff" * (file.stat().st_size - 4096))
    with pytest.warns(CacheWarning, match="is made anew|are damaged"):
        assert np.allclose(store.vectors(TEXTS).in_order, truth(), atol=1e-3)


def test_whole_files_of_junk_never_end_in_another_error(file: Path) -> None:
    content, chance = file.read_bytes(), random.Random(7)
    for _ in range(10):
        start = chance.randrange(len(content))
        junk = chance.randbytes(chance.randrange(1, 5000))
        file.write_bytes(content[:start] + junk + content[start + len(junk) :])
        embedded_anew(file.parent.parent)
        file = only(file.parent.parent)


def forged(cache: Path, file: Path) -> None:
    """Replace a store by one in which every text has the vectors of the first, sealed as another cache would."""
    store = VectorStore.open(cache, HashEncoder())
    benign = store.vectors(TEXTS[:1]).vectors.astype(np.float16).tobytes()
    store._shelf.keep({text_id(text): benign for text in TEXTS})
    shutil.copyfile(only(cache), file)


def test_rows_sealed_by_somebody_else_do_not_count(file: Path, tmp_path: Path) -> None:
    forged(tmp_path / "other", file)
    assert embedded_anew(file.parent.parent) == len(TEXTS)


def test_the_secret_is_for_this_user_alone_and_made_anew_where_it_is_not(file: Path) -> None:
    key = file.parent.parent / "key"
    before = key.read_bytes()
    assert key.stat().st_mode & 0o777 == 0o600
    spoils: list[Callable[[], object]] = [lambda: key.chmod(0o644), lambda: os.truncate(key, 3), key.unlink]
    for spoil in spoils:
        spoil()
        assert embedded_anew(file.parent.parent) == len(TEXTS)
        assert key.stat().st_mode & 0o777 == 0o600
        assert key.read_bytes() != before
        before = key.read_bytes()


def test_a_file_that_others_can_write_is_not_used(file: Path) -> None:
    file.chmod(0o666)
    with pytest.warns(CacheWarning, match="others can write it"):
        store = VectorStore.open(file.parent.parent, HashEncoder())
    assert np.allclose(store.vectors(TEXTS).in_order, truth(), atol=1e-3)


def test_a_cache_that_cannot_be_made_costs_one_sentence_and_no_text_is_embedded_twice(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.warns(CacheWarning, match=r"set encode\.cache to another folder") as told:
        store = VectorStore.open(tmp_path / "file" / "cache", HashEncoder())
        for _ in range(2):
            assert np.allclose(store.vectors(TEXTS).in_order, truth(), atol=1e-3)
    assert len(told) == 1
    assert store.embedded == len(TEXTS)


def test_a_store_that_another_process_holds_is_done_without(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = sqlite3.connect
    monkeypatch.setattr(
        sqlite3, "connect", lambda path, timeout, **options: real(path, timeout=0.1, **options)
    )
    store = VectorStore.open(file.parent.parent, HashEncoder())
    other = real(file, isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    with pytest.warns(CacheWarning, match="locked"):
        assert len(store.vectors([*TEXTS, "a new one"]).vectors) == len(TEXTS) + 1
    other.close()
