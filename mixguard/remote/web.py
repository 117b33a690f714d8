"""A file of a web server, fetched with `requests`, which mixguard needs anyway.

A transfer that breaks off is taken up where it ended, if the server says that the file is still the same. A password goes
to the host that was named and to no other (`requests` drops it on the way to another host).
"""

from __future__ import annotations

import time
from collections.abc import Callable
from http import HTTPStatus
from typing import Any, BinaryIO, NamedTuple

from mixguard import urls
from mixguard.errors import InputError
from mixguard.remote.faults import CHANGED, CUT, explained

CONNECT, READ = 15.0, 60.0
"""Seconds to wait for a connection, and for the next bytes."""
TRIES, REDIRECTS = 4, 5
FIRST_WAIT = 0.2
"""Seconds before the second try, doubled after each."""
SLOWEST, WATCHED = 2**16, 120.0
"""Bytes that must come in so many seconds; a server may send a byte a minute for ever."""
BLOCK = 2**20
_PASSING = (408, 429, 500, 502, 503, 504)

Take = Callable[[int, int | None], None]
"""Told how many bytes came, and of how many in all, if that is known."""


class Version(NamedTuple):
    """What a server says of a file's version; both may be missing."""

    etag: str | None
    modified: str | None

    @property
    def strong(self) -> str | None:
        """What proves that bytes are of the same version."""
        weak = self.etag is None or self.etag.startswith("W/")
        return self.modified if weak else self.etag


class _BrokenError(Exception):
    """A transfer ended early, and why."""


def fetch(url: str, target: BinaryIO, known: Version | None, take: Take) -> Version | None:
    """Write a file's bytes to `target`; None, and nothing is written, if it is still of the version that is known.

    Raises:
        InputError: it cannot be had; the message shows no secret.
    """
    import requests

    version = None
    with explained(url), requests.Session() as session:
        session.max_redirects = REDIRECTS
        for attempt in range(TRIES):
            asked = _headers(target.tell(), version, known)
            try:
                with session.get(url, headers=asked, stream=True, timeout=(CONNECT, READ)) as reply:
                    if reply.status_code == HTTPStatus.NOT_MODIFIED and known is not None:
                        return None
                    version = _begun(url, reply, target, version)
                    _body(url, reply, target, take)
                    return version
            except (_BrokenError, requests.ConnectionError, requests.Timeout) as error:
                if attempt == TRIES - 1 and isinstance(error, _BrokenError):
                    raise InputError(f"{urls.shown(url)}: {error}") from None
                if attempt == TRIES - 1 or isinstance(error, requests.exceptions.SSLError):
                    raise
            time.sleep(FIRST_WAIT * 2**attempt)
    raise AssertionError("the last attempt returns or raises")


def _headers(have: int, version: Version | None, known: Version | None) -> dict[str, str]:
    headers = {"Accept-Encoding": "identity"}
    if have and version is not None and version.strong is not None:
        return {**headers, "Range": f"bytes={have}-", "If-Range": version.strong}
    if known is not None and known.etag is not None:
        headers["If-None-Match"] = known.etag
    elif known is not None and known.modified is not None:
        headers["If-Modified-Since"] = known.modified
    return headers


def _begun(url: str, reply: Any, target: BinaryIO, before: Version | None) -> Version:
    """The version of what comes now; `target` stands where its first byte belongs.

    Raises:
        InputError: nothing comes, or something else.
        _BrokenError: it may come if it is asked for again.
    """
    status = reply.status_code
    if status in _PASSING:
        raise _BrokenError(_refusal(status))
    if status not in (HTTPStatus.OK, HTTPStatus.PARTIAL_CONTENT):
        raise InputError(f"{urls.shown(url)}: {_refusal(status)}")
    if url.startswith("https:") and not reply.url.startswith("https:"):
        raise InputError(
            f"{urls.shown(url)}: redirects to an address without encryption; fetch it yourself first"
        )
    if "html" in reply.headers.get("Content-Type", "") and not url.endswith((".html", ".htm")):
        raise InputError(f"{urls.shown(url)}: is a web page, not a file; give the address of the file itself")
    version = Version(reply.headers.get("ETag"), reply.headers.get("Last-Modified"))
    if status == HTTPStatus.OK:
        target.seek(0)
        target.truncate()
    elif before is None or version.strong != before.strong or _start(reply) != target.tell():
        raise InputError(f"{urls.shown(url)}: {CHANGED}")
    return version


def _body(url: str, reply: Any, target: BinaryIO, take: Take) -> None:
    from urllib3.exceptions import HTTPError

    length = reply.headers.get("Content-Length", "")
    end = target.tell() + int(length) if length.isdecimal() else None
    came, since = 0, time.monotonic()
    while True:
        try:
            block = reply.raw.read1(BLOCK, decode_content=False)
        except (HTTPError, OSError):
            raise _BrokenError(CUT) from None
        if not block:
            break
        target.write(block)
        take(target.tell(), end)
        came += len(block)
        if time.monotonic() - since > WATCHED:
            if came < SLOWEST:
                raise InputError(f"{urls.shown(url)}: comes too slowly; fetch it yourself first")
            came, since = 0, time.monotonic()
    if end is not None and target.tell() != end:
        raise _BrokenError(CUT)


def _start(reply: Any) -> int:
    """Where a part begins, by its `Content-Range`; -1 if it does not say."""
    begin = reply.headers.get("Content-Range", "").removeprefix("bytes ").partition("-")[0]
    return int(begin) if begin.isdecimal() else -1


def _refusal(status: int) -> str:
    if status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
        return f"access is denied ({status}); check the address, and that its signature has not expired"
    if status in (HTTPStatus.NOT_FOUND, HTTPStatus.GONE):
        return f"no such file ({status}); check the address"
    return f"the server answers {status}; check the address"
