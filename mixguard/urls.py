"""Names of remote places: told from local paths, and shown without what may be secret in them."""

from __future__ import annotations

import re
from os import PathLike, fspath
from pathlib import PurePath
from urllib.parse import urlsplit

HUB = "hf"
"""Data sets of the hub have a reader of their own."""
WEB = ("http", "https")
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+):(/+)")
_PASSWORD = re.compile(r"[^/@:]*:(?!\d+(?:/|$))[^@]*@")
"""A user with a password, which may hold any character; a number after the colon is a port."""
_SHOWN = frozenset(
    {"download", "file", "filename", "format", "name", "page", "part", "path", "raw", "ref", "revision", "split", "v"}
    | {"version", "versionid"}
)  # fmt: skip
"""Parameters of a query that are shown; any other may be a key or a signature."""
_IN_TEXT = re.compile(r"(\w+:/+)[^\s/@]*@|\?[^\s'\")\]]*=[^\s'\")\]]*")
_MAGIC = re.compile(r"[*?[]")


def url_of(name: str | PathLike[str]) -> str | None:
    """The URL that a name is, e.g. `s3://bucket/key`; None for a local path and for a data set of the hub.

    A `Path` has lost one of two slashes; it is put back.
    """
    text = name.as_posix() if isinstance(name, PurePath) else fspath(name)
    match = _SCHEME.match(text)
    if match is None or match[1].lower() == HUB:
        return None
    slashes = "//" if len(match[2]) == 1 else match[2]
    return f"{match[1].lower()}:{slashes}{text[match.end() :]}"


def scheme(url: str) -> str:
    """The protocol of a URL."""
    return url.partition(":")[0]


def shown(name: str | PathLike[str]) -> str:
    """A name as it may be shown and stored: a URL without password, signature and token."""
    url = url_of(name)
    if url is None:
        return str(name)
    start, _, rest = url.partition("://")
    if start in WEB:
        rest = rest.partition("#")[0]
    place, mark, query = rest.partition("?")
    if "=" in query:
        query = "&".join(map(_parameter, query.split("&")))
    authority, slash, path = place.partition("/")
    if _PASSWORD.match(place):
        place = f"***@{place.rpartition('@')[2]}"
    elif start in WEB and "@" in authority:
        place = f"***@{authority.rpartition('@')[2]}{slash}{path}"
    return f"{start}://{place}{mark}{query}"


def scrubbed(text: str) -> str:
    """The first line of what a library says, without what may be secret in the URLs that it names."""
    return _IN_TEXT.sub(lambda match: f"{match[1]}***@" if match[1] else "?***", text.partition("\n")[0])[
        :200
    ]


def same_place(one: str | PathLike[str], other: str | PathLike[str]) -> bool:
    """Whether two names are of one remote place: the same protocol and host or bucket."""
    urls = url_of(one), url_of(other)
    if None in urls:
        return False
    first, second = (urlsplit(url)[:2] for url in urls if url is not None)
    return first == second


def below(url: str, name: str) -> str:
    """The URL of something in a folder."""
    return f"{url}{name}" if url.endswith("://") else f"{url.rstrip('/')}/{name}"


def split(url: str) -> tuple[str, str]:
    """The URL of the folder, and the last part of the name; a query belongs to neither."""
    start, _, rest = url.partition("://")
    path = _without_query(rest).rstrip("/") if start in WEB else rest.rstrip("/")
    folder, _, name = path.rpartition("/")
    return f"{start}://{folder}", name


def has_magic(url: str) -> bool:
    """Whether a name is a pattern; a web address never is."""
    return scheme(url) not in WEB and _MAGIC.search(url) is not None


def _without_query(text: str) -> str:
    return re.split("[?#]", text, maxsplit=1)[0]


def _parameter(each: str) -> str:
    name, equals, value = each.partition("=")
    return f"{name}{equals}{value if name.lower() in _SHOWN else '***'}" if equals else each
