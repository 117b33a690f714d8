"""Split a sample's turns into the exchanges to be judged."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

from mixguard.corpus.records import Polarity, Role, Sample, Turn

EARLIER, EARLIER_CHARS, SYSTEM_CHARS = 8, 2000, 20_000
"""Limits per exchange: turns before the prompt, characters of each, characters of the system prompt. A long
sample repeats them in every exchange."""


@dataclass(slots=True)
class Exchange:
    """A trained response with the user turn before it, or a prompt or document alone."""

    kind: Literal["exchange", "prompt", "document"]
    polarity: Polarity
    prompt: str
    response: str | None = None
    reasoning: str | None = None
    tool_call: bool = False
    """Whether the response calls a tool."""
    system: str | None = None
    earlier: tuple[tuple[str, str], ...] = ()
    """Role and text of the last `EARLIER` turns before the prompt."""
    tools: str | None = None
    """Tool calls and their results."""


@dataclass(slots=True)
class _Open:
    """The exchange being assembled."""

    asked: list[str] = field(default_factory=list)
    answered: list[Turn] = field(default_factory=list)
    earlier: tuple[tuple[str, str], ...] = ()
    tools: list[str] = field(default_factory=list)

    def copy(self) -> _Open:
        """The same before any answer."""
        return _Open(list(self.asked), earlier=self.earlier, tools=list(self.tools))

    def close(self, system: str | None) -> Exchange | None:
        if not self.answered:
            return None
        texts = [turn.text for turn in self.answered if turn.kind == "text" and turn.text]
        thoughts = [turn.text for turn in self.answered if turn.kind == "reasoning" and turn.text]
        return Exchange(
            kind="exchange",
            polarity=self.answered[0].polarity,
            prompt="\n\n".join(self.asked),
            response="\n\n".join(texts),
            reasoning="\n\n".join(thoughts) or None,
            tool_call=any(turn.kind == "tool_call" for turn in self.answered),
            system=system,
            earlier=self.earlier,
            tools="\n\n".join(self.tools) or None,
        )


def exchanges(sample: Sample) -> Iterator[Exchange]:
    """All exchanges of a sample, in order.

    An agent's steps up to the next user turn are one exchange. Chosen and rejected responses share the prompt
    before the first of them. A sample with no trained turn yields one exchange of kind `prompt`.
    """
    if any(turn.role is Role.DOCUMENT and turn.polarity for turn in sample.turns):
        yield Exchange("document", 1, "\n\n".join(t.text for t in sample.turns if t.role is Role.DOCUMENT))
        return
    told = "\n\n".join(turn.text for turn in sample.turns if turn.role is Role.SYSTEM)
    system = told[:SYSTEM_CHARS] or None
    found = False
    for exchange in _answered(sample.turns, system):
        found = True
        yield exchange
    if found:
        return
    asked = [turn.text for turn in sample.turns if turn.role is Role.USER and turn.kind == "text"]
    if asked:
        yield Exchange("prompt", 0, asked[-1], system=system)


def _answered(turns: tuple[Turn, ...], system: str | None) -> Iterator[Exchange]:
    current = _Open()
    shared: _Open | None = None
    polarity: Polarity | None = None
    previous_speaker: Role | None = None
    spoken: deque[tuple[str, str]] = deque(maxlen=EARLIER)
    for turn in turns:
        answers = turn.role is Role.ASSISTANT and turn.polarity != 0
        if answers:
            if shared is None:
                shared = current.copy()
            elif turn.polarity != polarity:
                yield from _closed(current, system)
                current = shared.copy()
            polarity = turn.polarity
            current.answered.append(turn)
        elif turn.role is Role.USER and turn.kind == "text":
            if current.answered or previous_speaker is Role.ASSISTANT:
                yield from _closed(current, system)
                current = _Open(earlier=tuple(spoken))
            current.asked.append(turn.text)
        if turn.kind in ("tool_call", "tool_result"):
            current.tools.append(turn.text)
        elif turn.kind == "text" and turn.role in (Role.USER, Role.ASSISTANT):
            spoken.append((turn.role.value, turn.text[:EARLIER_CHARS]))
        previous_speaker = turn.role
    yield from _closed(current, system)


def _closed(current: _Open, system: str | None) -> Iterator[Exchange]:
    exchange = current.close(system)
    if exchange is not None:
        yield exchange
