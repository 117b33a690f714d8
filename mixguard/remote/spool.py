"""Where remote files lie on this machine: a scratch folder of the process, removed at its end.

What a killed process leaves is swept by the next one, as all scratch is (`moving.py`).
"""

from __future__ import annotations

import atexit
import hashlib
import os
import re
import shutil
import tempfile
from contextlib import ExitStack
from functools import cache
from pathlib import Path

from mixguard import moving, urls
from mixguard.errors import InputError

RESERVE = 64 * 2**20
"""Bytes of the disk that are left free."""
_LONGEST = 180
"""Bytes of a name on this machine."""
_UNSAFE = re.compile(r'[%/\\<>:"|?*\x00-\x1f\x7f]|^\.{1,2}$|[. ]$')
_URLS: dict[Path, str] = {}
"""The URL of each stand-in, secrets included."""


@cache
def root() -> Path:
    """The folder of this process, made when it is first needed.

    Raises:
        InputError: it cannot be made.
    """
    stack, maker = ExitStack(), os.getpid()
    try:
        made = stack.enter_context(moving.temporary_folder(Path(tempfile.gettempdir(), "mixguard-remote")))
    except OSError as error:
        raise InputError(f"{tempfile.gettempdir()}: {error.strerror}; set TMPDIR to another folder") from None

    def end() -> None:
        if os.getpid() == maker:  # not in a fork
            stack.close()

    atexit.register(end)
    return made.resolve()


def stand_in(url: str) -> Path:
    """Where a remote file or folder lies on this machine, once it is there; those beside it lie beside it.

    Raises:
        InputError: no folder can be made for it.
    """
    folder, name = urls.split(url)
    home = root() / hashlib.sha256(folder.encode("utf-8", "surrogateescape")).hexdigest()[:16]
    if urls.scheme(url) in urls.WEB and url.partition("?")[1]:  # a query may say which file it is
        home = home / hashlib.sha256(url.encode()).hexdigest()[:16]
    _made(home, url)
    _URLS[home] = folder
    return _known(home / _safe(name or "root"), url)


def inside(folder: Path, url: str, name: str) -> Path:
    """Where a file of a remote folder lies: below the folder's stand-in, whatever its name is."""
    parts = [_safe(part) for part in name.split("/")]
    path = folder.joinpath(*parts)
    _made(path.parent, url)
    return _known(path, urls.below(url, name))


def address(path: Path) -> str | None:
    """The URL of a stand-in, secrets included; None for any other path."""
    found, rest = path, ""
    while found not in _URLS:
        if found == found.parent:
            return None
        found, rest = found.parent, f"/{found.name}{rest}"
    return urls.below(_URLS[found], rest[1:]) if rest else _URLS[found]


def named(path: Path) -> str:
    """A path as a report calls it: that of a stand-in is its URL, without secrets."""
    return urls.shown(address(path) or path)


def room(needed: int, url: str) -> None:
    """Check that the disk can take so many bytes more.

    Raises:
        InputError: it cannot.
    """
    free = shutil.disk_usage(root()).free - RESERVE
    if needed > free:
        raise InputError(
            f"{urls.shown(url)}: {_megabytes(needed)} do not fit into the {_megabytes(max(free, 0))} free in"
            f" {tempfile.gettempdir()}; set TMPDIR to a folder on a larger disk"
        )


def _megabytes(size: int) -> str:
    return f"{size / 10**6:,.1f} MB"


def _known(path: Path, url: str) -> Path:
    # Where names do not differ by case, two files would be one.
    if path not in _URLS and path.exists():
        if path.is_dir():
            raise _both(url)
        raise InputError(
            f"{urls.shown(url)}: differs from another name by case alone, which this disk does not keep apart; copy it here first"
        )
    _URLS[path] = url
    return path


def _made(folder: Path, url: str) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError):
        raise _both(url) from None
    except OSError as error:
        raise InputError(
            f"{urls.shown(url)}: no folder can be made for it in {tempfile.gettempdir()}: {error.strerror}"
        ) from None


def _both(url: str) -> InputError:
    return InputError(
        f"{urls.shown(url)}: a name there is both a file and a folder; name its files one by one"
    )


def _safe(name: str) -> str:
    """One part of a name as the name of a file: what leads elsewhere is spelt as `%2E%2E`, and its end is kept."""
    spelt = _UNSAFE.sub(lambda match: "".join(f"%{byte:02X}" for byte in match[0].encode()), name) or "%"
    raw = spelt.encode("utf-8", "surrogateescape")
    if len(raw) <= _LONGEST:
        return spelt
    return hashlib.sha256(raw).hexdigest()[:16] + raw[-60:].decode("utf-8", "ignore")
