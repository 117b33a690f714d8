"""How rows of a shape are read, learnt from the formats once: a row of marks shows where each text goes."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, TypeAlias

from mixguard.corpus.exchanges import EARLIER_CHARS, SYSTEM_CHARS, Exchange, exchanges
from mixguard.corpus.formats.cutting import may_be_rendered
from mixguard.corpus.formats.pairs import PAIR_FORMATS
from mixguard.corpus.formats.strings import trimmed
from mixguard.corpus.records import Row, Sample, Turn
from mixguard.corpus.shapes import Shape, is_settled, marked, shaped, strings_of
from mixguard.errors import RecordError

Fill: TypeAlias = "int | tuple[str, tuple[int, ...]] | str | None"
"""A text by its number; several and what joins them; or what it always is."""

SHAPES_MOST = 1024
"""Shapes that are kept: those of rows, or of conversations by their roles."""
_PAIRS = frozenset(form.id for form in PAIR_FORMATS)
_KNOWN = _PAIRS | {"openai_chat", "sharegpt"}
"""Formats that look at nothing but a row's shape and the beginnings, the endings and the marks in its texts."""
_MARK = re.compile("\ue000(\\d+)\ue001")


class Parse(NamedTuple):
    """What the formats make of a row."""

    form: str
    sample: Sample
    flags: tuple[str, ...]


class _Made(NamedTuple):
    """An exchange whose texts are to be filled in."""

    like: Exchange
    prompt: Fill
    response: Fill
    reasoning: Fill
    system: Fill
    earlier: tuple[tuple[str, Fill], ...]
    tools: Fill


class Plan(NamedTuple):
    """How the rows of a shape are read."""

    form: str
    flags: tuple[str, ...]
    turns: tuple[tuple[Turn, Fill], ...]
    made: tuple[_Made, ...]
    strings: int | None
    """Texts in the JSON of such a row, keys included."""
    spoken: bool
    """Whether the prompt and the answer are strings, from which a template's marks are cut."""


class Planned(NamedTuple):
    """A row and how it is read."""

    plan: Plan
    texts: list[str]
    exchanges: list[Exchange]

    def sample(self) -> Sample:
        """The row's turns, without its oddities."""
        turns = (
            Turn(turn.role, _filled(fill, self.texts) or "", turn.kind, turn.polarity, turn.path)
            for turn, fill in self.plan.turns
        )
        return Sample(tuple(turns))

    def names_keys_once(self, raw: bytes) -> bool:
        """Whether no object in a row's JSON can have a key twice, as no text is left over; False if unsure."""
        if self.plan.strings is None or b"\\u0022" in raw:
            return False
        inside = sum([text.count('"') for text in self.texts])
        return raw.count(b'"') == 2 * self.plan.strings + inside


class Plans:
    """The plans of one source."""

    def __init__(self, parse: Callable[[Row], Parse], form: str | None) -> None:
        """Start without any.

        Args:
            parse: asks the formats; it may raise `RecordError`.
            form: the format that most records have; only its rows have plans.
        """
        self._parse = parse
        self._form = form
        self._plans: dict[Shape, Plan | None] = {}
        """None for a shape that was met once, or that has no plan."""
        self._met: set[Shape] = set()

    def find(self, row: Row) -> Planned | None:
        """The row as its shape's plan reads it; None if it must be read by its format."""
        found = shaped(row) if self._form in _KNOWN else None
        if found is None:
            return None
        plan = self._plans.get(found.shape)
        if plan is None:
            plan = self._learnt(found.shape, row, len(found.texts))
            if plan is None:
                return None
        made = [_exchange(each, found.texts) for each in plan.made]
        if plan.spoken and any(map(_is_rendered, made)):
            return None
        return Planned(plan, found.texts, made)

    def _learnt(self, shape: Shape, row: Row, texts: int) -> Plan | None:
        """The plan of a shape that is met for the second time."""
        if shape in self._plans or len(self._plans) >= SHAPES_MOST:
            return None
        if shape not in self._met:
            if len(self._met) < SHAPES_MOST:
                self._met.add(shape)
            return None
        self._plans[shape] = plan = self._plan(shape, row, texts) if is_settled(shape) else None
        return plan

    def _plan(self, shape: Shape, row: Row, texts: int) -> Plan | None:
        try:
            form, sample, flags = self._parse(marked(row, [f"\ue000{n}\ue001" for n in range(texts)]))
            turns = tuple((turn, _fill(turn.text)) for turn in sample.turns)
            made = tuple(map(_made, exchanges(sample)))
        except (RecordError, _Strange):
            return None
        return Plan(form, flags, turns, made, strings_of(shape), form in _PAIRS) if form == self._form else None


class _Strange(Exception):  # noqa: N818 - never leaves this file
    """A text that is not made of the row's texts alone."""


def _fill(text: str | None) -> Fill:
    if not text:
        return text
    numbers = tuple(map(int, _MARK.findall(text)))
    marks = [f"\ue000{number}\ue001" for number in numbers]
    for between in ("\n\n", "\n"):
        if between.join(marks) == text:
            return (between, numbers) if len(numbers) > 1 else numbers[0]
    raise _Strange


def _made(exchange: Exchange) -> _Made:
    earlier = tuple((role, _fill(text)) for role, text in exchange.earlier)
    texts = (exchange.prompt, exchange.response, exchange.reasoning, exchange.system)
    prompt, response, reasoning, system = map(_fill, texts)
    return _Made(exchange, prompt, response, reasoning, system, earlier, _fill(exchange.tools))


def _filled(fill: Fill, texts: Sequence[str]) -> str | None:
    if type(fill) is int:
        return texts[fill]
    if type(fill) is tuple:
        return fill[0].join([texts[number] for number in fill[1]])
    return fill  # type: ignore[return-value]  # a constant


def _exchange(made: _Made, texts: Sequence[str]) -> Exchange:
    like, prompt, response, reasoning, system, earlier, tools = made
    told: Any = None if system is None else (_filled(system, texts) or "")[:SYSTEM_CHARS]
    return Exchange(
        like.kind,
        like.polarity,
        texts[prompt] if type(prompt) is int else _filled(prompt, texts) or "",
        texts[response] if type(response) is int else _filled(response, texts),
        None if reasoning is None else _filled(reasoning, texts),
        like.tool_call,
        told,
        tuple([(role, (_filled(fill, texts) or "")[:EARLIER_CHARS]) for role, fill in earlier]),
        None if tools is None else _filled(tools, texts),
    )


def _is_rendered(exchange: Exchange) -> bool:
    """Whether a prompt may be a rendered chat, or an answer has a template's marks around it."""
    return may_be_rendered(exchange.prompt) or (
        exchange.response is not None and trimmed(exchange.response).text != exchange.response
    )
