"""Conversations and answers as an OpenAI-compatible API words them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from math import inf
from typing import Any

import orjson

ANSWER_MOST = 100_000
"""Characters of the longest answer that is read; a longer one counts as cut off."""
CANDIDATES_MOST = 20
"""Candidates for one token that are asked for and read."""
TOKENS_MOST = 10**9
"""Tokens of one answer above which a count is none."""

Messages = Sequence[Mapping[str, str]]
"""A conversation: `role` and `content` of each message."""


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
    first: tuple[tuple[str, float], ...] = ()
    """Candidates for the first token with their log-probabilities; empty where the server gives none."""


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


def answer_in(body: bytes) -> Answer | None:
    """The answer in a reply; None if it is something else."""
    try:
        tree = orjson.loads(body)
        choice = tree["choices"][0]
        text, cut = choice["message"]["content"], choice.get("finish_reason") == "length"
    except (orjson.JSONDecodeError, LookupError, TypeError, AttributeError):
        return None
    if not isinstance(text, str):
        return None
    usage = tree.get("usage")
    return Answer(
        text[:ANSWER_MOST],
        cut=cut or len(text) > ANSWER_MOST,
        prompt_tokens=_tokens(usage, "prompt_tokens"),
        completion_tokens=_tokens(usage, "completion_tokens"),
        first=_first(choice),
    )


def _first(choice: Mapping[str, Any]) -> tuple[tuple[str, float], ...]:
    """Candidates for the first token, as far as the server gives sensible ones."""
    try:
        listed = choice["logprobs"]["content"][0]["top_logprobs"][:CANDIDATES_MOST]
        found = tuple((each["token"], float(each["logprob"])) for each in listed)
    except (LookupError, TypeError, ValueError):
        return ()
    return found if all(isinstance(token, str) and -inf < value <= 0 for token, value in found) else ()


def _tokens(usage: object, name: str) -> int:
    """A count of tokens; 0 where the server gives none that makes sense, since an answer is worth more than its count."""
    count = usage.get(name) if isinstance(usage, Mapping) else None
    return count if isinstance(count, int) and 0 <= count <= TOKENS_MOST else 0


def seconds_asked(value: str | None) -> float:
    """The seconds that a `Retry-After` header asks to wait: a number or a date; 0 if it is neither, or past."""
    if value is None:
        return 0.0
    if re.fullmatch(r"[0-9]{1,12}(?:\.[0-9]{0,9})?", value.strip()):
        return float(value)
    try:
        until = parsedate_to_datetime(value)
    except (ValueError, TypeError, IndexError, OverflowError):
        return 0.0
    until = until if until.tzinfo else until.replace(tzinfo=UTC)
    return max(0.0, (until - datetime.now(UTC)).total_seconds())
