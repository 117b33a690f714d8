"""One prompt and one answer in two or more columns: layouts that differ only in column names."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from mixguard.corpus.formats.cells import History, Text
from mixguard.corpus.formats.layout import Layout, Slot, not_of
from mixguard.corpus.formats.names import filled, known
from mixguard.corpus.formats.pair_names import ANSWERS, PAIRS, PROMPTS, SYSTEMS, Pair
from mixguard.corpus.formats.talk import Said, is_messages
from mixguard.corpus.formats.thoughts import thoughts_of
from mixguard.corpus.records import Role, Row, Sample


@dataclass(frozen=True, slots=True)
class Paired:
    """A format of one prompt and one answer, whose columns may be spelt in any way."""

    id: str
    pairs: tuple[Pair, ...]
    """Its columns by `names.key`; the first whose columns the row has."""

    def matches(self, row: Row) -> bool:
        """Whether the row has the columns."""
        layout = self.layout(row)
        return layout is not None and layout.matches(row)

    def parse(self, row: Row) -> Sample:
        """The prompt, the reasoning that has a column of its own, and the answer."""
        return self._layout(row).parse(row)

    def render(self, sample: Sample, like: Row) -> dict[str, Any]:
        """A row with the columns of `like`."""
        return self._layout(like).render(sample, like)

    def layout(self, row: Row) -> Layout | None:
        """The slots of a row in its own spelling; None if it lacks one of the columns."""
        columns = filled(row)
        for pair in self.pairs:
            if pair.prompt in columns and pair.answer in columns and _fits(pair, row, columns):
                return Layout(self.id, *_slots(pair, row, columns))
        return None

    def _layout(self, row: Row) -> Layout:
        layout = self.layout(row)
        if layout is None:
            raise not_of(self.id, row)
        return layout


def _fits(pair: Pair, row: Row, columns: Mapping[str, str]) -> bool:
    return not pair.strict or all(isinstance(row[columns[name]], str) for name in (pair.prompt, pair.answer))


def _slots(pair: Pair, row: Row, columns: Mapping[str, str]) -> tuple[tuple[Slot, ...], tuple[str, ...]]:
    """The slots, and the columns of plain text among them."""
    every = known(row)
    prompt, answer = columns[pair.prompt], columns[pair.answer]
    beside = [*pair.before, pair.prompt, *pair.after]
    joined = tuple(every[name] for name in beside if name in every)
    slots: list[Slot] = [Text(Role.SYSTEM, column, optional=True) for column in system_of(row)]
    if isinstance(row.get(every.get("history", "")), list | None):
        slots.append(History(every.get("history", "history")))
    if pair.said and is_said(row[prompt]):
        slots.append(Said(prompt, Role.USER, 0))
    else:
        slots.append(Text(Role.USER, prompt, columns=joined if len(joined) > 1 else ()))
    slots += thoughts_of(row, answer)
    said = pair.said and is_said(row[answer])
    slots.append(Said(answer, Role.ASSISTANT, 1) if said else Text(Role.ASSISTANT, answer, 1))
    return tuple(slots), (*joined, answer)


def is_said(value: Any) -> bool:
    """Whether a value is a message or a list of them."""
    return isinstance(value, dict) or is_messages(value)


def system_of(row: Row) -> tuple[str, ...]:
    """The column of the system prompt, if there is one and it holds text."""
    columns = known(row)
    names = (columns[name] for name in SYSTEMS if name in columns)
    return tuple(name for name in names if isinstance(row[name], str | None))[:1]


def _paired(pairs: Iterable[Pair]) -> tuple[Paired, ...]:
    by_id: dict[str, list[Pair]] = {}
    for pair in pairs:
        by_id.setdefault(pair.id, []).append(pair)
    return tuple(Paired(name, tuple(own)) for name, own in by_id.items())


PAIR_FORMATS = (
    *_paired(PAIRS),
    Paired(
        "asked_answered", tuple(Pair("asked_answered", q, a, strict=True) for q in PROMPTS for a in ANSWERS)
    ),
)
"""Specific before general: the first whose columns a row has reads it."""
