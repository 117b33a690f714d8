"""Who uses a cache: each process holds a lock of its own there, which the system gives up with the process, however that ends."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from filelock import BaseFileLock

FOLDER = "in-use"
_HELD: dict[tuple[int, Path], BaseFileLock] = {}
"""By process, since a fork does not hold what its parent holds, and cache."""


def use(cache: Path) -> None:
    """Hold a cache until this process ends, so that none of its files is deleted meanwhile; waits while it is emptied."""
    from filelock import FileLock

    key = os.getpid(), cache.absolute()
    if key in _HELD:
        return
    lock = FileLock(cache / FOLDER / f"{key[0]}-{secrets.token_hex(4)}.lock")
    try:
        with _gate(cache):
            _users(cache)  # what ended processes left does not pile up
            lock.acquire(blocking=False)
    except (OSError, NotImplementedError):  # nothing can be written there, so nothing is deleted either
        return
    _HELD[key] = lock


@contextmanager
def kept_out(cache: Path) -> Iterator[int]:
    """How many other processes use a cache; none starts to within the block.

    Raises:
        OSError: nothing can be written there.
    """
    with _gate(cache):
        yield _users(cache)


def _gate(cache: Path) -> BaseFileLock:
    from filelock import FileLock

    (cache / FOLDER).mkdir(parents=True, exist_ok=True)
    return FileLock(cache / FOLDER / "gate")


def _users(cache: Path) -> int:
    """Other processes that hold a lock; what ended ones left is removed."""
    from filelock import FileLock

    own = {Path(lock.lock_file).name for (process, _), lock in _HELD.items() if process == os.getpid()}
    found = 0
    for file in sorted((cache / FOLDER).glob("*.lock")):
        if file.name in own:
            continue
        try:
            with FileLock(file, blocking=False):
                pass
        except OSError:  # a timeout is one
            found += 1
        else:
            file.unlink(missing_ok=True)
    return found
