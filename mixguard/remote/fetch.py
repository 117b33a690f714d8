"""Remote files as local copies: fetched once, whole, of one version; readers see files like any other.

A copy serves again in the same process for as long as its place says that the file is the same.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from mixguard import urls
from mixguard.errors import InputError, UsageError
from mixguard.progress import Progress, silent
from mixguard.remote import spool, web
from mixguard.remote.faults import CHANGED, CUT, explained
from mixguard.remote.places import BLOCK, Entry, Place, opened

AT_ONCE = 8
"""Files that are fetched at a time."""
ROOM_EVERY = 64 * 2**20
"""Bytes after which the room on the disk is looked at again."""
_COPIES: dict[str, Path] = {}
"""The copy of each name, without secrets."""
_ADDRESSES: dict[str, str] = {}
"""The URL that each such name stands for."""
_STATES: dict[Path, Any] = {}
"""What the place said of the version of each copy."""


def copies(
    url: str,
    wanted: Callable[[str], bool],
    *,
    offline: bool = False,
    progress: Progress = silent,
    error: type[UsageError] = InputError,
) -> list[Path]:
    """Local copies: of a file, of the files that match a pattern, or of a folder, which is one path.

    Args:
        url: remote.
        wanted: of a folder's files, by relative name, those that are fetched.
        offline: ask nobody: only what this process has fetched before.
        progress: called with the bytes that came.
        error: raised if it cannot be read.

    Raises:
        error: there is no such file, or it cannot be had whole; the message shows no secret.
    """
    shown = urls.shown(url)
    if shown in _COPIES and (offline or _ADDRESSES[shown] != url == shown):
        return [_COPIES[shown]]  # named without its secrets, as reports name it
    if offline:
        raise error(
            f"{shown}: would be fetched over the network, which --offline forbids; copy it here first"
        )
    meter = _Meter(url, progress)
    if urls.scheme(url) in urls.WEB:
        return [_of_the_web(url, meter)]
    with explained(url, error):
        place = opened(url)
        return _of_a_place(place, wanted, meter)


def _of_the_web(url: str, meter: _Meter) -> Path:
    local = _COPIES.get(urls.shown(url)) or spool.stand_in(url)

    def take(came: int, of: int | None) -> None:
        meter.total = of
        meter.came(came - meter.done)

    known = _STATES.get(local)
    if known == (None, None) and local.is_file():  # the server says nothing by which a change could be told
        return local
    with _written(local) as target:
        version = web.fetch(url, target, known, take)
        if version is None:
            target.close()
        else:
            _STATES[local] = version
    return _keep(local)


def _of_a_place(place: Place, wanted: Callable[[str], bool], meter: _Meter) -> list[Path]:
    url = place.url
    try:
        told = place.system.info(place.path)
    except FileNotFoundError:
        if not urls.has_magic(url):
            raise
        told = {"type": "pattern"}
    if told["type"] == "file":
        local = _COPIES.get(urls.shown(url)) or spool.stand_in(url)
        return _fetched(place, place.itself, lambda _: local, meter)
    if told["type"] == "pattern":
        base = url[: next(at for at, sign in enumerate(url) if sign in "*?[")].rpartition("/")[0]
        folder = spool.stand_in(base)
        return _fetched(place, place.matching, lambda each: spool.inside(folder, base, each.name), meter)
    folder = spool.stand_in(url)
    _fetched(
        place,
        lambda: (each for each in place.below() if wanted(each.name)),
        lambda each: spool.inside(folder, url, each.name),
        meter,
    )
    return [folder]


def _fetched(
    place: Place, listed: Callable[[], Iterator[Entry]], where: Callable[[Entry], Path], meter: _Meter
) -> list[Path]:
    """Fetch what is not here yet, several files at a time.

    Args:
        place: opened.
        listed: asks for the files; they are asked for again at the end, and must be the same.
        where: the place of a copy.
        meter: counts bytes.
    """
    found = sorted(listed(), key=lambda each: each.name)
    if not found:
        what = "no file matches this pattern" if urls.has_magic(place.url) else "no data files in this folder"
        raise InputError(f"{urls.shown(place.url)}: {what}")
    files = [(entry, where(entry)) for entry in found]
    new = [
        (entry, local) for entry, local in files if _STATES.get(local) != entry.state or not local.is_file()
    ]
    meter.total = sum(entry.size or 0 for entry, _ in new)
    spool.room(meter.total, place.url)
    with ThreadPoolExecutor(AT_ONCE) as pool:
        try:
            for _ in pool.map(lambda each: _fetch(place, each[0], each[1], meter), new):
                pass
        except BaseException:
            meter.stop.set()
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    now = {entry.path: entry.state for entry in listed()} if new else {}
    for entry, local in new:
        if now.get(entry.path) != entry.state:
            local.unlink()
            raise InputError(f"{urls.shown(spool.named(local))}: {CHANGED}")
        _STATES[local] = entry.state
    return [_keep(local) for _, local in files]


def _fetch(place: Place, entry: Entry, local: Path, meter: _Meter) -> None:
    """One file, whole.

    Raises:
        InputError: it did not come to its end, or went beyond it.
    """
    url = spool.address(local) or place.url
    if meter.stop.is_set():
        return
    with explained(url), _written(local) as target:
        with place.system.open(entry.path, "rb", block_size=BLOCK) as source:
            while (block := source.read(BLOCK)) and not meter.stop.is_set():
                target.write(block)
                meter.came(len(block))
                if entry.size is not None and target.tell() > entry.size:
                    raise InputError(f"{urls.shown(url)}: {CHANGED}")
        if entry.size is not None and target.tell() != entry.size:
            raise InputError(f"{urls.shown(url)}: {CUT}")


def _keep(local: Path) -> Path:
    """Remember a copy by its name."""
    url = spool.address(local) or str(local)
    shown = urls.shown(url)
    _COPIES[shown], _ADDRESSES[shown] = local, url
    return local


@contextmanager
def _written(local: Path) -> Iterator[BinaryIO]:
    """A file that takes its place whole; if the block fails, or closes it, the copy that is there stays."""
    part = local.with_name(f"%part-{local.name}")  # no copy is called so: its `%` would be `%25`
    try:
        with part.open("wb") as target:
            yield target
            kept = target.closed
        if not kept:
            part.replace(local)
    finally:
        part.unlink(missing_ok=True)


class _Meter:
    """Counts what comes, from several threads."""

    def __init__(self, url: str, progress: Progress) -> None:
        self.done = 0
        self.total: int | None = None
        self.stop = threading.Event()
        self._url, self._progress, self._lock, self._looked = url, progress, threading.Lock(), 0

    def came(self, count: int) -> None:
        """Report bytes; now and then the disk is looked at, since a place may send more than it says."""
        with self._lock:
            self.done += count
            if self.done - self._looked > ROOM_EVERY:
                self._looked = self.done
                spool.room(0, self._url)
            self._progress("fetching", self.done, self.total, "bytes")
