"""What every judge is asked, what it may answer, and how a judge is described.

An answer that cannot be read in full is undecided, with the reason, and never guessed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from mixguard.served.chat import Answer, Messages

UNREADABLE = "the answer is not a verdict"
CUT_OFF = "the answer is cut off"
NO_PLACE = "the judge cannot be asked about this conversation"


class Row(NamedTuple):
    """What is judged: a prompt, and the answer to it if there is one."""

    prompt: str
    response: str | None = None
    before: Messages = ()
    """Earlier turns, oldest first."""


class Verdict(NamedTuple):
    """What a judge says of a row; None is what it was not asked, does not say, or could not be read."""

    hazard: str | None = None
    """Code of the hazard that the prompt or answer touches."""
    harmful_prompt: bool | None = None
    refused: bool | None = None
    harmful_response: bool | None = None
    problem: str = ""
    """Why something that was asked is undecided."""

    @property
    def was_read(self) -> bool:
        """Whether an answer came, so that asking again would bring the same."""
        return self.problem in ("", UNREADABLE, CUT_OFF, NO_PLACE)


class Question(NamedTuple):
    """One request that a judge takes for each row."""

    messages: Callable[[Row], Messages | None]
    """The request; None if there is nothing to ask of this row."""
    more: Mapping[str, Any] = {}
    """Further fields of the request; left out where the server rejects them."""


@dataclass(frozen=True)
class Judge:
    """How a model is asked and read."""

    name: str
    """`llama-guard`, `wildguard`, `shieldgemma` or `rubric`."""
    version: int
    """Of its prompts and of how answers are read: verdicts of another version are not reused."""
    questions: tuple[Question, ...]
    read: Callable[[Row, Sequence[Answer | None]], Verdict]
    """The verdict from the answers to the questions, in order; None where nothing was asked."""
    max_tokens: int = 32
    tells_refusals: bool = False
    """Whether it says that an answer refuses; others only tell harm."""
    covers: frozenset[str] | None = field(default=None)
    """Hazards it was made to see; None for all. That it sees no harm says nothing of the others."""

    def sees(self, hazard: str | None) -> bool:
        """Whether its `harmless` says something about this hazard."""
        return self.covers is None or hazard is None or hazard in self.covers


class Known(NamedTuple):
    """The hazards that verdicts are told in."""

    hazards: Mapping[str, str]
    """Code to name and definition, in the taxonomy's order."""
    schemes: Mapping[str, Mapping[str, str]]
    """Scheme to its categories, each with the one hazard that means about the same."""
    covered: Mapping[str, frozenset[str]]
    """Scheme to the hazards that some category of it overlaps."""


def problem_in(answers: Sequence[Answer | None]) -> str:
    """Why answers that were asked for cannot be read; empty if they can."""
    for answer in answers:
        if answer is not None and answer.text is None:
            return answer.problem or "no answer"
    return ""


_CONTROL = re.compile(
    r"<(?=\|[a-z0-9_ ]{1,40}\|>|/?s>|(?:start|end)_of_turn>|/?think>)|\[(?=/?INST\]|/?SYS)", re.IGNORECASE
)


def tamed(text: str) -> str:
    """A text whose turn marks of common chat templates are broken by a space, so that it cannot end its turn."""
    return _CONTROL.sub(r"\g<0> ", text)


def flat(row: Row) -> str:
    """The prompt, with the turns before it as a transcript."""
    if not row.before:
        return tamed(row.prompt)
    turns = [*row.before, {"role": "user", "content": row.prompt}]
    return "\n\n".join(f"{turn['role']}: {tamed(turn['content'])}" for turn in turns)


def turns(row: Row) -> list[Mapping[str, str]]:
    """The conversation up to the prompt, as guards' templates take it: users and assistants in turn, no system prompt."""
    before = [turn for turn in row.before if turn["role"] != "system"]
    expected = ["user", "assistant"] * (len(before) // 2)
    if [turn["role"] for turn in before] != expected:
        return [{"role": "user", "content": flat(row)}]
    told = [{"role": turn["role"], "content": tamed(turn["content"])} for turn in before]
    return [*told, {"role": "user", "content": tamed(row.prompt)}]
