"""A format as a tuple of slots: the columns that hold turns, in the order the turns are spoken."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from mixguard.corpus.formats.base import flags_of, shape
from mixguard.corpus.records import Row, Sample, Turn
from mixguard.errors import RecordError


class Slot(Protocol):
    """One place in a row that holds turns."""

    def fits(self, row: Row) -> bool:
        """Whether the row has this place, or can do without it. Never raises."""

    def read(self, row: Row) -> list[Turn]:
        """The turns that stand here.

        Raises:
            RecordError: what stands here cannot be understood.
        """

    def write(self, turns: Sequence[Turn], row: dict[str, Any], like: Row) -> Sequence[Turn]:
        """Put the leading turns that belong here into `row`, which starts as a copy of `like`; returns the rest.

        Raises:
            RecordError: a turn that belongs here cannot be written as `like` is.
        """


@dataclass(frozen=True, slots=True)
class Layout:
    """A format that its slots describe."""

    id: str
    slots: tuple[Slot, ...]
    cells: tuple[str, ...] = ()
    """Columns that hold plain text, where a table may have numbers instead."""

    def matches(self, row: Row) -> bool:
        """Whether every slot has its place in the row."""
        return all(slot.fits(row) for slot in self.slots)

    def parse(self, row: Row) -> Sample:
        """The turns of all slots, in order."""
        if not self.matches(row):
            raise not_of(self.id, row)
        turns = [turn for slot in self.slots for turn in slot.read(row)]
        coerced = any(isinstance(row.get(cell), int | float) for cell in self.cells)
        return Sample(tuple(turns), (*flags_of(turns), *(("text_coerced",) if coerced else ())))

    def render(self, sample: Sample, like: Row) -> dict[str, Any]:
        """A copy of `like` where it means the sample already; else its slots, written anew."""
        row = dict(like)
        if self.parse(like).turns == sample.turns:
            return row
        rest: Sequence[Turn] = sample.turns
        for slot in self.slots:
            rest = slot.write(rest, row, like)
        if rest:
            raise RecordError(
                f"a {self.id} record like this one has no place for this {rest[0].role.value} turn"
            )
        return row


@dataclass(frozen=True, slots=True)
class Either:
    """A format with several layouts: the first that matches the row."""

    id: str
    layouts: tuple[Layout, ...]

    def matches(self, row: Row) -> bool:
        """Whether any layout does."""
        return any(layout.matches(row) for layout in self.layouts)

    def parse(self, row: Row) -> Sample:
        """What the layout says."""
        return self._layout(row).parse(row)

    def render(self, sample: Sample, like: Row) -> dict[str, Any]:
        """As the layout of `like` does."""
        return self._layout(like).render(sample, like)

    def _layout(self, row: Row) -> Layout:
        for layout in self.layouts:
            if layout.matches(row):
                return layout
        raise not_of(self.id, row)


def not_of(name: str, row: Row) -> RecordError:
    """Why a row cannot be read as this format."""
    return RecordError(f"not a {name} record; its keys are {shape(row)}")
