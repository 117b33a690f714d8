"""Files: bundled data, user-edited TOML, atomic writes."""

from __future__ import annotations

import hashlib
import os
import sys
import warnings
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import platformdirs

from mixguard import moving
from mixguard.errors import CacheWarning, UsageError

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

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
    if folder.exists() and not folder.is_dir():
        raise UsageError(
            f"{folder}: is not a folder, so it cannot be the cache; set encode.cache to a folder"
        )
    return folder


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

    A link stays a link, an existing file keeps its mode, and what is no file (a pipe) is written to.
    """
    target = Path(os.path.realpath(path))
    target.parent.mkdir(parents=True, exist_ok=True)
    if target.exists() and not target.is_file():
        target.write_bytes(content)
    else:
        moving.write_synced(target, content)


def trusted(path: Path) -> bool:
    """Whether only this user (or root) could have written a file of the cache; always on Windows."""
    if sys.platform == "win32":
        return True
    there, user = path.stat(), os.geteuid()
    # Root is taken to know what it was pointed at: in a container the cache often belongs to somebody else.
    return (user == 0 or there.st_uid in (user, 0)) and not there.st_mode & 0o022


def read_toml(path: Path, error: type[UsageError]) -> dict[str, Any]:
    """Parse a TOML file.

    Raises:
        error: it cannot be read or is not valid TOML.
    """
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as problem:
        raise error(f"{path}: cannot be read: {problem.strerror}") from None
    except (ValueError, RecursionError) as problem:  # not TOML or UTF-8, number too long, nested too deep
        raise error(f"{path}: not valid TOML: {problem}") from None


def parse_value(text: str) -> Any:
    """The text parsed as a TOML value, or the text itself if it is not one."""
    try:
        return tomllib.loads(f"x = {text}")["x"]
    except tomllib.TOMLDecodeError:
        return text


def spelt(value: Any) -> str:
    """A value formatted as TOML: a number, a boolean, text, or a list of these."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, tuple):
        return f"[{', '.join(map(spelt, value))}]"
    text = str(value).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{text}"'
