"""What the cache keeps: listed, checked against its seals, and dropped."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Literal, NamedTuple, TypeAlias

import orjson

from mixguard.annotate.models import unsealed
from mixguard.errors import UsageError
from mixguard.files import sha256, told, trusted
from mixguard.vectors.generations import Generation, check, drop, generations, going
from mixguard.vectors.in_use import kept_out
from mixguard.vectors.shelf import is_whole, sealing

Kind: TypeAlias = Literal["vectors", "verdicts", "encoder", "model"]
STORES: tuple[Kind, ...] = ("vectors", "verdicts")
"""Kinds that are SQLite files, in folders of the same name."""
SUMS = "sha256.json"
BUSY_SECONDS = 5.0


class Kept(NamedTuple):
    """One store, converted encoder or fitted model."""

    kind: Kind
    name: str
    path: Path
    bytes: int
    """On disk."""
    texts: int | None = None
    """Rows of a store; None if it cannot be read."""
    generations: tuple[Generation, ...] = ()
    used: datetime | None = None
    """When a store last served a run, UTC."""


class Damage(NamedTuple):
    """What is not as it was written; the next use makes it anew."""

    kept: Kept
    what: str


class Gone(NamedTuple):
    """What is dropped of one thing, or would be."""

    kept: Kept
    bytes: int
    texts: int | None = None


def kept(cache: Path) -> list[Kept]:
    """Everything in a cache, the largest of each kind first."""
    stores = [_store(kind, file) for kind in STORES for file in sorted((cache / kind).glob("*.sqlite"))]
    encoders = [
        Kept("encoder", folder.name, folder, _bytes(folder))
        for folder in sorted((cache / "encoders").glob("*"))
        if folder.is_dir() and not folder.is_symlink()
    ]
    models = [
        Kept("model", file.stem, file, _bytes(file)) for file in sorted((cache / "models").glob("*.json"))
    ]
    order = [*STORES, "encoder", "model"]
    return sorted((*stores, *encoders, *models), key=lambda each: (order.index(each.kind), -each.bytes))


def damaged(cache: Path) -> Iterator[Damage]:
    """What does not match its seal or checksum; every byte is read."""
    looks: dict[Kind, Callable[[Kept], str]] = {"encoder": _encoder_damage, "model": _model_damage}
    for each in kept(cache):
        what = looks.get(each.kind, _store_damage)(each)
        if what:
            yield Damage(each, what)


def prune(cache: Path, to: int, *, dry_run: bool) -> list[Gone]:
    """Drop the vectors used least recently, whatever encoder they are of, until the rest take at most `to` bytes.

    Running processes are not disturbed: a row that they miss, they embed again.

    Raises:
        UsageError: a store cannot be changed.
    """
    stores = {each.path: each for each in kept(cache) if each.kind == "vectors" and each.generations}
    every = [(generation, path) for path, each in stores.items() for generation in each.generations]
    goes = {id(each) for each in going((generation for generation, _ in every), to)}
    gone: list[Gone] = []
    for path, store in stores.items():
        mine = [generation for generation, of in every if of == path and id(generation) in goes]
        if mine:
            size = sum(each.bytes for each in mine)
            rest = sum(each.bytes for each in store.generations) - size
            texts = _asked(path, partial(_count, among=mine))
            if not dry_run:
                _asked(path, partial(_shrink, to=rest))
            gone.append(Gone(store, size, texts))
    return gone


def clear(cache: Path, *, dry_run: bool) -> list[Gone]:
    """Drop everything but the cache's secret.

    Raises:
        UsageError: a process is using it.
    """
    gone = [Gone(each, each.bytes, each.texts) for each in kept(cache)]
    if dry_run or not gone:
        return gone
    try:
        with kept_out(cache) as users:
            if users:
                who = "a process uses it" if users == 1 else f"{users:,} processes use it"
                raise UsageError(f"{cache}: {who}; wait for the end, or drop only vectors with --to SIZE")
            for each in gone:
                _remove(each.kept.path)
    except OSError as error:
        raise UsageError(f"{cache}: cannot be emptied: {told(error)}") from None
    return gone


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    for end in ("", "-wal", "-shm", ".lock"):
        path.with_name(path.name + end).unlink(missing_ok=True)


def _store(kind: Kind, file: Path) -> Kept:
    bare = Kept(kind, file.stem, file, sum(_bytes(each) for each in file.parent.glob(f"{file.name}*")))
    try:
        with closing(_opened(file)) as database:
            check(database)
            there = tuple(generations(database))
            name = str(database.execute("SELECT fingerprint FROM maker").fetchone()[0])
            texts = _count(database, there)
    except (sqlite3.Error, TypeError):
        return bare
    used = max((each.used for each in there), default=0)
    return bare._replace(
        name=name, texts=texts, generations=there, used=datetime.fromtimestamp(used, UTC) if used else None
    )


def _opened(file: Path, mode: str = "ro") -> sqlite3.Connection:
    place = f"{file.absolute().as_uri()}?mode={mode}"
    return sqlite3.connect(place, uri=True, timeout=BUSY_SECONDS, isolation_level=None)


def _count(database: sqlite3.Connection, among: tuple[Generation, ...] | list[Generation]) -> int:
    return sum(int(database.execute(f"SELECT count(*) FROM {each.table}").fetchone()[0]) for each in among)


def _shrink(database: sqlite3.Connection, to: int) -> int:
    drop(database, to)
    with suppress(sqlite3.OperationalError):  # somebody is reading: the space is used again instead
        database.execute("VACUUM")
    return 0


def _asked(file: Path, work: Callable[[sqlite3.Connection], int]) -> int:
    try:
        with closing(_opened(file, "rw")) as database:
            return work(database)
    except sqlite3.Error as error:
        raise UsageError(
            f"{file}: cannot be pruned now: {error}; try again when no audit is running"
        ) from None


def _bytes(path: Path) -> int:
    files = path.rglob("*") if path.is_dir() else [path]
    return sum(file.lstat().st_size for file in files if file.is_file() and not file.is_symlink())


def _store_damage(each: Kept) -> str:
    if not trusted(each.path):
        return "others can write it, or it belongs to another user"
    if each.texts is None:
        return "not a whole store of this version"
    key, wrong = sealing(each.path, each.name), 0
    try:
        with closing(_opened(each.path)) as database:
            for generation in each.generations:
                rows = database.execute(f"SELECT id, windows, seal FROM {generation.table}")
                wrong += sum(not is_whole(key, *row) for row in rows)
    except sqlite3.Error as error:
        return f"cannot be read to its end ({error})"
    return f"{wrong:,} of {each.texts:,} rows do not match their seal" if wrong else ""


def _encoder_damage(each: Kept) -> str:
    try:
        sums = orjson.loads((each.path / SUMS).read_bytes())["files"]
        wrong = [
            name
            for name, digest in sums.items()
            if not trusted(each.path / name) or sha256([each.path / name]) != digest
        ]
    except (OSError, ValueError, LookupError, TypeError, AttributeError):
        return "not whole"
    return f"does not match its checksum: {', '.join(wrong)}" if wrong else ""


def _model_damage(each: Kept) -> str:
    try:
        unsealed(each.path)
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return "does not match its seal"
    return ""
