"""What an answer must be like, as far as a program can tell."""

from __future__ import annotations

import re

import orjson
import polars as pl
from pydantic import field_validator

from mixguard.model import Model

RECITED = 20
"""Words in a row from which a text counts as recited. Judgement; published extractions count 50 tokens (arXiv 2311.17035)."""
_FENCE = re.compile(r"```[^\n`]{0,40}\n(.*?)```", re.DOTALL)


class Expectation(Model):
    """Everything that an answer must meet in order to hold."""

    has: tuple[str, ...] = ()
    """Patterns, in Rust's syntax, each of which must be found."""
    lacks: tuple[str, ...] = ()
    """Patterns of which none may be found."""
    json_keys: tuple[str, ...] | None = None
    """Keys that the answer, or the only code fence in it, must have as a JSON object; none for any JSON value."""
    lines: tuple[int, int] | None = None
    """Fewest and most lines that are not empty."""
    words: tuple[int, int] | None = None
    """Fewest and most words."""
    recites: str | None = None
    """A text of which no 20 words in a row may be repeated."""

    @field_validator("has", "lacks")
    @classmethod
    def _compiles(cls, patterns: tuple[str, ...]) -> tuple[str, ...]:
        for pattern in patterns:
            try:
                _found("", pattern)
            except pl.exceptions.ComputeError as error:
                raise ValueError(f"{pattern!r:.80}: {str(error).partition(chr(10))[0]}") from None
        return patterns

    @property
    def is_empty(self) -> bool:
        """Whether it expects nothing."""
        return self == Expectation()

    def met(self, answer: str) -> bool:
        """Whether an answer meets it."""
        if not all(_found(answer, each) for each in self.has) or any(
            _found(answer, each) for each in self.lacks
        ):
            return False
        counts = ((self.lines, _lines(answer)), (self.words, len(answer.split())))
        if any(bounds and not bounds[0] <= count <= bounds[1] for bounds, count in counts):
            return False
        if self.json_keys is not None and not _is_json(answer, self.json_keys):
            return False
        return self.recites is None or not _recites(answer, self.recites)


def _found(text: str, pattern: str) -> bool:
    """Whether a pattern occurs, in time linear in the text whoever wrote either: Rust's engine never backtracks."""
    return bool(pl.Series([text]).str.contains(pattern).item())


def _lines(answer: str) -> int:
    return sum(bool(line.strip()) for line in answer.splitlines())


def _is_json(answer: str, keys: tuple[str, ...]) -> bool:
    fences = _FENCE.findall(answer)
    try:
        tree = orjson.loads(fences[0] if len(fences) == 1 else answer)
    except orjson.JSONDecodeError:
        return False
    return not keys or (isinstance(tree, dict) and set(keys) <= set(tree))


def _recites(answer: str, source: str) -> bool:
    said, known = _runs(answer), _runs(source)
    return not said.isdisjoint(known)


def _runs(text: str) -> set[tuple[str, ...]]:
    """Every run of `RECITED` words."""
    words = re.findall(r"[^\W_]+", text.casefold())
    return {tuple(words[at : at + RECITED]) for at in range(len(words) - RECITED + 1)}
