"""Any place that fsspec knows, as three things: what is there, its bytes, and its state.

Credentials and endpoints come from the environment, as each fsspec package reads it; nothing of them is kept here.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from mixguard import urls
from mixguard.errors import InputError, UsageError
from mixguard.remote.faults import explained

MOST = 100_000
"""Files of one folder or pattern."""
BLOCK = 4 * 2**20
"""Bytes that are read at a time; twice as many are held of each file that is being fetched."""
EXTRAS = {"s3": "mixguard[s3]", "s3a": "mixguard[s3]", "gs": "mixguard[gcs]", "gcs": "mixguard[gcs]"}
_NOT_PLACES = frozenset(
    {"arrow_hdfs", "async_wrapper", "asynclocal", "asyncwrapper", "blockcache", "cached", "dask", "data", "dir", "file"}
    | {"filecache", "generic", "hf", "jlab", "jupyter", "libarchive", "local", "pyscript", "reference", "simplecache"}
    | {"tar", "zip", *urls.WEB}
)  # fmt: skip
"""What fsspec calls a protocol and is this machine, or a layer over another protocol."""
_MARKS = ("ETag", "etag", "e_tag", "generation", "md5Hash", "content_md5")
_TIMES = ("LastModified", "last_modified", "updated", "mtime", "modified", "modify", "created")


class Entry(NamedTuple):
    """A file of a place."""

    name: str
    """Relative to the folder or to the pattern's beginning; empty for a file that was named itself."""
    path: str
    """As the file system calls it."""
    size: int | None
    state: tuple[Any, ...]
    """Tells one version of the file from another."""


class Place(NamedTuple):
    """A remote name, opened."""

    url: str
    system: Any
    """The fsspec file system."""
    path: str

    def itself(self) -> Iterator[Entry]:
        """The file, if one was named."""
        self.system.invalidate_cache()
        yield _entry(self.system.info(self.path), "")

    def below(self) -> Iterator[Entry]:
        """Every file of a folder, in any order."""
        self.system.invalidate_cache()
        found = self.system.find(self.path, detail=True)
        yield from _relative(self.url, found, self.path.rstrip("/"))

    def matching(self) -> Iterator[Entry]:
        """Every file that matches a pattern."""
        self.system.invalidate_cache()
        before = self.path[: next(at for at, sign in enumerate(self.path) if sign in "*?[")]
        yield from _relative(self.url, self.system.glob(self.path, detail=True), before.rpartition("/")[0])


def opened(url: str) -> Place:
    """The place of a URL; nothing is asked of it yet, as a rule.

    Raises:
        UsageError: the protocol is unknown, or its package is not installed.
    """
    import fsspec

    protocol = urls.scheme(url)
    if protocol in ("file", "local"):
        raise InputError(f"{urls.shown(url)}: is on this machine; write the path without {protocol}://")
    if protocol in _NOT_PLACES or protocol not in fsspec.available_protocols():
        known = "https://, s3://, gs://, abfs://, hdfs:// or another that fsspec knows"
        raise InputError(f"{urls.shown(url)}: {protocol}:// cannot be read; use {known}")
    try:
        kind = fsspec.get_filesystem_class(protocol)
    except (ImportError, ValueError) as error:
        raise UsageError(f"{urls.shown(url)}: {_missing(protocol, error)}") from None
    with explained(url):
        # Not `url_to_fs`: it would take `a::b` in a name for one protocol over another.
        system = kind(**kind._get_kwargs_from_urls(url))
        return Place(url, system, kind._strip_protocol(url))


def _missing(protocol: str, error: Exception) -> str:
    extra = EXTRAS.get(protocol)
    if extra is not None:
        return f"{protocol}:// needs a package that is not installed: pip install '{extra}'"
    return f"{protocol}:// needs a package that is not installed ({str(error).partition(chr(10))[0]})"


def _relative(url: str, found: dict[str, Any], folder: str) -> Iterator[Entry]:
    if len(found) > MOST:
        raise InputError(
            f"{urls.shown(url)}: {len(found):,} files, and at most {MOST:,} are read at once; name a folder inside, or a pattern"
        )
    for path, told in found.items():
        if told.get("type") == "file" and path.startswith(folder) and not path.endswith("/"):
            yield _entry({"name": path, **told}, path[len(folder) :].lstrip("/"))


def _entry(told: dict[str, Any], name: str) -> Entry:
    size = told.get("size")
    mark = next((told[key] for key in _MARKS if told.get(key)), None)
    time = next((told[key] for key in _TIMES if told.get(key)), None)
    return Entry(name, told["name"], size if isinstance(size, int) else None, (size, mark, time))
