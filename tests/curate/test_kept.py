"""What the cache keeps is listed, checked and dropped, and never under a running process."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import orjson
import pytest

from mixguard import HashEncoder
from mixguard.annotate.models import _keep
from mixguard.curate.kept import clear, damaged, kept, prune
from mixguard.errors import UsageError
from mixguard.files import sha256
from mixguard.vectors.generations import OVERHEAD
from mixguard.vectors.shelf import Shelf
from mixguard.vectors.store import VectorStore

BLOCK = 1000


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    """A cache with one of each kind."""
    VectorStore.open(tmp_path, HashEncoder()).vectors([f"text {number}" for number in range(30)])
    Shelf(tmp_path / "verdicts" / "judge.sqlite", "judge").keep({b"1" * 16: b"{}"})
    encoder = tmp_path / "encoders" / "small"
    encoder.mkdir(parents=True)
    (encoder / "model.bin").write_bytes(b"weights" * 100)
    sums = {"model.bin": sha256([encoder / "model.bin"])}
    (encoder / "sha256.json").write_bytes(orjson.dumps({"seal": "", "files": sums}))
    _keep(tmp_path / "models" / "stance.json", {"bias": 1.0})
    return tmp_path


def test_everything_is_listed(cache: Path) -> None:
    found = {each.kind: each for each in kept(cache)}
    assert list(found) == ["vectors", "verdicts", "encoder", "model"]
    assert found["vectors"].name == HashEncoder().fingerprint
    assert (found["vectors"].texts, found["verdicts"].texts) == (30, 1)
    assert found["vectors"].used is not None
    assert found["encoder"].bytes == 700 + (cache / "encoders" / "small" / "sha256.json").stat().st_size
    assert list(kept(cache / "nothing")) == []


def test_whole_things_are_not_damaged(cache: Path) -> None:
    assert list(damaged(cache)) == []


def test_each_damage_is_told(cache: Path) -> None:
    store = next((cache / "vectors").glob("*.sqlite"))
    with closing(sqlite3.connect(store, isolation_level=None)) as database:
        database.execute("UPDATE texts SET windows = zeroblob(128) WHERE rowid <= 2")
    (cache / "verdicts" / "judge.sqlite").write_bytes(b"not a database" * 100)
    (cache / "encoders" / "small" / "model.bin").write_bytes(b"other")
    model = cache / "models" / "stance.json"
    model.write_bytes(model.read_bytes().replace(b"1.0", b"2.0"))
    assert {each.kept.kind: each.what for each in damaged(cache)} == {
        "vectors": "2 of 30 rows do not match their seal",
        "verdicts": "not a whole store of this version",
        "encoder": "does not match its checksum: model.bin",
        "model": "does not match its seal",
    }


def test_what_was_used_least_recently_goes_first_whatever_its_encoder(tmp_path: Path) -> None:
    for name, used in (("old", 1), ("new", 2)):
        file = tmp_path / "vectors" / f"{name}.sqlite"
        Shelf(file, name).keep({number.to_bytes(16): bytes(BLOCK) for number in range(50)})
        with closing(sqlite3.connect(file, isolation_level=None)) as database:
            database.execute("UPDATE generations SET used = ?", (used,))
    to = 60 * (BLOCK + OVERHEAD)
    for dry_run, left in ((True, [50, 50]), (False, [0, 50])):
        gone = prune(tmp_path, to, dry_run=dry_run)
        assert [(each.kept.name, each.texts, each.bytes) for each in gone] == [
            ("old", 50, 50 * (BLOCK + OVERHEAD))
        ]
        assert [each.texts for each in sorted(kept(tmp_path), key=lambda each: each.name == "new")] == left
    assert (tmp_path / "vectors" / "old.sqlite").stat().st_size < 30_000
    assert prune(tmp_path, to, dry_run=False) == []


def test_a_process_that_goes_on_writes_again_after_a_prune(tmp_path: Path) -> None:
    store = VectorStore.open(tmp_path, HashEncoder())
    store.vectors(["a", "b"])
    prune(tmp_path, 0, dry_run=False)
    store.vectors(["a", "b"])
    assert store.embedded == 4
    assert [each.texts for each in kept(tmp_path)] == [2]


def test_everything_goes_but_the_secret(cache: Path) -> None:
    assert len(clear(cache, dry_run=True)) == len(kept(cache)) == 4
    clear(cache, dry_run=False)
    assert kept(cache) == []
    assert (cache / "key").exists()


USER = "import sys, pathlib; from mixguard.vectors.in_use import use; use(pathlib.Path(sys.argv[1])); print('uses', flush=True); input()"


def test_nothing_is_deleted_under_a_running_process(cache: Path) -> None:
    user = subprocess.Popen(
        [sys.executable, "-c", USER, str(cache)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert user.stdout is not None
    assert user.stdin is not None
    assert user.stdout.readline() == "uses\n"
    with pytest.raises(UsageError, match=r"a process uses it; wait for the end, or .* --to SIZE"):
        clear(cache, dry_run=False)
    assert len(kept(cache)) == 4
    user.kill()
    user.communicate()
    clear(cache, dry_run=False)
    assert kept(cache) == []
    assert not list((cache / "in-use").glob("*.lock"))


def test_what_ended_processes_leave_does_not_pile_up(cache: Path) -> None:
    for _ in range(3):
        subprocess.run([sys.executable, "-c", USER, str(cache)], input="\n", text=True, check=True)
    assert len(list((cache / "in-use").glob("*.lock"))) == 1
