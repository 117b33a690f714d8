"""One host, asked over HTTP: replies bounded in bytes and in time, no redirects, and an end at once when told to."""

from __future__ import annotations

import ipaddress
import socket
import time
from collections.abc import Callable
from contextlib import suppress
from threading import Lock, Timer
from types import TracebackType
from typing import Any, NamedTuple, TypeAlias
from urllib.parse import unquote, urlsplit

import requests
from requests.adapters import HTTPAdapter
from requests.auth import HTTPBasicAuth
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

_Signer: TypeAlias = Callable[[requests.PreparedRequest], requests.PreparedRequest]
REPLY_MOST = 4 * 2**20
"""Bytes of the longest reply that is read."""


class WireError(Exception):
    """A request got no reply; the message says why, in a few words."""


class Reply(NamedTuple):
    """What a server replied."""

    status: int
    body: bytes
    location: str | None
    """Where it redirects to."""
    retry_after: str | None


class Wire:
    """Requests to one base URL, from any number of threads."""

    def __init__(self, url: str, key: str | None, timeout: float) -> None:
        """Prepare requests; nothing is sent.

        Args:
            url: base URL; user and password in it are sent as basic authentication.
            key: bearer token.
            timeout: seconds for one reply, from the connection to its last byte.
        """
        self._url, self._timeout = url.rstrip("/"), timeout
        self._sockets: set[socket.socket] = set()
        self._lock = Lock()
        self._closed = False
        # Never from ~/.netrc: what is sent is what was named.
        self._auth = _signed(url, key)

    def __enter__(self) -> Wire:
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """End all requests under way."""
        self._closed = True
        self._end(set(self._sockets))

    def post(self, path: str, body: Any) -> Reply:
        """One request with a JSON body.

        Raises:
            WireError: there was no reply, or it was too long or too slow.
        """
        return self._asked("POST", path, body)

    def get(self, path: str) -> Reply:
        """One request without a body.

        Raises:
            WireError: there was no reply, or it was too long or too slow.
        """
        return self._asked("GET", path, None)

    def _asked(self, method: str, path: str, body: Any) -> Reply:
        mine: set[socket.socket] = set()
        timer = Timer(self._timeout, self._end, [mine])
        timer.daemon = True
        started = time.monotonic()
        timer.start()
        try:
            with self._session(mine) as session:
                reply = self._sent(session, method, path, body)
        except (requests.RequestException, OSError, ValueError, AttributeError) as error:
            # Whatever a library makes of a connection that was ended under its hands.
            raise WireError("timed out" if self._is_late(started) else _told(error)) from None
        finally:
            timer.cancel()
            with self._lock:
                self._sockets -= mine
        if self._is_late(started):  # a reply of unknown length ends where its connection does
            raise WireError("timed out")
        return reply

    def _is_late(self, started: float) -> bool:
        return time.monotonic() - started >= self._timeout

    def _sent(self, session: requests.Session, method: str, path: str, body: Any) -> Reply:
        reply = session.request(
            method,
            f"{self._url}/{path}",
            json=body,
            auth=self._auth,
            timeout=self._timeout,
            stream=True,
            allow_redirects=False,
        )
        with reply:
            parts, length = [], 0
            for part in reply.iter_content(2**16):
                parts.append(part)
                length += len(part)
                if length > REPLY_MOST:
                    raise WireError("reply is longer than 4 MiB")
        headers = reply.headers
        return Reply(reply.status_code, b"".join(parts), headers.get("Location"), headers.get("Retry-After"))

    def _session(self, mine: set[socket.socket]) -> requests.Session:
        """A session that notes its sockets, so that they can be ended from outside."""

        def note(opened: socket.socket) -> None:
            with self._lock:
                mine.add(opened)
                self._sockets.add(opened)
            if self._closed:
                self._end({opened})

        session = requests.Session()
        session.trust_env = not _is_here(self._url)  # a proxy of the environment does not see this machine
        adapter = HTTPAdapter()
        adapter.poolmanager.pool_classes_by_scheme = _pools(note)
        session.mount("http://", adapter)
        session.mount("https://", adapter)
        return session

    def _end(self, sockets: set[socket.socket]) -> None:
        with self._lock:
            there = list(sockets)
        for each in there:
            with suppress(OSError, ValueError):
                each.shutdown(socket.SHUT_RDWR)


def _signed(url: str, key: str | None) -> _Signer:
    parts = urlsplit(url)
    if parts.username is not None:
        basic: _Signer = HTTPBasicAuth(unquote(parts.username), unquote(parts.password or ""))
        return basic

    def sign(request: requests.PreparedRequest) -> requests.PreparedRequest:
        if key:
            request.headers["Authorization"] = f"Bearer {key}"
        return request

    return sign


def _pools(note: Callable[[socket.socket], None]) -> dict[str, Any]:
    """urllib3's pools, with connections that tell of their sockets."""

    class Plain(HTTPConnection):
        def connect(self) -> None:
            super().connect()
            note(self.sock)

    class Secure(HTTPSConnection):
        def connect(self) -> None:
            super().connect()
            note(self.sock)

    class PlainPool(HTTPConnectionPool):
        ConnectionCls = Plain

    class SecurePool(HTTPSConnectionPool):
        ConnectionCls = Secure

    return {"http": PlainPool, "https": SecurePool}


def _is_here(url: str) -> bool:
    """Whether a URL names this machine."""
    host = urlsplit(url).hostname or ""
    with suppress(ValueError):
        return ipaddress.ip_address(host).is_loopback
    return host == "localhost" or host.endswith(".localhost")


def _told(error: Exception) -> str:
    if isinstance(error, requests.Timeout):
        return "timed out"
    if isinstance(error, requests.exceptions.ChunkedEncodingError):
        return "reply cut short"
    if isinstance(error, requests.exceptions.SSLError):
        return "the server's certificate is not accepted"
    return "no connection"
