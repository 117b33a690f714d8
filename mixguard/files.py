"""Files: bundled data, user-edited TOML, atomic writes."""

from __future__ import annotations

import hashlib
import hmac
import io
import json
import os
import secrets
import shutil
import stat
import sys
import tomllib
import warnings
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO

import platformdirs

from mixguard import moving, remote, urls
from mixguard.errors import CacheWarning, UsageError

TOML_MOST = 4 * 2**20
"""Bytes of the longest TOML file that is read."""
LINES_MOST = 256 * 2**20
"""Bytes of the longest plan, manifest or file of exemplars or pairs that is read."""
_PACKAGE = Path(__file__).resolve().parent


def bundled(kind: str, name: str) -> Path:
    """Path of a bundled file or folder, e.g. `bundled("taxonomies", "mixguard")`; it may not exist."""
    in_wheel = _PACKAGE / "_bundled" / kind
    return (in_wheel if in_wheel.is_dir() else _PACKAGE.parent / kind) / name


def bundled_names(kind: str) -> list[str]:
    """Names of the bundled folders of a kind, sorted."""
    root = bundled(kind, "")
    return sorted(path.name for path in root.iterdir() if path.is_dir()) if root.is_dir() else []


def cache_folder(configured: Path | None = None) -> Path:
    """The folder for data that can be re-created: the converted encoder, fitted models and the vector store.

    Raises:
        UsageError: something else has this name.
    """
    folder = configured or Path(platformdirs.user_cache_dir("mixguard", appauthor=False))
    if urls.url_of(folder) is not None:
        raise UsageError(
            f"{urls.shown(folder)}: the cache is a folder on this machine; set encode.cache to one"
        )
    if folder.exists() and not folder.is_dir():
        raise UsageError(
            f"{folder}: is not a folder, so it cannot be the cache; set encode.cache to a folder"
        )
    return folder


KEY_BYTES = 32
_OWN_KEY = secrets.token_bytes(KEY_BYTES)
_TOLD: set[Path] = set()
"""Cache folders of which it has been said that nothing can be kept there."""


def cannot_keep(cache: Path, why: Exception | str) -> None:
    """Warn, once for each cache, that what is computed now is not kept."""
    if cache in _TOLD:
        return
    _TOLD.add(cache)
    reason = why if isinstance(why, str) else getattr(why, "strerror", None) or str(why).partition("\n")[0]
    warnings.warn(
        f"{cache}: cannot be used as the cache ({reason}), so everything is computed for this run alone, which takes"
        " longer; set encode.cache to another folder",
        CacheWarning,
        stacklevel=2,
    )


def sha256(files: Iterable[Path]) -> str:
    """SHA-256 of the files' concatenated bytes."""
    digest = hashlib.sha256()
    for file in files:
        with file.open("rb") as stream:
            while block := stream.read(2**20):
                digest.update(block)
    return digest.hexdigest()


def write_atomically(path: Path, content: bytes) -> None:
    """Write a temporary file, sync, rename: leaves the old file or the new one, never half of it.

    A link stays a link, an existing file keeps its mode, and what is no file (a pipe) is written to. A remote file
    (`s3://bucket/name`) is replaced as its place replaces files.
    """
    copy_atomically(io.BytesIO(content), path)


def copy_atomically(source: BinaryIO, path: Path) -> None:
    """As `write_atomically`, with content that is read from a stream."""
    url = urls.url_of(path)
    if url is not None:
        remote.write(url, source.read())
        return
    target = Path(os.path.realpath(path))
    target.parent.mkdir(parents=True, exist_ok=True)
    if target.exists() and not target.is_file():
        with target.open("wb") as stream:
            shutil.copyfileobj(source, stream)
    else:
        moving.copy_synced(source, target)


def trusted(path: Path) -> bool:
    """Whether only this user (or root) could have written a file of the cache; always on Windows."""
    if sys.platform == "win32":
        return True
    there, user = path.stat(), os.geteuid()
    # Root is taken to know what it was pointed at: in a container the cache often belongs to somebody else.
    return (user == 0 or there.st_uid in (user, 0)) and not there.st_mode & 0o022


def seal(cache: Path, content: bytes) -> str:
    """64 hex digits that only this user can make for this content: what the cache keeps counts if they match."""
    return hmac.new(_key(cache), content, hashlib.sha256).hexdigest()


def _key(cache: Path) -> bytes:
    """The secret of a cache, made when first needed; that of this process where none can be kept."""
    file = cache / "key"
    with suppress(OSError):
        if not file.exists():
            cache.mkdir(parents=True, exist_ok=True)
            # Written beside it and linked: of two processes that start at once, one is first.
            fresh = file.with_name(f".key-{secrets.token_hex(8)}")
            with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as stream:
                stream.write(secrets.token_bytes(KEY_BYTES))
            with suppress(FileExistsError):
                os.link(fresh, file)
            fresh.unlink()
        there = file.stat()
        if trusted(file) and not there.st_mode & 0o077 and there.st_size == KEY_BYTES:
            return file.read_bytes()
        file.unlink()
        return _key(cache)
    return _OWN_KEY


def read_bounded(path: Path, error: type[UsageError], most: int = LINES_MOST) -> bytes:
    """The bytes of a regular file that somebody else may have made.

    Args:
        path: the file; a pipe or device is refused, since it may never end.
        error: raised if it cannot be read.
        most: bytes of the longest file that is read.

    Raises:
        error: it is missing, unreadable, not a regular file, or longer than `most`.
    """
    if urls.url_of(path) is not None:
        raise error(f"{urls.shown(path)}: such a file is read from this machine only; copy it here first")
    try:
        # Without blocking: a pipe that nobody writes to would wait for ever.
        handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
        with os.fdopen(handle, "rb") as stream:
            kind = os.fstat(stream.fileno())
            if not stat.S_ISREG(kind.st_mode):
                raise error(f"{path}: is not a regular file; save what it gives to a file first")
            content = stream.read(most + 1)
    except (OSError, ValueError) as problem:  # ValueError: a name with a null character
        raise error(f"{path}: cannot be read: {told(problem)}") from None
    if len(content) > most:
        raise error(f"{path}: is longer than {most // 2**20} MiB, the most that is read of such a file")
    return content


def told(problem: Exception) -> str:
    """Why the system refused something, in a few words."""
    return (problem.strerror if isinstance(problem, OSError) else None) or str(problem) or "no reason given"


def read_toml(path: Path, error: type[UsageError]) -> dict[str, Any]:
    """Parse a TOML file.

    Raises:
        error: it cannot be read or is not valid TOML.
    """
    content = read_bounded(path, error, TOML_MOST)
    try:
        return tomllib.loads(content.decode("utf-8-sig"))
    except (ValueError, RecursionError) as problem:  # not TOML or UTF-8, number too long, nested too deep
        raise error(f"{path}: not valid TOML: {problem}") from None


def parse_value(text: str) -> Any:
    """The text parsed as a TOML value, or the text itself if it is not one."""
    try:
        return tomllib.loads(f"x = {text}")["x"]
    except (ValueError, RecursionError):
        return text


def spelt(value: Any) -> str:
    """A value formatted as TOML: a number, a boolean, text, or a list or table of these."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, tuple | list):
        return f"[{', '.join(map(spelt, value))}]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{spelt(str(key))} = {spelt(each)}" for key, each in value.items()) + "}"
    if isinstance(value, Path):
        value = urls.shown(value)
    # A TOML string has the escapes of a JSON string, and allows one character less unescaped.
    return json.dumps(str(value), ensure_ascii=False).replace("\x7f", "\\u007f")
