"""Answers of a Python function."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from mixguard.checkpoint.answers import Decoding, Target
from mixguard.checkpoint.source import Coming, Wanted, messages
from mixguard.escape import shorten
from mixguard.served.chat import Answer


@dataclass(frozen=True)
class Called:
    """A function from messages to an answer; or, with `batch`, from a list of them to a list of answers."""

    function: Callable[[Any], Any]
    target: Target
    batch: int = 0
    """Conversations given at a time; 0 gives them one by one, without a list around."""
    is_kept: bool = field(default=False, init=False)

    def __call__(self, wanted: Sequence[Wanted], decoding: Decoding) -> Coming:
        """The answers, in order; what the function raises becomes the problem of those it was asked for."""
        step = max(self.batch, 1)
        for start in range(0, len(wanted), step):
            part = wanted[start : start + step]
            given = [[dict(each) for each in messages(one.probe, decoding.system)] for one in part]
            yield from zip(part, self._answers(given), strict=True)

    def _answers(self, given: list[list[dict[str, str]]]) -> list[Answer]:
        try:
            made = self.function(given) if self.batch else [self.function(given[0])]
            answers = list(made)
        except Exception as error:  # noqa: BLE001 - whatever it raises: it is theirs
            return [Answer(None, shorten(f"{type(error).__name__}: {error}", 300))] * len(given)
        if len(answers) != len(given):
            problem = f"the function returned {len(answers)} answers to {len(given)} conversations"
            return [Answer(None, problem)] * len(given)
        return [_answer(each) for each in answers]


def _answer(made: object) -> Answer:
    """What the function returned for a conversation: text, or an `Answer` with the candidates for its first token."""
    if isinstance(made, Answer):
        return made
    return (
        Answer(made)
        if isinstance(made, str)
        else Answer(None, f"an answer is {type(made).__name__}, not text")
    )
