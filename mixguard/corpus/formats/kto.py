"""KTO: one answer, and a label for the direction in which it is trained."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from mixguard.corpus.formats.base import Format
from mixguard.corpus.formats.labels import Label, label_of, opinion, spelt_like
from mixguard.corpus.formats.layout import not_of
from mixguard.corpus.formats.names import filled, key
from mixguard.corpus.records import Polarity, Row, Sample, Turn
from mixguard.errors import RecordError


@dataclass(frozen=True, slots=True)
class Kto:
    """One answer and whether it is wanted."""

    id: str
    plain: tuple[Format, ...]
    """The formats of the same row without its label; the first that matches reads it."""

    def matches(self, row: Row) -> bool:
        """Whether there is an answer, and a label that can be no class."""
        label = label_of(row)
        if label is None or self._plain(row) is None or self.echoes(row):
            return False
        return not label.loose or key(label.column) != "label" or "completion" in filled(row)

    def sure(self, row: Row) -> bool:
        """Whether the row's label can mean nothing else, whatever other rows have."""
        label = label_of(row)
        return label is not None and not label.loose and self._plain(row) is not None and not self.echoes(row)

    def agrees(self, rows: Sequence[Row]) -> bool:
        """Whether labels that may be classes are none: of two values, both known, and no answer's own text."""
        columns = {label.column for row in rows if (label := label_of(row)) is not None and label.loose}
        for column in columns:
            labelled = [row for row in rows if row.get(column) is not None]
            values = {str(row[column]) for row in labelled}
            known = all(opinion(row[column]) is not None for row in labelled)
            if len(values) != 2 or not known or any(map(self.echoes, labelled)):
                return False
        return True

    def echoes(self, row: Row) -> bool:
        """Whether the label repeats the answer: then it is the class that the model is to name."""
        label, plain = label_of(row), self._plain(row)
        if label is None or plain is None or key(label.column) == "ktotag":
            return False
        said = str(row[label.column]).strip().casefold()
        try:
            return any(
                turn.polarity and turn.text.strip().casefold() == said for turn in plain.parse(row).turns
            )
        except RecordError:
            return False

    def parse(self, row: Row) -> Sample:
        """The answer's turns, +1 or -1 depending on the label."""
        label, plain = self._needed(row)
        if label.wanted is None:
            raise RecordError(f"{label.column} says neither that the answer is wanted nor that it is not")
        sample = plain.parse(row)
        flags = sample.flags if isinstance(row[label.column], bool) else (*sample.flags, "label_coerced")
        return Sample(sample.turns if label.wanted else _flipped(sample.turns), flags)

    def render(self, sample: Sample, like: Row) -> dict[str, Any]:
        """The answer in the style of `like`, and its label."""
        label, plain = self._needed(like)
        polarities = {turn.polarity for turn in sample.turns} - {0}
        if len(polarities) > 1:
            raise RecordError("a KTO record holds either a wanted or an unwanted answer, not both")
        wanted = polarities != {-1}
        turns = sample.turns if wanted else _flipped(sample.turns)
        row = plain.render(Sample(turns), like)
        if label.wanted is not wanted:
            row[label.column] = spelt_like(wanted is not label.inverted, like[label.column])
        return row

    def _plain(self, row: Row) -> Format | None:
        return next((form for form in self.plain if form.matches(row)), None)

    def _needed(self, row: Row) -> tuple[Label, Format]:
        label, plain = label_of(row), self._plain(row)
        if label is None or plain is None:
            raise not_of(self.id, row)
        return label, plain


def _flipped(turns: Sequence[Turn]) -> tuple[Turn, ...]:
    signs: Mapping[Polarity, Polarity] = {1: -1, 0: 0, -1: 1}
    return tuple(replace(turn, polarity=signs[turn.polarity]) for turn in turns)
