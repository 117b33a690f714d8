"""The next name in a column that names rows, spelt as the corpus spells its own."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from functools import cache, partial
from random import Random
from typing import Any, NamedTuple
from uuid import NAMESPACE_URL, UUID, uuid5

from mixguard.mix.frames import ALWAYS

Naming = Callable[[str, int], Any]
"""A name from a pair's ID and the new row's number, from 0 on."""
Column = Callable[[], Iterable[Any]]
"""All values of a column in its file, read when they are asked for."""

HEX_LEAST = 16
"""Minimum digits of a digest in a column whose name does not say so."""
COUNTED = 0.2
"""Minimum share of the names that are a number between the same words: `row-17`."""
DRAWN_LEAST = 6
"""Minimum characters that differ for names of one length to be drawn at random."""
_HEX = re.compile(r"[0-9a-f]+|[0-9A-F]+")
_DIGITS = re.compile(r"[0-9]+")


def next_number(column: Column) -> Naming:
    """Numbers, continued after the largest."""
    largest = cache(lambda: max((value for value in column() if _is_number(value)), default=0))
    return lambda _, number: largest() + number + 1


def spelt(values: Sequence[str], column: Column, *, called: bool) -> Naming:
    """Names of letters and digits.

    Args:
        values: of some rows.
        column: of all rows.
        called: whether the column's name says that it names rows.
    """
    if _most(values, _is_uuid):
        upper = values[0].isupper()
        return lambda pair, _: _cased(str(uuid5(NAMESPACE_URL, pair)), upper=upper)
    counted = _counted(values)
    if counted is not None:
        return counted.continued(column)
    lengths = {len(value) for value in values}
    digests = len(lengths) == 1 and all(map(_HEX.fullmatch, values))
    if digests and max(lengths) >= (HEX_LEAST // 2 if called else HEX_LEAST):
        upper = any(value != value.lower() for value in values)
        return lambda pair, _: _cased(_digest(pair, max(lengths)), upper=upper)
    drawn = _drawn(values)
    return partial(_draw, drawn) if drawn else lambda pair, _: pair


class _Counted(NamedTuple):
    """Names that differ in a number: `train_00017`, `13812093-1`."""

    words: tuple[str, ...]
    """What stands around the numbers."""
    numbers: tuple[str, ...]
    """The commonest number of each place."""
    place: int
    """Which of the numbers counts rows."""
    width: int
    """Digits to which it is filled with zeros."""

    def continued(self, column: Column) -> Naming:
        """The names after the largest."""

        def found() -> int:
            names = (_DIGITS.findall(name) for name in column() if isinstance(name, str) and self.names(name))
            return max((int(numbers[self.place]) for numbers in names), default=0)

        largest = cache(found)
        return lambda _, number: self.name(largest() + number + 1)

    def names(self, name: str) -> bool:
        """Whether a name has these words."""
        return tuple(_DIGITS.split(name)) == self.words

    def name(self, count: int) -> str:
        """The name with this number."""
        numbers = [*self.numbers]
        numbers[self.place] = str(count).zfill(self.width)
        return self.words[0] + "".join(
            number + word for number, word in zip(numbers, self.words[1:], strict=True)
        )


def _counted(values: Sequence[str]) -> _Counted | None:
    """How most names count rows; None if they do not."""
    words, count = Counter(tuple(_DIGITS.split(value)) for value in values).most_common(1)[0]
    if len(words) < 2 or count < max(COUNTED * len(values), 2):
        return None
    alike = [_DIGITS.findall(value) for value in values if tuple(_DIGITS.split(value)) == words]
    places = [Counter(numbers) for numbers in zip(*alike, strict=True)]
    place = max(range(len(places)), key=lambda at: len(places[at]))
    width = min(map(len, places[place]))
    return _Counted(words, tuple(numbers.most_common(1)[0][0] for numbers in places), place, width)


def _drawn(values: Sequence[str]) -> list[str] | None:
    """The characters at each place of names of one length that are drawn at random; None if they are not."""
    length, count = Counter(map(len, values)).most_common(1)[0]
    alike = [value for value in values if len(value) == length]
    if count < ALWAYS * len(values) or any(" " in value for value in alike):
        return None
    places = ["".join(sorted(set(letters))) for letters in zip(*alike, strict=True)]
    return places if sum(len(letters) > 2 for letters in places) >= DRAWN_LEAST else None


def _draw(places: Sequence[str], pair: str, _: int) -> str:
    rng = Random(pair)
    return "".join(rng.choice(letters) for letters in places)


def _digest(pair: str, length: int) -> str:
    return hashlib.shake_256(pair.encode()).hexdigest((length + 1) // 2)[:length]


def _cased(name: str, *, upper: bool) -> str:
    return name.upper() if upper else name


def _most(values: Sequence[str], holds: Callable[[str], bool]) -> bool:
    return sum(map(holds, values)) >= ALWAYS * len(values)


def _is_uuid(value: str) -> bool:
    try:
        return len(value) == 36 and bool(UUID(value))
    except ValueError:
        return False


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
