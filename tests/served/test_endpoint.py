"""A chat API that lies, drips, floods, redirects or hangs: answers are kept, secrets too, and nothing waits for ever."""

from __future__ import annotations

import itertools
import json
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from threading import Thread
from typing import Any

import pytest
from serving import Api, reply

from mixguard.errors import UsageError
from mixguard.served.chat import ANSWER_MOST, Answer, answer_in, seconds_asked
from mixguard.served.endpoint import TRIES, Endpoint, ask_all, without_secrets

KEY = "sk-of-the-test"
ASK = [{"role": "user", "content": "hello"}]


def asked(endpoint: Endpoint, count: int = 1) -> list[Answer]:
    answers = dict(ask_all([ASK] * count, endpoint))
    return [answers[number] for number in range(count)]


def quick(url: str, **changes: Any) -> Endpoint:
    return Endpoint(url, "m", **{"key": KEY, "first_wait": 0.01, "timeout": 5.0, **changes})


def completion(content: str, **more: Any) -> bytes:
    return json.dumps({"choices": [{"message": {"content": content}}], **more}).encode()


@pytest.mark.parametrize(
    "usage",
    [{"prompt_tokens": "abc", "completion_tokens": [1]}, {"prompt_tokens": 1e308}, {"prompt_tokens": -5}, 7, [], "x",
     {"prompt_tokens": 10**30}, {"prompt_tokens": None}],
)  # fmt: skip
def test_a_count_that_makes_no_sense_loses_no_answer(usage: Any) -> None:
    answer = answer_in(completion("Sorry, no.", usage=usage))
    assert answer is not None
    assert (answer.text, answer.prompt_tokens, answer.completion_tokens) == ("Sorry, no.", 0, 0)


@pytest.mark.parametrize(
    "body",
    [b"[" * 100_000, b'{"choices": []}', b'{"choices": [{"message": {"content": 7}}]}', b'{"choices": {"0": 1}}', b"\xff",
     b'{"choices": [{"message": {"content": "\\ud800"}}]}', b'{"choices": [5]}', b"7", b""],
)  # fmt: skip
def test_what_is_no_completion_is_none(body: bytes) -> None:
    assert answer_in(body) is None


def test_an_answer_without_end_counts_as_cut_off() -> None:
    answer = answer_in(completion("x" * (ANSWER_MOST + 1)))
    assert answer is not None
    assert answer.cut
    assert len(answer.text or "") == ANSWER_MOST


@pytest.mark.parametrize(
    ("header", "seconds"),
    [(None, 0), ("3", 3), (" 0.5", 0.5), ("999999", 999999), ("\xb2", 0), ("-5", 0), ("1e9", 0), ("٣", 0), ("9" * 400, 0),
     ("soon", 0), ("Thu, 01 Jan 1970 00:00:00 GMT", 0), ("Thu, 99 Foo 99999999 00:00:00 GMT", 0)],
)  # fmt: skip
def test_the_wait_that_a_server_asks_for(header: str | None, seconds: float) -> None:
    assert seconds_asked(header) == seconds


def test_the_wait_may_be_a_date() -> None:
    later = datetime.now(UTC) + timedelta(seconds=30)
    assert 25 < seconds_asked(format_datetime(later, usegmt=True)) <= 30


def dripping(part: bytes, pause: float) -> Iterator[bytes]:
    while True:
        yield part
        time.sleep(pause)


@pytest.mark.parametrize(
    "headers", [{}, {"Content-Length": "100000"}], ids=["of unknown length", "of known length"]
)
def test_a_dripping_reply_ends_with_its_time(serve: Callable[..., Api], headers: dict[str, str]) -> None:
    api = serve(lambda number, body: (200, headers, dripping(b" ", 0.05)) if number == 1 else reply("No."))
    started = time.monotonic()
    (answer,) = asked(quick(api.url, timeout=0.5))
    assert answer.text == "No."
    assert 0.5 <= time.monotonic() - started < 4


def test_a_reply_without_end_is_not_read_to_its_end(serve: Callable[..., Api]) -> None:
    sent = itertools.count()

    def flood() -> Iterator[bytes]:
        for _ in sent:
            yield b"x" * 2**20

    api = serve(lambda number, body: (200, {}, flood()) if number == 1 else reply("No."))
    (answer,) = asked(quick(api.url))
    assert answer.text == "No."
    assert next(sent) < 50


def test_a_server_that_never_answers_costs_a_bounded_number_of_tries(serve: Callable[..., Api]) -> None:
    api = serve(lambda number, body: (503, {"Retry-After": "0"}, b""))
    (answer,) = asked(quick(api.url))
    assert (answer.text, answer.problem) == (None, "status 503")
    assert len(api.asked) == TRIES


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_prompts_and_key_follow_no_redirect(serve: Callable[..., Api], status: int) -> None:
    thief = serve(lambda number, body: reply("thanks"))
    there = thief.url.replace("127.0.0.1", "u:secret@127.0.0.1")
    api = serve(lambda number, body: (status, {"Location": f"{there}?token=secret"}, b""))
    with pytest.raises(UsageError, match="redirects to") as error:
        asked(quick(api.url))
    assert not thief.asked
    assert f"***@127.0.0.1:{thief.server_port}/v1" in str(error.value)
    assert "secret" not in str(error.value)


@pytest.mark.parametrize("place", ["file:///etc/passwd", "/v1/chat/completions", "javascript:x"])
def test_no_redirect_of_any_kind_is_followed(serve: Callable[..., Api], place: str) -> None:
    api = serve(lambda number, body: (307, {"Location": place}, b""))
    with pytest.raises(UsageError, match="redirects to"):
        asked(quick(api.url))
    assert len(api.asked) == 1


@pytest.mark.parametrize("status", [401, 403, 404])
def test_no_secret_is_told(serve: Callable[..., Api], status: int) -> None:
    api = serve(lambda number, body: (status, {}, f"bad key {KEY}".encode()))
    url = api.url.replace("127.0.0.1", "user:pass%40word@127.0.0.1")
    with pytest.raises(UsageError, match=str(status)) as error:
        asked(quick(url))
    for secret in (KEY, "user", "word"):
        assert secret not in str(error.value)
        assert secret not in repr(quick(url))
    (_, sent, _), *_ = api.asked
    assert sent == "Basic dXNlcjpwYXNzQHdvcmQ="  # what the URL says, no header of its own


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("http://h:1/v1", "http://h:1/v1"),
        ("http://u:p@h:1/v1", "http://***@h:1/v1"),
        ("http://u:p/?#@h/v1?k=s#f", "http://***@h/v1"),
        ("https://h/v1?key=s", "https://h/v1"),
        ("u:p@h", "***@h"),
    ],
)
def test_a_url_is_shown_without_its_secrets(url: str, shown: str) -> None:
    assert without_secrets(url) == shown


@pytest.mark.parametrize(
    "url",
    ["localhost:8000", "ftp://h/v1", "http://", "http://h:port/v1", "http://h:0", "http://[::1", "http://h/v1?key=secret",
     "http://h/v1#secret", "http://h/\nv1", "http://u:secret@:80/", ""],
)  # fmt: skip
def test_an_address_that_is_none_is_refused_without_its_secrets(url: str) -> None:
    with pytest.raises(UsageError, match="base URL") as error:
        Endpoint(url, "m")
    assert "secret" not in str(error.value)


@pytest.mark.parametrize(
    "wrong",
    [{"key": "sk\nInjected: yes"}, {"key": "schlüssel"}, {"timeout": float("nan")}, {"timeout": float("inf")},
     {"timeout": 0.0}, {"per_minute": float("nan")}, {"per_minute": float("inf")}, {"concurrency": 10**6}],
)  # fmt: skip
def test_numbers_and_keys_that_no_request_can_have_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(UsageError) as error:
        quick("http://127.0.0.1:9/v1", **wrong)
    assert "Injected" not in str(error.value)


def test_whoever_stops_ends_the_requests_under_way(serve: Callable[..., Api]) -> None:
    def script(number: int, body: Any) -> tuple[int, dict[str, str], Any]:
        return reply("No.") if number == 1 else (200, {}, dripping(b" ", 0.1))

    api = serve(script)
    with closing(ask_all([ASK] * 50, quick(api.url, timeout=60, concurrency=4))) as coming:
        _, first = next(coming)
        started = time.monotonic()
    assert first.text == "No."
    assert time.monotonic() - started < 2
    assert len(api.asked) < 10


def test_a_proxy_of_the_environment_does_not_see_this_machine(
    serve: Callable[..., Api], monkeypatch: pytest.MonkeyPatch
) -> None:
    proxy, api = serve(lambda number, body: reply("proxy")), serve(lambda number, body: reply("here"))
    monkeypatch.setenv("HTTP_PROXY", proxy.url)
    monkeypatch.setenv("http_proxy", proxy.url)
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    assert [answer.text for answer in asked(quick(api.url))] == ["here"]
    assert not proxy.asked


def test_answers_carry_their_numbers_whatever_their_order(serve: Callable[..., Api]) -> None:
    def script(number: int, body: Any) -> tuple[int, dict[str, str], bytes]:
        text = body["messages"][0]["content"]
        time.sleep(0.2 if text == "0" else 0)
        return reply(text)

    conversations = [[{"role": "user", "content": str(number)}] for number in range(8)]
    found = list(ask_all(conversations, quick(serve(script).url)))
    assert [answer.text for number, answer in sorted(found, key=lambda each: each[0])] == list(
        map(str, range(8))
    )
    assert found[0][0] != 0


def test_a_hanging_connection_is_no_reason_to_hang(serve: Callable[..., Api]) -> None:
    api = serve(lambda number, body: (200, {}, dripping(b"", 0.1)))
    thread = Thread(target=asked, args=[quick(api.url, timeout=0.2)], daemon=True)
    thread.start()
    thread.join(20)
    assert not thread.is_alive()
