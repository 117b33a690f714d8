"""Asks a chat model behind an OpenAI-compatible API; its replies are hostile input, and faults are retried."""

from __future__ import annotations

import random
import re
import time
from collections.abc import Generator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field
from http import HTTPStatus
from threading import Event, Lock
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlsplit

from mixguard.errors import UsageError
from mixguard.served.chat import Answer, Messages, answer_in, seconds_asked

if TYPE_CHECKING:
    from mixguard.served.wire import Reply, Wire

TRIES = 6
FIRST_WAIT, LONGEST_WAIT = 1.0, 60.0
"""Seconds before the first retry and the longest wait; doubled in between."""
UNKNOWN_FIELD = ("status 400", "status 415", "status 422", "status 501")
"""Problems that servers have with a field that they do not know; with what a prompt says, some too."""
RETRIED = (408, 409, 425, 429, 500, 502, 503, 504)
CONCURRENT_MOST, TIMEOUT_MOST = 256, 3600
"""Most requests at a time, and most seconds to wait for an answer."""


@dataclass(frozen=True)
class Endpoint:
    """An OpenAI-compatible chat API."""

    url: str = field(repr=False)
    """Base URL, e.g. `http://localhost:8000/v1`; `shown` is what may be printed."""
    model: str
    key: str | None = field(default=None, repr=False)
    """Sent as a bearer token; never written anywhere."""
    timeout: float = 60.0
    """Seconds for one reply, from the connection to its last byte."""
    per_minute: float = 0.0
    """Maximum requests per minute; 0 for no limit."""
    concurrency: int = 4
    max_tokens: int = 300
    temperature: float = 0.7
    more: Mapping[str, Any] = field(default_factory=dict)
    """Further fields of each request, e.g. `logprobs` or `response_format`."""
    first_wait: float = FIRST_WAIT

    def __post_init__(self) -> None:
        """Refuse what no request can be made with.

        Raises:
            UsageError: the URL, the key or a number is unusable; the message shows no secret.
        """
        try:
            parts = urlsplit(self.url)
            usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
        except ValueError:  # a port that is no number, half a bracket
            usable = False
        if not usable or not self.url.isprintable() or parts.query or parts.fragment:
            raise UsageError(
                f"{self.shown}: give the API's base URL, e.g. http://localhost:8000/v1, with nothing after it"
            )
        if self.key is not None and not (self.key.isascii() and self.key.isprintable()):
            raise UsageError(
                "the API key holds characters that no key has, such as a line break; check --key-env"
            )
        if not (0 < self.timeout <= TIMEOUT_MOST and 0 <= self.per_minute < float("inf")):
            raise UsageError(f"--timeout takes up to {TIMEOUT_MOST} seconds, and --per-minute a number")
        if not 1 <= self.concurrency <= CONCURRENT_MOST:
            raise UsageError(f"--concurrency {self.concurrency}: from 1 to {CONCURRENT_MOST}")

    @property
    def shown(self) -> str:
        """The URL without user, password, query and fragment."""
        return without_secrets(self.url)


def without_secrets(url: str) -> str:
    """A URL without what may be secret in it: user, password, query and fragment."""
    scheme, slashes, rest = url.partition("://") if "://" in url else ("", "", url)
    # A password may hold any character, so everything before the last @ is taken for one.
    _, at, rest = rest.rpartition("@")
    return f"{scheme}{slashes}{'***@' if at else ''}{re.split('[?#]', rest)[0]}"


def ask_all(
    conversations: Sequence[Messages], endpoint: Endpoint
) -> Generator[tuple[int, Answer], None, None]:
    """The number of each conversation with its answer, as they come; a few are asked concurrently.

    Whoever stops early (an interrupt, an error) ends the requests under way, within a second.

    Raises:
        UsageError: the API rejects the key, address or model, or sends its users elsewhere.
    """
    from mixguard.served.wire import Wire

    stop, gate = Event(), _Gate(endpoint.per_minute)
    with (
        Wire(endpoint.url, endpoint.key, endpoint.timeout) as wire,
        ThreadPoolExecutor(endpoint.concurrency) as pool,
    ):
        asked = {
            pool.submit(_ask, messages, endpoint, _Asking(wire, gate, stop)): number
            for number, messages in enumerate(conversations)
        }
        try:
            for done in as_completed(asked):
                yield asked[done], done.result()
        finally:
            stop.set()
            pool.shutdown(wait=False, cancel_futures=True)
            wire.close()


class _Gate:
    """Limits requests per minute."""

    def __init__(self, per_minute: float) -> None:
        self._gap = 60 / per_minute if per_minute else 0.0
        self._next = time.monotonic()
        self._lock = Lock()

    def pause(self) -> float:
        """Seconds to wait before the next request."""
        with self._lock:
            now = time.monotonic()
            pause = self._next - now
            self._next = max(now, self._next) + self._gap
        return max(pause, 0.0)


class _Asking(NamedTuple):
    """What the requests of a run share."""

    wire: Wire
    gate: _Gate
    stop: Event


class _Fault(NamedTuple):
    """Why a request got no answer."""

    problem: str
    passing: bool = True
    """Whether a retry may succeed."""
    wait: float = 0.0
    """Seconds the server asks to wait."""


def _ask(messages: Messages, endpoint: Endpoint, asking: _Asking) -> Answer:
    """One answer; transient faults are retried with increasing waits."""
    problem, wait = "", endpoint.first_wait
    for attempt in range(TRIES):
        pause = asking.gate.pause()
        if attempt:
            pause += min(wait, LONGEST_WAIT) * random.uniform(0.8, 1.2)
            wait *= 2
        if asking.stop.wait(pause):
            return Answer(None, "stopped")
        outcome = _once(messages, endpoint, asking.wire)
        if isinstance(outcome, Answer):
            return outcome
        problem, wait = outcome.problem, max(wait, outcome.wait)
        if not outcome.passing:
            break
    return Answer(None, problem)


def _once(messages: Messages, endpoint: Endpoint, wire: Wire) -> Answer | _Fault:
    """One request.

    Raises:
        UsageError: the API rejects the key, address or model, or sends its users elsewhere.
    """
    from mixguard.served.wire import WireError

    body = {
        "model": endpoint.model,
        "messages": messages,
        "max_tokens": endpoint.max_tokens,
        "temperature": endpoint.temperature,
        **endpoint.more,
    }
    try:
        reply = wire.post("chat/completions", body)
    except WireError as error:
        return _Fault(str(error))
    if reply.status == 200:
        return answer_in(reply.body) or _Fault("reply is not a chat completion")
    _refused(reply, endpoint)
    return _Fault(f"status {reply.status}", reply.status in RETRIED, seconds_asked(reply.retry_after))


def _refused(reply: Reply, endpoint: Endpoint) -> None:
    if reply.location is not None and 300 <= reply.status < 400:
        raise UsageError(
            f"{endpoint.shown}: redirects to {without_secrets(reply.location)[:200]}; prompts and key are not sent there:"
            " if that is the right address, name it instead"
        )
    if reply.status in (401, 403, 404):
        phrase = HTTPStatus(reply.status).phrase  # the server's own words may hold anything
        raise UsageError(f"{endpoint.shown}: {reply.status} {phrase}; check the URL, --model and the key")
