"""Asks a chat model behind an OpenAI-compatible API; its replies are hostile input, and faults are retried."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from threading import Lock
from typing import Any, NamedTuple

import orjson

from mixguard.errors import UsageError

TRIES = 6
FIRST_WAIT, LONGEST_WAIT = 1.0, 60.0
"""Seconds before the first retry and the longest wait; doubled in between."""
RETRIED = (408, 409, 425, 429, 500, 502, 503, 504)
REPLY_MOST = 4 * 2**20
"""Bytes of the longest reply that is read."""

Messages = Sequence[Mapping[str, str]]
"""A conversation: `role` and `content` of each message."""


@dataclass(frozen=True)
class Endpoint:
    """An OpenAI-compatible chat API."""

    url: str
    """Base URL, e.g. `http://localhost:8000/v1`."""
    model: str
    key: str | None = None
    """Sent as a bearer token; never written anywhere."""
    timeout: float = 60.0
    """Seconds per answer."""
    per_minute: float = 0.0
    """Maximum requests per minute; 0 for no limit."""
    concurrency: int = 4
    max_tokens: int = 300
    temperature: float = 0.7
    first_wait: float = FIRST_WAIT

    def __post_init__(self) -> None:
        if not self.url.startswith(("http://", "https://")):
            raise UsageError(f"--endpoint {self.url}: give the API's base URL, e.g. http://localhost:8000/v1")


@dataclass(frozen=True)
class Answer:
    """What came back for one conversation."""

    text: str | None
    """None if there was no answer; `problem` says why."""
    problem: str = ""
    cut: bool = False
    """Whether it was cut off at the length limit."""
    prompt_tokens: int = 0
    completion_tokens: int = 0


def ask_all(conversations: Sequence[Messages], endpoint: Endpoint) -> Iterator[Answer]:
    """The answer to every conversation, in order; a few are asked concurrently.

    Raises:
        UsageError: the API rejects the key, address or model.
    """
    import requests

    session = requests.Session()
    gate = _Gate(endpoint.per_minute)
    with session, ThreadPoolExecutor(endpoint.concurrency) as pool:
        try:
            yield from pool.map(lambda messages: _ask(messages, endpoint, session, gate), conversations)
        finally:
            pool.shutdown(cancel_futures=True)


def conversation(pair: Mapping[str, Any], instruction: str = "") -> Messages:
    """A bank pair's prompt with its context, as the messages of a request.

    Args:
        pair: a row of `Bank.pairs`.
        instruction: added to the system prompt.
    """
    system = "\n\n".join(filter(None, (pair["system"], instruction)))
    messages = [{"role": "system", "content": system}] if system else []
    for number, text in enumerate(pair["history"] or ()):
        messages.append({"role": "assistant" if number % 2 else "user", "content": text})
    return [*messages, {"role": "user", "content": pair["prompt"]}]


class _Gate:
    """Limits requests per minute."""

    def __init__(self, per_minute: float) -> None:
        self._gap = 60 / per_minute if per_minute else 0.0
        self._next = time.monotonic()
        self._lock = Lock()

    def wait(self) -> None:
        with self._lock:
            now = time.monotonic()
            pause = self._next - now
            self._next = max(now, self._next) + self._gap
        if pause > 0:
            time.sleep(pause)


class _Fault(NamedTuple):
    """Why a request got no answer."""

    problem: str
    passing: bool = True
    """Whether a retry may succeed."""
    wait: float = 0.0
    """Seconds the server asks to wait."""


def _ask(messages: Messages, endpoint: Endpoint, session: Any, gate: _Gate) -> Answer:
    """One answer; transient faults are retried with increasing waits."""
    problem, wait = "", endpoint.first_wait
    for attempt in range(TRIES):
        if attempt:
            time.sleep(min(wait, LONGEST_WAIT) * random.uniform(0.8, 1.2))
            wait *= 2
        gate.wait()
        outcome = _once(messages, endpoint, session)
        if isinstance(outcome, Answer):
            return outcome
        problem, wait = outcome.problem, max(wait, outcome.wait)
        if not outcome.passing:
            break
    return Answer(None, problem)


def _once(messages: Messages, endpoint: Endpoint, session: Any) -> Answer | _Fault:
    """One request.

    Raises:
        UsageError: the API rejects the key, address or model.
    """
    import requests

    try:
        reply = session.post(
            f"{endpoint.url.rstrip('/')}/chat/completions",
            json={
                "model": endpoint.model,
                "messages": messages,
                "max_tokens": endpoint.max_tokens,
                "temperature": endpoint.temperature,
            },
            headers={"Authorization": f"Bearer {endpoint.key}"} if endpoint.key else {},
            timeout=endpoint.timeout,
            stream=True,
        )
        with reply:
            body = _body(reply)
    except requests.RequestException as error:
        return _Fault(_spelt(error))
    status = reply.status_code
    if status in (401, 403, 404):
        raise UsageError(f"{endpoint.url}: {status} {reply.reason}; check the URL, --model and the key")
    if status != 200:
        return _Fault(f"status {status}", status in RETRIED, _retry_after(reply.headers.get("Retry-After")))
    return _answer(body) or _Fault("reply is not a chat completion")


def _body(reply: Any) -> bytes:
    """The reply's bytes, or none if there are too many."""
    parts, length = [], 0
    for part in reply.iter_content(2**16):
        parts.append(part)
        length += len(part)
        if length > REPLY_MOST:
            return b""
    return b"".join(parts)


def _answer(body: bytes) -> Answer | None:
    """The answer in a reply; None if it is something else."""
    try:
        tree = orjson.loads(body)
        choice = tree["choices"][0]
        text, cut = choice["message"]["content"], choice.get("finish_reason") == "length"
        usage = tree.get("usage") or {}
        tokens = [int(usage.get(name) or 0) for name in ("prompt_tokens", "completion_tokens")]
    except (orjson.JSONDecodeError, LookupError, TypeError, ValueError, AttributeError):
        return None
    return Answer(text, "", cut, *tokens) if isinstance(text, str) else None


def _retry_after(value: str | None) -> float:
    return float(value) if value and value.replace(".", "", 1).isdigit() else 0.0


def _spelt(error: Exception) -> str:
    names = {
        "ReadTimeout": "timed out",
        "ConnectTimeout": "timed out",
        "ChunkedEncodingError": "reply cut short",
    }
    return names.get(type(error).__name__, "no connection")
