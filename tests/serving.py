"""A chat API on loopback, with scripted replies."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock
from typing import Any


class Api(ThreadingHTTPServer):
    """A chat API with scripted replies: a function from the request number and body to a reply.

    The body of a reply is bytes, or parts that are sent one by one without their length being told.
    """

    daemon_threads = True

    def __init__(
        self, script: Callable[[int, Any], tuple[int, dict[str, str], bytes | Iterable[bytes]]]
    ) -> None:
        super().__init__(("127.0.0.1", 0), _Replies)
        self.script = script
        self.asked: list[Any] = []
        self.lock = Lock()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/v1"


class _Replies(BaseHTTPRequestHandler):
    server: Api

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        with self.server.lock:
            self.server.asked.append((self.path, self.headers.get("Authorization"), body))
            number = len(self.server.asked)
        status, headers, content = self.server.script(number, body)
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        parts = [content] if isinstance(content, bytes) else content
        if "Content-Length" not in headers and isinstance(content, bytes):
            self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        with suppress(OSError):  # whoever asked may have gone
            for part in parts:
                self.wfile.write(part)
                self.wfile.flush()

    def log_message(self, format: str, *args: Any) -> None:
        pass


def reply(text: str) -> tuple[int, dict[str, str], bytes]:
    tree = {
        "choices": [{"message": {"content": text}}],
        "usage": {"prompt_tokens": 7, "completion_tokens": 3},
    }
    return 200, {}, json.dumps(tree).encode()
