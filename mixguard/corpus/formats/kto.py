"""KTO: one answer, and a label for the direction in which it is trained."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from mixguard.corpus.formats.layout import Either, not_of
from mixguard.corpus.records import Polarity, Row, Sample, Turn
from mixguard.errors import RecordError

_TRUTH: Mapping[str, bool] = {"true": True, "false": False, "1": True, "0": False, "1.0": True, "0.0": False}


def truth(label: Any) -> bool | None:
    """The truth value of a label: a bool, 0/1 or a string of either; None if it is neither."""
    if isinstance(label, bool):
        return label
    return _TRUTH.get(str(label).strip().casefold()) if isinstance(label, int | float | str) else None


def spelt_like(answer: bool, like: Any) -> Any:  # noqa: FBT001 - the value written, not a switch
    """A truth value in the type and spelling of another label."""
    if isinstance(like, bool) or not isinstance(like, int | float | str):
        return answer
    if not isinstance(like, str):
        return type(like)(answer)
    if like.strip().casefold() not in ("true", "false"):
        return str(int(answer))
    word = str(answer)
    return word.upper() if like.isupper() else (word if like.strip().istitle() else word.casefold())


@dataclass(frozen=True, slots=True)
class Kto:
    """One answer and whether it is wanted."""

    id: str
    plain: Either
    """The layouts of the same row without its label."""

    def matches(self, row: Row) -> bool:
        """Whether there is a label and an answer. Any `kto_tag` counts; a `label` must be a truth value."""
        label = row.get("label")
        tagged = row.get("kto_tag") is not None or (label is not None and truth(label) is not None)
        return tagged and self.plain.matches(row)

    def parse(self, row: Row) -> Sample:
        """The answer's turns, +1 or -1 depending on the label."""
        if not self.matches(row):
            raise not_of(self.id, row)
        column = _label_column(row)
        wanted = truth(row[column])
        if wanted is None:
            raise RecordError(f"{column} is neither true nor false")
        sample = self.plain.parse(row)
        flags = sample.flags if isinstance(row[column], bool) else (*sample.flags, "label_coerced")
        return Sample(sample.turns if wanted else _flipped(sample.turns), flags)

    def render(self, sample: Sample, like: Row) -> dict[str, Any]:
        """The answer in the style of `like`, and its label."""
        polarities = {turn.polarity for turn in sample.turns} - {0}
        if len(polarities) > 1:
            raise RecordError("a KTO record holds either a wanted or an unwanted answer, not both")
        wanted = polarities != {-1}
        turns = sample.turns if wanted else _flipped(sample.turns)
        row = self.plain.render(Sample(turns), like)
        column = _label_column(like)
        if truth(like[column]) is not wanted:
            row[column] = spelt_like(wanted, like[column])
        return row


def _label_column(row: Row) -> str:
    return "kto_tag" if row.get("kto_tag") is not None else "label"


def _flipped(turns: Sequence[Turn]) -> tuple[Turn, ...]:
    signs: Mapping[Polarity, Polarity] = {1: -1, 0: 0, -1: 1}
    return tuple(replace(turn, polarity=signs[turn.polarity]) for turn in turns)
