"""The review page over HTTP, on loopback, for whoever has the token.

Other users of the machine can reach the port, and any website can send requests to it: nothing is answered without the
token, to another name than the loopback's (DNS rebinding), or to a page of another origin. Nothing is logged.
"""

from __future__ import annotations

import hmac
import secrets
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any, NamedTuple, TypeAlias
from urllib.parse import parse_qs, urlsplit

import orjson

from mixguard.errors import UsageError
from mixguard.files import told

HOST = "127.0.0.1"
TOKEN_BYTES = 32
BODY_MOST = 16 * 2**10
"""Bytes of a request's body."""
SECONDS = 30
"""How long a request may take to arrive."""
POLL = 0.1
"""Seconds after which the server sees that it is to end."""
JSON = "application/json"
_SAFE = {
    "Cache-Control": "no-store",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
"""Headers of every reply."""

Route: TypeAlias = Callable[[Mapping[str, Any]], Mapping[str, Any]]
"""From the members of a JSON object to those of the reply."""


class Site(NamedTuple):
    """What is served."""

    page: bytes
    policy: str
    """The page's Content-Security-Policy."""
    routes: Mapping[str, Route]
    """By path; all of them are asked by POST."""


class _RefusedError(Exception):
    def __init__(self, status: HTTPStatus, why: str) -> None:
        super().__init__(why)
        self.status = status


@contextmanager
def serving(site: Site, port: int = 0) -> Iterator[str]:
    """Serve while the block runs; the page's address, with the token in it.

    Args:
        site: what is served.
        port: 0 for any that is free.

    Raises:
        UsageError: the port cannot be used.
    """
    try:
        server = _Server(site, port)
    except (OSError, OverflowError) as error:
        why = getattr(error, "strerror", None) or error
        raise UsageError(
            f"port {port}: cannot be used ({why}); choose another with --port, or leave it out"
        ) from None
    thread = Thread(target=server.serve_forever, args=(POLL,), daemon=True)
    thread.start()
    try:
        yield f"{server.origins[0]}/?token={server.token}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def __init__(self, site: Site, port: int) -> None:
        super().__init__((HOST, port), _Request)
        self.site = site
        self.token = secrets.token_urlsafe(TOKEN_BYTES)
        self.origins = tuple(f"http://{name}:{self.server_port}" for name in (HOST, "localhost"))

    def handle_error(self, request: Any, client_address: Any) -> None:
        if not isinstance(sys.exception(), ConnectionError | TimeoutError):  # whoever asked may have gone
            super().handle_error(request, client_address)


class _Request(BaseHTTPRequestHandler):
    server: _Server
    server_version, sys_version = "mixguard", ""
    timeout = SECONDS

    def do_GET(self) -> None:
        self._answer(self._page)

    def do_POST(self) -> None:
        self._answer(self._called)

    def _answer(self, reply: Callable[[], tuple[bytes, str]]) -> None:
        try:
            self._check_origin()
            self._send(HTTPStatus.OK, *reply())
        except _RefusedError as refused:
            self.send_error(refused.status, str(refused))
        except UsageError as error:
            self.send_error(HTTPStatus.CONFLICT, str(error))
        except (ConnectionError, TimeoutError):
            raise  # whoever asked has gone
        except OSError as error:
            self.send_error(HTTPStatus.CONFLICT, ": ".join(filter(None, (error.filename, told(error)))))
        except Exception:
            self.send_error(HTTPStatus.INTERNAL_SERVER_ERROR, "internal error; the terminal says more")
            raise

    def _page(self) -> tuple[bytes, str]:
        try:
            place = urlsplit(self.path)
        except ValueError:
            raise _RefusedError(HTTPStatus.BAD_REQUEST, "that is not an address") from None
        self._check_token(*parse_qs(place.query).get("token", [""])[:1])
        if place.path != "/":
            raise _RefusedError(HTTPStatus.NOT_FOUND, "there is nothing here")
        return self.server.site.page, "text/html; charset=utf-8"

    def _called(self) -> tuple[bytes, str]:
        kind, _, given = self.headers.get("Authorization", "").partition(" ")
        self._check_token(given if kind == "Bearer" else "")
        if self.headers.get("Origin") is None:
            raise _RefusedError(HTTPStatus.FORBIDDEN, "only the page may ask this")
        route = self.server.site.routes.get(self.path)
        if route is None:
            raise _RefusedError(HTTPStatus.NOT_FOUND, "there is nothing here")
        return orjson.dumps(route(self._body())), JSON

    def _check_origin(self) -> None:
        hosts = [origin.removeprefix("http://") for origin in self.server.origins]
        if self.headers.get_all("Host") not in [[host] for host in hosts]:
            raise _RefusedError(HTTPStatus.FORBIDDEN, "wrong address for this page")
        if self.headers.get("Origin") not in (None, *self.server.origins):
            raise _RefusedError(HTTPStatus.FORBIDDEN, "only the page may ask this")

    def _check_token(self, given: str) -> None:
        if not hmac.compare_digest(given.encode(), self.server.token.encode()):
            raise _RefusedError(
                HTTPStatus.FORBIDDEN, "the token is missing or wrong; open the address that was printed"
            )

    def _body(self) -> dict[str, Any]:
        if self.headers.get_content_type() != JSON:
            raise _RefusedError(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, f"send {JSON}")
        length = self.headers.get("Content-Length", "")
        if not (length.isascii() and length.isdigit()):
            raise _RefusedError(HTTPStatus.LENGTH_REQUIRED, "the length is missing")
        if len(length) > len(str(BODY_MOST)) or int(length) > BODY_MOST:
            raise _RefusedError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "that is too long")
        try:
            tree = orjson.loads(self.rfile.read(int(length)))
        except orjson.JSONDecodeError:
            raise _RefusedError(HTTPStatus.BAD_REQUEST, "that is not JSON") from None
        if not isinstance(tree, dict):
            raise _RefusedError(HTTPStatus.BAD_REQUEST, "that is not an object")
        return tree

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Refuse in JSON, whatever is wrong."""
        self.close_connection = True
        said = message or HTTPStatus(code).phrase
        self._send(HTTPStatus(code), orjson.dumps({"error": said}), JSON)

    def _send(self, status: HTTPStatus, content: bytes, kind: str) -> None:
        self.send_response(status)
        headers = {
            "Content-Type": kind,
            "Content-Length": str(len(content)),
            "Content-Security-Policy": self.server.site.policy,
        }
        for name, value in (_SAFE | headers).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing: the address holds the token."""
