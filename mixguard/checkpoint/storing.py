"""Writes a probe file so that a kill loses no answer, and two runs never write to the same one."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from time import monotonic
from types import TracebackType

from mixguard import moving
from mixguard.checkpoint.answers import Header, Line, to_line
from mixguard.errors import UsageError
from mixguard.files import told, write_atomically

SYNC_EVERY = 0.5
"""Seconds between syncs: a kill loses nothing, a loss of power the answers of so long."""


def check(path: Path) -> None:
    """Refuse what no probe file can be.

    Raises:
        UsageError: it is a folder, a pipe or a device.
    """
    if path.exists() and not path.is_file():
        raise UsageError(f"{path}: is not a regular file; name one with -o, e.g. tuned.probe")


@contextmanager
def claimed(path: Path) -> Iterator[None]:
    """Hold a probe file for this process.

    Raises:
        UsageError: another process holds it, or nothing can be written there.
    """
    from filelock import FileLock, Timeout

    check(path)
    # Beside the file, and not the file itself: that is replaced at the end.
    lock = moving.beside(path, "lock")
    holder = FileLock(lock)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        holder.acquire(timeout=0)
    except Timeout:
        raise UsageError(
            f"{path}: another command is writing to it; wait for that one, or choose another -o"
        ) from None
    except OSError as error:
        raise UsageError(f"{path}: cannot be written: {told(error)}") from None
    try:
        yield
    finally:
        with suppress(OSError):
            lock.unlink()
        holder.release()


def write(path: Path, header: Header, lines: Mapping[tuple[str, int], Line]) -> None:
    """Write a probe file at once, in the order of the probes; a new one is for its owner's eyes alone."""
    if not path.exists():
        # Answers may be harmful, and a rewrite keeps the mode.
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    keys = ((probe.id, sample) for probe in header.probes for sample in range(header.decoding.samples))
    write_atomically(
        path, b"".join([to_line(header), *(to_line(lines[key]) for key in keys if key in lines)])
    )


class Appending:
    """Appends answers to a probe file, each in one write, in the order in which they come."""

    def __init__(self, path: Path) -> None:
        """Open the file, which must be there."""
        self._handle = os.open(path, os.O_WRONLY | os.O_APPEND | getattr(os, "O_BINARY", 0))
        self._synced = monotonic()

    def __enter__(self) -> Appending:
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        with suppress(OSError):
            os.fsync(self._handle)
        os.close(self._handle)

    def add(self, line: Line) -> None:
        """Append an answer.

        Raises:
            OSError: the disk is full, say.
        """
        left = memoryview(to_line(line))
        while left:
            left = left[os.write(self._handle, left) :]
        if monotonic() - self._synced >= SYNC_EVERY:
            os.fsync(self._handle)
            self._synced = monotonic()
