"""A server is known by its program and template, never by its port or the model; whatever it says is only a name."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest

from mixguard.checkpoint.server import Server, server_of
from mixguard.served.endpoint import Endpoint


@contextmanager
def telling(pages: dict[str, Any]) -> Iterator[Endpoint]:
    """A server that says this about itself."""

    class Pages(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            page = pages.get(self.path)
            content = page if isinstance(page, bytes) else json.dumps(page).encode()
            self.send_response(404 if page is None else 200)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Pages)
    Thread(target=server.serve_forever, daemon=True).start()
    yield Endpoint(f"http://user:secret@127.0.0.1:{server.server_port}/v1/", "m", key="sk-secret", timeout=2)
    server.shutdown()
    server.server_close()


def told(pages: dict[str, Any]) -> Server:
    with telling(pages) as endpoint:
        return server_of(endpoint)


def test_llama_cpp_tells_its_build_and_template() -> None:
    props = {"chat_template": "{{ messages }}", "build_info": "b5000-abc", "model_path": "/home/me/base.gguf"}
    base, tuned = told({"/props": props}), told({"/props": {**props, "model_path": "/home/me/tuned.gguf"}})
    assert base == tuned
    assert base.name == "llama.cpp b5000-abc"
    assert base.template != told({"/props": {**props, "chat_template": "{{ other }}"}}).template


@pytest.mark.parametrize(
    ("pages", "name"),
    [
        (
            {"/v1/models": {"data": [{"id": "m", "owned_by": "vllm"}]}, "/version": {"version": "0.9.1"}},
            "vllm 0.9.1",
        ),
        (
            {"/v1/models": {"data": [{"owned_by": "library"}]}, "/api/version": {"version": "0.5"}},
            "library 0.5",
        ),
        ({"/v1/models": {"data": [{"owned_by": "acme-inc"}]}}, "127.0.0.1"),
        ({}, "127.0.0.1"),
        ({"/props": b"<html>", "/v1/models": b"[" * 10_000, "/version": b"7"}, "127.0.0.1"),
        (
            {"/props": {"chat_template": 7}, "/v1/models": {"data": {}}, "/version": {"version": ["x"]}},
            "127.0.0.1",
        ),
        ({"/version": {"version": "1\x1b[2J\n" + "9" * 500}}, "server 1\ufffd[2J " + "9" * 86 + "\u2026"),
    ],
)
def test_others_tell_less_or_nonsense(pages: dict[str, Any], name: str) -> None:
    assert told(pages) == Server(name)


def test_a_server_that_is_not_there_is_known_by_its_host() -> None:
    assert server_of(Endpoint("http://u:secret@127.0.0.1:9/v1", "m", timeout=1)) == Server("127.0.0.1")
