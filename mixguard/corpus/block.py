"""The exchanges of one record, by columns."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from typing import Any, NamedTuple

from mixguard.corpus.exchanges import EARLIER_CHARS, SYSTEM_CHARS, Exchange


class Fixed(NamedTuple):
    """What does not depend on a record's texts: the same for all records of a shape."""

    number: tuple[int, ...]
    """0-based, within the record."""
    kind: tuple[str, ...]
    polarity: tuple[int, ...]
    tool_call: tuple[bool, ...]
    roles: tuple[str, ...]
    """Of the turns before, of all exchanges in a row."""
    turns: tuple[int, ...]
    """How many of these each exchange has."""


class Block(NamedTuple):
    """Some exchanges of a record; `earlier` has the texts of the turns before, of all exchanges in a row."""

    fixed: Fixed
    chars: int
    """Of all texts."""
    prompt: Sequence[str]
    response: Sequence[str | None]
    reasoning: Sequence[str | None]
    system: Sequence[str | None]
    tools: Sequence[str | None]
    earlier: Sequence[str]

    @classmethod
    def of(cls, exchanges: Sequence[Exchange], first: int = 0) -> Block:
        """Exchanges as they are made one by one; `first` is the number of the first."""
        turns = [turn for exchange in exchanges for turn in exchange.earlier]
        fixed = Fixed(
            tuple(range(first, first + len(exchanges))),
            tuple([exchange.kind for exchange in exchanges]),
            tuple([exchange.polarity for exchange in exchanges]),
            tuple([exchange.tool_call for exchange in exchanges]),
            tuple([role for role, _ in turns]),
            tuple([len(exchange.earlier) for exchange in exchanges]),
        )
        return cls.sized(
            fixed,
            [exchange.prompt for exchange in exchanges],
            [exchange.response for exchange in exchanges],
            [exchange.reasoning for exchange in exchanges],
            [exchange.system for exchange in exchanges],
            [exchange.tools for exchange in exchanges],
            [text for _, text in turns],
        )

    @classmethod
    def sized(cls, fixed: Fixed, *texts: Sequence[Any]) -> Block:
        """A block with these columns of texts, whose characters are counted."""
        return cls(fixed, sum(map(len, filter(None, chain(*texts)))), *texts)

    def cut(self) -> Block:
        """It with the texts that others repeat no longer than an exchange keeps them."""
        fixed, _, prompt, response, reasoning, system, tools, earlier = self
        system = [text and text[:SYSTEM_CHARS] for text in system]
        return Block.sized(
            fixed, prompt, response, reasoning, system, tools, [text[:EARLIER_CHARS] for text in earlier]
        )

    @property
    def height(self) -> int:
        """Number of exchanges."""
        return len(self.prompt)

    def one(self, number: int) -> Block:
        """One exchange."""
        row = slice(number, number + 1)
        fixed, _, prompt, response, reasoning, system, tools, earlier = self
        begin = sum(fixed.turns[:number])
        turns = slice(begin, begin + fixed.turns[number])
        mine = Fixed(
            fixed.number[row],
            fixed.kind[row],
            fixed.polarity[row],
            fixed.tool_call[row],
            fixed.roles[turns],
            fixed.turns[row],
        )
        return Block.sized(
            mine, prompt[row], response[row], reasoning[row], system[row], tools[row], earlier[turns]
        )
