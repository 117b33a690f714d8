"""Local files to a remote place: each as a whole, and the one that says that the others are there last of all."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from mixguard import urls
from mixguard.errors import UsageError
from mixguard.remote.faults import explained, lacks_bucket
from mixguard.remote.fetch import AT_ONCE
from mixguard.remote.places import Place, opened


def check(url: str, *, offline: bool, error: type[UsageError] = UsageError) -> None:
    """Refuse, before any work is done, a name that nothing can be written to.

    Raises:
        error: it is a web address, its protocol is unknown or its package missing, or the network is forbidden.
    """
    shown = urls.shown(url)
    if urls.scheme(url) in urls.WEB:
        raise error(
            f"{shown}: a web address cannot be written to; name a local path, or one like s3://bucket/name"
        )
    if offline:
        raise error(f"{shown}: would be written over the network, which --offline forbids; name a local path")
    opened(url)


def write(url: str, content: bytes) -> None:
    """Write one remote file; an earlier one is replaced.

    Raises:
        UsageError: it cannot be written.
    """
    check(url, offline=False)
    with explained(url, UsageError, "write"):
        place = opened(url)
        place.system.pipe_file(place.path, content)


def send(folder: Path, url: str, names: Sequence[str], error: type[UsageError] = UsageError) -> None:
    """Put files into a remote folder: until the last is there, it is not there at all.

    Args:
        folder: local.
        url: of the remote folder.
        names: of the files, relative to it; the last one says that the others are there.
        error: raised if something cannot be written.

    Raises:
        error: what was written of the new files stays, without the last.
    """
    *others, last = names
    with explained(url, error, "write"):
        place = opened(url)
        _remove(place, [last])
        with ThreadPoolExecutor(AT_ONCE) as pool:
            for _ in pool.map(lambda name: _put(place, folder, name), others):
                pass
        _put(place, folder, last)


def remove(url: str, names: Sequence[str], error: type[UsageError] = UsageError) -> None:
    """Delete files of a remote folder, as far as they are there.

    Raises:
        error: one cannot be deleted.
    """
    with explained(url, error, "write"):
        _remove(opened(url), names)


def listed(url: str, error: type[UsageError] = UsageError) -> list[str]:
    """The files below a remote folder, by relative name, sorted; none if there is no such folder.

    Raises:
        error: it cannot be read.
    """
    with explained(url, error):
        place = opened(url)
        try:
            return sorted(entry.name for entry in place.below())
        except FileNotFoundError as problem:
            if lacks_bucket(problem):
                raise
            return []


def exists(url: str, error: type[UsageError] = UsageError) -> bool:
    """Whether a remote file is there.

    Raises:
        error: that cannot be told.
    """
    with explained(url, error):
        place = opened(url)
        place.system.invalidate_cache()
        return bool(place.system.exists(place.path))


def _remove(place: Place, names: Sequence[str]) -> None:
    for name in names:
        path = f"{place.path.rstrip('/')}/{name}"
        place.system.invalidate_cache()
        if place.system.exists(path):
            place.system.rm_file(path)


def _put(place: Place, folder: Path, name: str) -> None:
    place.system.put_file(str(folder / name), f"{place.path.rstrip('/')}/{name}")
