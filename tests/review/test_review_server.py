"""The server answers its own page alone: with the token, under its own name, from its own origin, and in bounds."""

from __future__ import annotations

import json
import os
import re
import socket
import stat
import webbrowser
from collections.abc import Iterator
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import parse_qs, urlsplit

import pytest

from mixguard.errors import UsageError
from mixguard.review import browse, server
from mixguard.review.page import page
from mixguard.review.server import BODY_MOST, Site, serving

SECRET = "zanzibarquagga"


class Served(NamedTuple):
    host: str
    token: str

    def ask(
        self, method: str, path: str, body: bytes | None = None, **headers: str | None
    ) -> tuple[HTTPResponse, bytes]:
        """A request with what the page sends, some of it replaced; None leaves a header out."""
        own = {
            "Host": self.host, "Origin": f"http://{self.host}" if method == "POST" else None,
            "Authorization": f"Bearer {self.token}", "Content-Type": "application/json",
        }  # fmt: skip
        given = {**own, **{name.replace("_", "-"): value for name, value in headers.items()}}
        connection = HTTPConnection("127.0.0.1", int(self.host.rpartition(":")[2]), timeout=10)
        connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
        length = (
            {"Content-Length": str(len(body))} if body is not None and "Content-Length" not in given else {}
        )
        for name, value in {**given, **length}.items():
            if value is not None:
                connection.putheader(name, value)
        connection.endheaders(body)
        reply = connection.getresponse()
        content = reply.read()
        connection.close()
        return reply, content


def refuse(_: Any) -> dict[str, Any]:
    raise UsageError("that cannot be")


@pytest.fixture(scope="module")
def served() -> Iterator[Served]:
    routes = {
        "/said": lambda body: {"heard": body, "secret": SECRET},
        "/no": refuse,
        "/bug": lambda body: {"x": body["x"]},
        "/disk": lambda _: {"size": Path("nowhere/at all").stat().st_size},
    }
    with serving(Site(b"<p>page</p>", "default-src 'none'", routes)) as address:
        parts = urlsplit(address)
        yield Served(parts.netloc, parse_qs(parts.query)["token"][0])


def test_the_page_and_a_route_are_there_for_who_has_the_token(served: Served) -> None:
    reply, content = served.ask("GET", f"/?token={served.token}")
    assert (reply.status, content) == (200, b"<p>page</p>")
    reply, content = served.ask("POST", "/said", b'{"a": 1}')
    assert (reply.status, json.loads(content)) == (200, {"heard": {"a": 1}, "secret": SECRET})


def test_the_token_is_long_and_new_each_time(served: Served) -> None:
    assert len(served.token) >= 43  # 256 bits in base64
    with serving(Site(b"", "", {})) as address:
        assert served.token not in address


def test_only_this_machine_can_reach_it(served: Served) -> None:
    other = socket.socket()
    other.settimeout(1)
    with pytest.raises(OSError), other:
        other.connect(("127.0.0.2", int(served.host.rpartition(":")[2])))


@pytest.mark.parametrize(
    ("method", "path", "headers"),
    [
        ("GET", "/", {}), ("GET", "/?token=", {}), ("GET", "/?token=\xe9", {}), ("GET", "/said", {}), ("GET", "/?token=TOKENx", {}),
        ("POST", "/said", {"Authorization": None}), ("POST", "/said", {"Authorization": "Bearer "}),
        ("POST", "/said", {"Authorization": "Basic TOKEN"}), ("POST", "/said?token=TOKEN", {"Authorization": None}),
        ("POST", "/nowhere", {"Authorization": None}), ("POST", "/said", {"Authorization": "Bearer TOKE"}),
        ("GET", "/?token=TOKEN", {"Host": "evil.example"}), ("GET", "/?token=TOKEN", {"Host": None}),
        ("GET", "/?token=TOKEN", {"Host": "127.0.0.1"}), ("POST", "/said", {"Host": "evil.example:80"}),
        ("POST", "/said", {"Origin": None}), ("POST", "/said", {"Origin": "null"}), ("POST", "/said", {"Origin": "http://evil.example"}),
        ("POST", "/said", {"Origin": "http://127.0.0.1:1"}), ("GET", "/?token=TOKEN", {"Origin": "http://evil.example"}),
    ],
)  # fmt: skip
def test_nothing_is_told_to_anybody_else(
    served: Served, method: str, path: str, headers: dict[str, str | None]
) -> None:
    named = {
        name: value.replace("TOKEN", served.token) if value else value for name, value in headers.items()
    }
    path = path.replace("TOKENx", served.token + "x").replace("TOKEN", served.token).replace("\xe9", "%E9")
    reply, content = served.ask(method, path, b"{}" if method == "POST" else None, **named)
    assert reply.status == 403
    assert SECRET.encode() not in content
    assert b"page" not in content.replace(b"this page", b"").replace(b"the page", b"")


@pytest.mark.parametrize(
    ("method", "path", "body", "headers", "status"),
    [
        ("POST", "/said", b"{}", {"Content-Type": "text/plain"}, 415), ("POST", "/said", b"[]", {}, 400), ("POST", "/said", b"{", {}, 400),
        ("POST", "/said", b"{}", {"Content-Length": None}, 411), ("POST", "/said", b"{}", {"Content-Length": "-1"}, 411),
        ("POST", "/said", b"{}", {"Content-Length": "\xb2"}, 411), ("POST", "/said", b"", {"Content-Length": str(BODY_MOST + 1)}, 413),
        ("POST", "/said", b"", {"Content-Length": "9" * 5000}, 413), ("POST", "/no", b"{}", {}, 409), ("POST", "/nowhere", b"{}", {}, 404),
        ("GET", "/nowhere?token=TOKEN", None, {}, 404), ("PUT", "/said", b"{}", {}, 501), ("OPTIONS", "/said", None, {}, 501),
        ("HEAD", "/?token=TOKEN", None, {}, 501), ("GET", "/" + "x" * 70_000, None, {}, 414),
        ("GET", "http://[x/?token=TOKEN", None, {}, 400),
    ],
)  # fmt: skip
def test_what_is_out_of_bounds_is_refused(
    served: Served, method: str, path: str, body: bytes | None, headers: dict[str, str | None], status: int
) -> None:
    reply, _ = served.ask(method, path.replace("TOKEN", served.token), body, **headers)
    assert reply.status == status


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/?token=TOKEN"), ("GET", "/"), ("PUT", "/"), ("POST", "/said"), ("POST", "/no")],
)
def test_every_reply_is_kept_by_nobody_and_shown_nowhere_else(served: Served, method: str, path: str) -> None:
    reply, content = served.ask(
        method, path.replace("TOKEN", served.token), b"{}" if method == "POST" else None
    )
    assert reply.headers["Cache-Control"] == "no-store"
    assert reply.headers["Referrer-Policy"] == "no-referrer"
    assert reply.headers["X-Frame-Options"] == "DENY"
    assert reply.headers["X-Content-Type-Options"] == "nosniff"
    assert reply.headers["Content-Security-Policy"] == "default-src 'none'"
    assert reply.headers["Set-Cookie"] is None
    assert "Access-Control-Allow-Origin" not in reply.headers
    assert served.token.encode() not in content


def test_a_bug_is_said_and_keeps_its_traceback(served: Served, capfd: pytest.CaptureFixture[str]) -> None:
    reply, content = served.ask("POST", "/bug", b"{}")
    assert (reply.status, json.loads(content)) == (500, {"error": "internal error; the terminal says more"})
    said = ""
    while "KeyError: 'x'" not in said:  # the thread may still be at it
        said += capfd.readouterr().err


def test_a_fault_of_the_disk_is_said(served: Served) -> None:
    reply, content = served.ask("POST", "/disk", b"{}")
    assert (reply.status, json.loads(content)) == (
        409,
        {"error": "nowhere/at all: No such file or directory"},
    )


def test_nothing_is_logged(served: Served, capfd: pytest.CaptureFixture[str]) -> None:
    served.ask("GET", f"/?token={served.token}")
    served.ask("POST", "/said", b"{}")
    assert capfd.readouterr() == ("", "")


def test_the_page_runs_its_own_scripts_and_asks_its_own_server_alone() -> None:
    made = page()
    rules = dict(rule.split(" ", 1) for rule in made.policy.split("; "))
    assert rules["default-src"] == "'none'"
    assert rules["connect-src"] == "'self'"
    assert rules["frame-ancestors"] == "'none'"
    assert re.fullmatch(r"'sha256-\S{44}'( 'sha256-\S{44}')*", rules["script-src"])
    assert re.fullmatch(r"'sha256-\S{44}'", rules["style-src"])
    text = made.content.decode()
    assert "http" not in text.replace("http-equiv", "")
    assert not re.search(r"innerHTML|outerHTML|insertAdjacent|document\.write|eval\(| on\w+=", text)


def test_a_port_that_is_taken_is_said(served: Served) -> None:
    port = int(served.host.rpartition(":")[2])
    with (
        pytest.raises(UsageError, match=rf"port {port}: cannot be used .*--port"),
        serving(Site(b"", "", {}), port),
    ):
        pass


def test_a_slow_request_does_not_wait_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server._Request, "timeout", 0.2)
    with (
        serving(Site(b"", "", {})) as address,
        socket.create_connection(("127.0.0.1", urlsplit(address).port)) as sent,
    ):
        sent.sendall(b"GET / HTTP/1.1\r\nHost:")
        assert sent.recv(100) == b""


def test_the_browser_is_pointed_at_a_file_for_ones_own_eyes(monkeypatch: pytest.MonkeyPatch) -> None:
    called: list[str] = []
    monkeypatch.setattr(webbrowser, "open", called.append)
    with browse.opened("http://127.0.0.1:1/?token=abc") as file:
        assert called == [file.as_uri()]
        assert "abc" not in called[0]
        assert 'content="0;url=http://127.0.0.1:1/?token=abc"' in file.read_text()
        if os.name == "posix":
            assert stat.S_IMODE(file.stat().st_mode) == 0o600
            assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    assert not Path(file).exists()
