"""Put files and folders into place so that whoever looks sees the old or the new, and sweep up after killed runs.

Scratch lies beside its target as `.NAME.mixguard-XXXXXXXX`. It is locked (`flock`) by the process that uses it for as
long as that lives, so what is found unlocked belongs to nobody and is swept by the next run.
"""

from __future__ import annotations

import ctypes
import errno
import hashlib
import io
import os
import re
import secrets
import shutil
import stat
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

if sys.platform != "win32":
    import fcntl

MARK = ".mixguard-"
KEEP = "journal.json"
"""A scratch folder with this file is finished, never swept; see `mix/settle.py`."""
UNFINISHED = "unfinished"
"""Ends the name of a folder that outlives whoever works in it; names the folder inside it that is there until it is done."""
LOCK = "lock"
"""The file inside that folder which the process that works there holds."""
PREVIOUS = "previous"
"""Ends the name of the old folder while a file system without exchange is given the new one."""
_LONGEST = 200
"""Bytes of a target's name that still leave room for the mark."""
_AT_FDCWD, _EXCHANGE = -100, 2
_CANNOT = frozenset({errno.EINVAL, errno.ENOSYS, errno.ENOTSUP, errno.EXDEV})
"""What a kernel or file system says that does not know how to exchange."""


def exchange(one: Path, other: Path) -> bool:
    """Exchange two existing paths in one step (Linux, `renameat2`); False if that cannot be done here."""
    rename = (
        getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None) if sys.platform == "linux" else None
    )
    if rename is None:
        return False
    if not rename(_AT_FDCWD, os.fsencode(one), _AT_FDCWD, os.fsencode(other), _EXCHANGE):
        return True
    code = ctypes.get_errno()
    if code in _CANNOT:
        return False
    raise OSError(code, os.strerror(code), str(other))


def replace_folder(scratch: Path, target: Path) -> Path | None:
    """Move a folder to where another may be; return where that one is now, None if there was none.

    Without exchange there is a moment in which neither is at `target`: `restore` mends a kill in it.
    """
    with locked(target.parent):
        if not target.exists():
            scratch.rename(target)
            return None
        if exchange(scratch, target):
            # Whoever looks for an unfinished folder under that name must not take the old one for it.
            aside = _named(target, secrets.token_hex(4))
            scratch.rename(aside)
            return aside
        previous = _named(target, PREVIOUS)
        shutil.rmtree(previous, ignore_errors=True)
        target.rename(previous)
        scratch.rename(target)
        return previous


def restore(target: Path) -> None:
    """Put back the old folder if a kill came between the two renames of `replace_folder`."""
    previous = _named(target, PREVIOUS)
    if not previous.is_dir():
        return
    with locked(target.parent), suppress(FileNotFoundError):
        if target.exists():
            shutil.rmtree(previous, ignore_errors=True)
        else:
            previous.rename(target)


@contextmanager
def scratch_folder(target: Path) -> Iterator[Path]:
    """A folder beside `target`, deleted at the end unless it has a journal; sweeps what killed runs left.

    Raises:
        OSError: it cannot be made.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    restore(target)
    with temporary_folder(target) as scratch:
        yield scratch


@contextmanager
def temporary_folder(target: Path) -> Iterator[Path]:
    """The same for a `target` that never comes to be: a folder of this process alone."""
    sweep(target)
    scratch, handle = _claimed(target)
    try:
        yield scratch
    finally:
        if not (scratch / KEEP).is_file():
            shutil.rmtree(scratch, ignore_errors=True)
        if handle is not None:
            os.close(handle)


@contextmanager
def kept_folder(target: Path) -> Iterator[Path | None]:
    """The folder beside `target` that outlives whoever works in it, killed or not, for one process at a time.

    None while another process has it, or where nothing can be locked. Whether it is deleted is up to the caller.

    Raises:
        OSError: it cannot be made.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    restore(target)
    sweep(target)
    folder = _named(target, UNFINISHED)
    with locked(target.parent):
        handle = _claimed_kept(folder)
    try:
        yield None if handle is None else folder
    finally:
        if handle is not None:
            os.close(handle)


def write_synced(target: Path, content: bytes) -> None:
    """Write a file beside `target`, sync it and rename it: leaves the old file or the new one, never half of it.

    The mode and owner of an existing file are kept.
    """
    copy_synced(io.BytesIO(content), target)


def copy_synced(source: BinaryIO, target: Path) -> None:
    """The same with content that is read from a stream."""
    sweep(target)
    scratch, handle = _claimed_file(target)
    try:
        with os.fdopen(handle, "wb") as stream:
            shutil.copyfileobj(source, stream, 2**20)
            stream.flush()
            like(target, scratch)
            os.fsync(stream.fileno())
            if sys.platform == "win32":
                stream.close()  # an open file cannot be renamed there; here it stays locked until it is in place
            scratch.replace(target)
    except BaseException:
        scratch.unlink(missing_ok=True)
        raise
    sync(target.parent)


def like(target: Path, scratch: Path, default: int = 0o644) -> None:
    """Give `scratch` the mode of the file that it will replace, and its owner as far as that is allowed."""
    try:
        there = target.stat()
    except OSError:
        scratch.chmod(default)
        return
    with suppress(OSError, AttributeError):
        os.chown(scratch, there.st_uid, there.st_gid)
    scratch.chmod(stat.S_IMODE(there.st_mode))


def sync(path: Path) -> None:
    """Make a file's content, or a folder's entries, outlast a loss of power; where that is possible."""
    with suppress(OSError):
        handle = os.open(path, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold a folder's lock, waiting for it; does nothing where folders cannot be locked (Windows, some NFS)."""
    handle = _lock(folder)
    try:
        yield
    finally:
        if handle is not None:
            os.close(handle)


def scratches(target: Path) -> list[Path]:
    """Scratch of any process for this target: this user's, and no links."""
    pattern = re.compile(re.escape(_named(target, "").name) + r"[a-z0-9_]{8}")
    try:
        names = sorted(filter(pattern.fullmatch, os.listdir(target.parent)))  # noqa: PTH208 - names, not paths
        return [path for path in map(target.parent.joinpath, names) if _own(path)]
    except OSError:
        return []


def sweep(target: Path) -> None:
    """Delete scratch that no living process holds."""
    for path in scratches(target):
        handle = _lock(path, wait=False)
        if handle is None:
            continue
        try:
            if path.is_dir() and not (path / KEEP).is_file():
                shutil.rmtree(path, ignore_errors=True)
            elif path.is_file():
                path.unlink(missing_ok=True)
        finally:
            os.close(handle)


def _named(target: Path, end: str) -> Path:
    name = target.name
    if len(os.fsencode(name)) > _LONGEST:
        name = hashlib.blake2b(os.fsencode(name), digest_size=16).hexdigest()
    return target.with_name(f".{name}{MARK}{end}")


def _claimed(target: Path) -> tuple[Path, int | None]:
    while True:
        scratch = Path(tempfile.mkdtemp(prefix=_named(target, "").name, dir=target.parent))
        handle = _lock(scratch)
        if handle is None or _is(scratch, handle):
            return scratch, handle
        os.close(handle)  # swept before it was locked


def _claimed_kept(folder: Path) -> int | None:
    with suppress(FileExistsError):
        folder.mkdir(mode=0o700)
    if sys.platform == "win32" or not _own(folder):
        return None
    # A file, since network file systems lock no folder, and only what is open for writing.
    lock = folder / UNFINISHED / LOCK
    lock.parent.mkdir(exist_ok=True)
    handle = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    with suppress(OSError):
        hold(handle, wait=False)
        if _is(lock, handle):
            return handle
    os.close(handle)
    return None


def _claimed_file(target: Path) -> tuple[Path, int]:
    while True:
        handle, name = tempfile.mkstemp(prefix=_named(target, "").name, dir=target.parent)
        with suppress(OSError):
            hold(handle)
        if _is(Path(name), handle):
            return Path(name), handle
        os.close(handle)


def _lock(path: Path, *, wait: bool = True) -> int | None:
    """A handle that holds the lock; None if another process does, or this one cannot."""
    if sys.platform == "win32":
        return None
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
    except OSError:
        return None
    try:
        hold(handle, wait=wait)
    except OSError:
        os.close(handle)
        return None
    return handle


def hold(handle: int, *, wait: bool = True) -> None:
    """Lock an open file for as long as it is open; does nothing on Windows.

    Raises:
        OSError: another process holds it and `wait` is off, or it cannot be locked (some NFS).
    """
    if sys.platform != "win32":
        fcntl.flock(handle, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))


def _is(path: Path, handle: int) -> bool:
    try:
        return os.path.samestat(path.lstat(), os.fstat(handle))
    except FileNotFoundError:
        return False


def _own(path: Path) -> bool:
    try:
        there = path.lstat()
    except OSError:
        return False
    mine = sys.platform == "win32" or there.st_uid == os.geteuid()
    return mine and not stat.S_ISLNK(there.st_mode)
