"""A real S3 server on loopback (moto), and a web server that can be told to misbehave."""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from mixguard.remote import fetch
from mixguard.remote import web as web_module

NEEDED = ("moto", "s3fs", "flask", "flask_cors", "cryptography")


@contextmanager
def s3_server() -> Iterator[Any]:
    """An S3 server, and the environment that leads to it; skips where its packages are absent."""
    for name in NEEDED:
        pytest.importorskip(
            name, reason=f"{name} is not installed: pip install 'moto[s3]' flask flask-cors s3fs"
        )
    from moto.server import ThreadedMotoServer

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    told = {
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ENDPOINT_URL": f"http://{host}:{port}",
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_MAX_ATTEMPTS": "1",
    }
    with pytest.MonkeyPatch.context() as patch:
        for name, value in told.items():
            patch.setenv(name, value)
        try:
            yield server
        finally:
            server.stop()


@dataclass
class Web:
    """A web server: `files` by path, and what it does before it answers."""

    files: dict[str, bytes] = field(default_factory=dict)
    etag: str = '"one"'
    ranges: bool = True
    cut: dict[str, int] = field(default_factory=dict)
    """Requests of a path that break off halfway, counted down."""
    status: dict[str, int] = field(default_factory=dict)
    headers: dict[str, dict[str, str]] = field(default_factory=dict)
    before: Callable[[str], None] = lambda _: None
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    url: str = ""


@contextmanager
def web_server() -> Iterator[Web]:
    """A web server on loopback."""
    web = Web()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            path = self.path.partition("?")[0]
            web.asked.append((self.path, dict(self.headers)))
            web.before(path)
            status = web.status.get(path, 200 if path in web.files else 404)
            if status != 200:
                self._answer(status, b"", web.headers.get(path, {}))
                return
            if self.headers.get("If-None-Match") == web.etag:
                self._answer(304, b"", {})
                return
            self._file(path, web.files[path])

        def _file(self, path: str, content: bytes) -> None:
            headers = {"ETag": web.etag} if web.etag else {}
            start, status = 0, 200
            if web.ranges and self.headers.get("If-Range") == web.etag and "Range" in self.headers:
                start, status = int(self.headers["Range"].removeprefix("bytes=").rstrip("-")), 206
                headers["Content-Range"] = f"bytes {start}-{len(content) - 1}/{len(content)}"
            body, headers = content[start:], headers | web.headers.get(path, {})
            if web.cut.get(path, 0) > 0:
                web.cut[path] -= 1
                self._answer(status, body[: len(body) // 2], headers, len(body))
                self.close_connection = True
                return
            self._answer(status, body, headers)

        def _answer(
            self, status: int, body: bytes, headers: dict[str, str], length: int | None = None
        ) -> None:
            self.send_response(status)
            for name, value in {
                "Content-Length": str(len(body) if length is None else length),
                **headers,
            }.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    web.url = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield web
    finally:
        server.shutdown()
        server.server_close()


def proxies_off(patch: pytest.MonkeyPatch) -> None:
    """Ask loopback itself, whatever proxy the environment names."""
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"):
        patch.delenv(name, raising=False)
    patch.setenv("NO_PROXY", os.environ.get("NO_PROXY", "") + ",127.0.0.1,localhost")


@pytest.fixture
def afresh(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is known from an earlier test, and nobody waits between two tries."""
    for name in ("_COPIES", "_ADDRESSES", "_STATES"):
        monkeypatch.setattr(fetch, name, {})
    monkeypatch.setattr(web_module, "FIRST_WAIT", 0.0)
    proxies_off(monkeypatch)


@pytest.fixture(scope="session")
def s3() -> Iterator[Any]:
    """An fsspec file system of a real server, with one bucket, `bucket`."""
    with s3_server():
        import s3fs

        system = s3fs.S3FileSystem(skip_instance_cache=True)
        system.mkdir("bucket")
        yield system


@pytest.fixture
def site() -> Iterator[Web]:
    with web_server() as served:
        yield served
