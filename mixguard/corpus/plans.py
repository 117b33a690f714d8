"""How rows of a shape are read, learnt from the formats once: a row of marks shows where each text goes."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from itertools import chain
from operator import itemgetter, mul
from typing import Any, NamedTuple

from mixguard.corpus.block import Block, Fixed
from mixguard.corpus.exchanges import EARLIER_CHARS, exchanges
from mixguard.corpus.formats.cutting import may_be_rendered
from mixguard.corpus.formats.pairs import PAIR_FORMATS
from mixguard.corpus.formats.strings import trimmed
from mixguard.corpus.records import Row, Sample, Turn
from mixguard.corpus.shapes import Shape, Shaped, is_settled, marked, shaped, strings_of
from mixguard.errors import RecordError

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


class _Joined(NamedTuple):
    """A text made of several."""

    between: str
    numbers: tuple[int, ...]


class Plan(NamedTuple):
    """How the rows of a shape are read.

    A text is known by its number: those of the row, then those that are made of them, then the empty text and none.
    """

    form: str
    flags: tuple[str, ...]
    turns: tuple[tuple[Turn, int], ...]
    joined: tuple[_Joined, ...]
    fixed: Fixed
    texts: tuple[Callable[[Sequence[str | None]], tuple[Any, ...]], ...]
    """What picks the texts of each column of a block, and of the turns before."""
    times: tuple[int, ...]
    """How often each text is picked."""
    strings: int | None
    """Texts in the JSON of such a row, keys included."""
    spoken: bool
    """Whether the prompt and the answer are strings, from which a template's marks are cut."""


class Planned(NamedTuple):
    """A row and how it is read."""

    plan: Plan
    found: Shaped
    texts: Sequence[str | None]
    block: Block

    def sample(self) -> Sample:
        """The row's turns, without its oddities."""
        turns = (
            Turn(turn.role, self.texts[number] or "", turn.kind, turn.polarity, turn.path)
            for turn, number in self.plan.turns
        )
        return Sample(tuple(turns))

    def names_keys_once(self, raw: bytes) -> bool:
        """Whether no object in a row's JSON can have a key twice, as no text is left over; False if unsure."""
        inside = self.found.joined.count('"')
        if self.plan.strings is None or (inside and b"\\u0022" in raw):
            return False
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
        self._met: set[Shape] = set()

    def find(self, row: Row) -> Planned | None:
        """The row as its shape's plan reads it; None if it must be read by its format."""
        found = shaped(row) if self._form in _KNOWN else None
        if found is None:
            return None
        plan = self._plans.get(found.shape) or self._learnt(found, row)
        if plan is None:
            return None
        said = [*found.texts]
        for between, numbers in plan.joined:
            said.append(between.join([found.texts[number] for number in numbers]))
        texts = (*said, "", None)
        chars = sum(map(mul, map(len, said), plan.times))
        block = Block(plan.fixed, chars, *[pick(texts) for pick in plan.texts])
        if len(found.joined) > EARLIER_CHARS:
            block = block.cut()
        if plan.spoken and (any(map(may_be_rendered, block.prompt)) or any(map(_is_marked, block.response))):
            return None
        return Planned(plan, found, texts, block)

    def _learnt(self, found: Shaped, row: Row) -> Plan | None:
        """The plan of a shape that is met for the second time."""
        shape = found.shape
        if shape in self._plans or len(self._met) >= SHAPES_MOST:
            return None
        if shape not in self._met:
            self._met.add(shape)
            return None
        self._plans[shape] = plan = self._plan(found, row) if is_settled(shape) else None
        return plan

    def _plan(self, found: Shaped, row: Row) -> Plan | None:
        count = len(found.texts)
        try:
            form, sample, flags = self._parse(marked(row, [f"\ue000{n}\ue001" for n in range(count)]))
            made = list(exchanges(sample))
            numbers = _Numbers(count)
            turns = tuple([(turn, numbers.of(turn.text)) for turn in sample.turns])
            block = Block.of(made)
            columns = [[numbers.of(text) for text in column] for column in block[2:]]
        except (RecordError, _Strange):
            return None
        if form != self._form:
            return None
        joined = tuple(numbers.joined)
        settled = [numbers.settled(column) for column in columns]
        counts = Counter(chain(*settled))
        times = tuple([counts[number] for number in range(count + len(joined))])
        picks = tuple(map(_picker, settled))
        placed = tuple((turn, numbers.settled([number])[0]) for turn, number in turns)
        strings = strings_of(found.shape)
        return Plan(form, flags, placed, joined, block.fixed, picks, times, strings, form in _PAIRS)


class _Strange(Exception):  # noqa: N818 - never leaves this file
    """A text that is not made of the row's texts alone."""


class _Numbers:
    """Numbers texts, those that are made of several after the row's own."""

    def __init__(self, count: int) -> None:
        self._count = count
        self.joined: list[_Joined] = []

    def of(self, text: str | None) -> int:
        """The number of a text; -2 if it is empty, -1 if there is none.

        Raises:
            _Strange: it is not made of the row's texts alone.
        """
        if not text:
            return -1 if text is None else -2
        numbers = tuple(map(int, _MARK.findall(text)))
        marks = [f"\ue000{number}\ue001" for number in numbers]
        for between in ("\n\n", "\n"):
            if between.join(marks) == text:
                return numbers[0] if len(numbers) == 1 else self._place(_Joined(between, numbers))
        raise _Strange

    def _place(self, joined: _Joined) -> int:
        if joined not in self.joined:
            self.joined.append(joined)
        return self._count + self.joined.index(joined)

    def settled(self, numbers: Iterable[int]) -> list[int]:
        """Numbers that count from the beginning, once it is known how many there are."""
        total = self._count + len(self.joined) + 2
        return [number % total for number in numbers]


def _picker(numbers: Sequence[int]) -> Callable[[Sequence[str | None]], tuple[Any, ...]]:
    if not numbers:
        return lambda texts: ()
    if len(numbers) == 1:
        (only,) = numbers
        return lambda texts: (texts[only],)
    return itemgetter(*numbers)


def _is_marked(answer: str | None) -> bool:
    """Whether a template's marks stand around an answer."""
    return answer is not None and trimmed(answer).text != answer
