"""A format as a tuple of slots: the columns that hold turns, in speaking order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from mixguard.corpus.formats.base import flags_of, shape
from mixguard.corpus.records import Role, Row, Sample, Turn
from mixguard.errors import RecordError


class Slot(Protocol):
    """One place in a row that holds turns."""

    def fits(self, row: Row) -> bool:
        """Whether the row has this slot or does not need it. Never raises."""

    def read(self, row: Row) -> list[Turn]:
        """The turns in this slot.

        Raises:
            RecordError: the slot cannot be parsed.
        """

    def write(self, turns: Sequence[Turn], row: dict[str, Any], like: Row) -> Sequence[Turn]:
        """Write the leading turns that fit this slot to `row`, initially a copy of `like`; return the rest.

        Raises:
            RecordError: a turn of this slot cannot be written in the style of `like`.
        """


_LITERAL = "-0123456789tf"
"""What the JSON of a number or a truth value begins with."""


@dataclass(frozen=True, slots=True)
class Among:
    """A slot in the first of several places that fits: columns of the same use under different names."""

    slots: tuple[Slot, ...]

    def fits(self, row: Row) -> bool:
        """Whether any place fits."""
        return any(slot.fits(row) for slot in self.slots)

    def read(self, row: Row) -> list[Turn]:
        """The turns in the first that fits."""
        return self._slot(row).read(row)

    def write(self, turns: Sequence[Turn], row: dict[str, Any], like: Row) -> Sequence[Turn]:
        """Write to the place where `like` has it."""
        return self._slot(like).write(turns, row, like)

    def _slot(self, row: Row) -> Slot:
        return next((slot for slot in self.slots if slot.fits(row)), self.slots[0])


@dataclass(frozen=True, slots=True)
class Layout:
    """A format described by its slots."""

    id: str
    slots: tuple[Slot, ...]
    cells: tuple[str, ...] = ()
    """Plain-text columns, which may hold numbers in a table."""

    def matches(self, row: Row) -> bool:
        """Whether the row fits every slot."""
        return all(slot.fits(row) for slot in self.slots)

    def parse(self, row: Row) -> Sample:
        """The turns of all slots, in order."""
        if not self.matches(row):
            raise not_of(self.id, row)
        turns = [turn for slot in self.slots for turn in slot.read(row)]
        coerced = any(isinstance(row.get(cell), int | float) for cell in self.cells) or _coerced(turns, row)
        return Sample(tuple(turns), (*flags_of(turns), *(("text_coerced",) if coerced else ())))

    def render(self, sample: Sample, like: Row) -> dict[str, Any]:
        """A copy of `like`, with its slots rewritten unless they already hold the sample."""
        row = dict(like)
        if self.parse(like).turns == sample.turns:
            return row
        rest: Sequence[Turn] = sample.turns
        for slot in self.slots:
            rest = slot.write(rest, row, like)
        if rest:
            raise RecordError(f"a {self.id} record like this one cannot hold this {rest[0].role.value} turn")
        return row


@dataclass(frozen=True, slots=True)
class Either:
    """A format with several layouts; the first that matches the row applies."""

    id: str
    layouts: tuple[Layout, ...]

    def matches(self, row: Row) -> bool:
        """Whether any layout matches."""
        return any(layout.matches(row) for layout in self.layouts)

    def parse(self, row: Row) -> Sample:
        """Parse with the matching layout."""
        return self._layout(row).parse(row)

    def render(self, sample: Sample, like: Row) -> dict[str, Any]:
        """Render with the layout of `like`."""
        return self._layout(like).render(sample, like)

    def _layout(self, row: Row) -> Layout:
        for layout in self.layouts:
            if layout.matches(row):
                return layout
        raise not_of(self.id, row)


def _coerced(turns: Sequence[Turn], row: Row) -> bool:
    """Whether the text of a message, other than a tool's, is a number or a truth value in the row."""
    return any(
        len(turn.text) < 32
        and turn.role is not Role.TOOL
        and turn.text[:1] in _LITERAL
        and isinstance(_value_at(row, turn.path), int | float)
        for turn in turns
        if turn.text
    )


def _value_at(row: Row, path: str) -> Any:
    """The value under a JSON pointer; None if there is none."""
    value: Any = row
    for step in path.split("/")[1:]:
        key = step.replace("~1", "/").replace("~0", "~")
        if isinstance(value, Mapping):
            value = value.get(key)
        else:
            value = value[int(key)] if isinstance(value, list) and key.isdecimal() else None
    return value


def not_of(name: str, row: Row) -> RecordError:
    """Why a row cannot be read as this format."""
    return RecordError(f"not a {name} record; its keys are {shape(row)}")
