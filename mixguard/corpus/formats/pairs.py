"""One prompt and one answer in two or more columns: layouts that differ only in column names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple

from mixguard.corpus.formats.cells import History, Text
from mixguard.corpus.formats.layout import Layout, Slot, not_of
from mixguard.corpus.formats.names import by_key, known
from mixguard.corpus.formats.pair_names import ANSWERS, PAIRS, PROMPTS, SYSTEMS, PairNames
from mixguard.corpus.formats.talk import Said, is_messages
from mixguard.corpus.formats.thoughts import Thought, thoughts_of
from mixguard.corpus.records import Role, Row, Sample


@dataclass(frozen=True, slots=True)
class Paired:
    """A format of one prompt and one answer, whose columns may be spelt in any way."""

    id: str
    """One or more pairs of `pair_names` have it; the first whose columns a row has reads it."""

    def matches(self, row: Row) -> bool:
        """Whether the row has the columns."""
        layout = self.layout(row)
        return layout is not None and layout.matches(row)

    def parse(self, row: Row) -> Sample:
        """The prompt, the reasoning that has a column of its own, and the answer."""
        return self._needed(row).parse(row)

    def render(self, sample: Sample, like: Row) -> dict[str, Any]:
        """A row with the columns of `like`."""
        return self._needed(like).render(sample, like)

    def layout(self, row: Row) -> Layout | None:
        """The slots of a row in its own spelling; None if it lacks one of the columns."""
        return _layout(self.id, tuple(row), tuple(map(type, row.values())), thoughts_of(row))

    def _needed(self, row: Row) -> Layout:
        layout = self.layout(row)
        if layout is None:
            raise not_of(self.id, row)
        return layout


class _Columns(NamedTuple):
    """The columns of rows whose columns and types are the same."""

    every: Mapping[str, str]
    """Columns by `names.key`."""
    filled: Mapping[str, str]
    """Those with a value."""
    types: Mapping[str, type]

    @classmethod
    def of(cls, names: tuple[str, ...], types: tuple[type, ...]) -> _Columns:
        of_name = dict(zip(names, types, strict=True))
        held = by_key(tuple(name for name in names if of_name[name] is not type(None)))
        return cls({**by_key(names), **held}, held, of_name)

    def fit(self, pair: PairNames) -> bool:
        """Whether a pair's columns are here."""
        if pair.prompt not in self.filled or pair.answer not in self.filled:
            return False
        ends = (self.filled[pair.prompt], self.filled[pair.answer])
        return not pair.strict or all(self.types[name] is str for name in ends)


@lru_cache(maxsize=1024)
def _layout(
    name: str, names: tuple[str, ...], types: tuple[type, ...], thoughts: tuple[str, ...]
) -> Layout | None:
    """The slots of rows with these columns, types of values, and columns of reasoning."""
    columns = _Columns.of(names, types)
    pair = next((pair for pair in _PAIRS_OF[name] if columns.fit(pair)), None)
    if pair is None:
        return None
    every = columns.every
    prompt, answer = columns.filled[pair.prompt], columns.filled[pair.answer]
    joined = tuple(every[key] for key in (*pair.before, pair.prompt, *pair.after) if key in every)
    slots: list[Slot] = []
    system = next((every[key] for key in SYSTEMS if key in every), None)
    if system is not None and columns.types[system] in (str, type(None)):
        slots.append(Text(Role.SYSTEM, system, optional=True))
    if "history" in every and columns.types[every["history"]] in (list, type(None)):
        slots.append(History(every["history"]))
    if pair.said and columns.types[prompt] in (list, dict):
        slots.append(Said(prompt, Role.USER, 0))
    else:
        slots.append(Text(Role.USER, prompt, columns=joined if len(joined) > 1 else ()))
    slots += [Thought(column, answer) for column in thoughts if column not in (prompt, answer)]
    said = pair.said and columns.types[answer] in (list, dict)
    slots.append(Said(answer, Role.ASSISTANT, 1) if said else Text(Role.ASSISTANT, answer, 1))
    return Layout(name, tuple(slots), (*joined, answer))


def is_said(value: Any) -> bool:
    """Whether a value is a message or a list of them."""
    return isinstance(value, dict) or is_messages(value)


def system_of(row: Row) -> tuple[str, ...]:
    """The column of the system prompt, if there is one and it holds text."""
    columns = known(row)
    names = (columns[name] for name in SYSTEMS if name in columns)
    return tuple(name for name in names if isinstance(row[name], str | None))[:1]


_PAIRS_OF: Mapping[str, Sequence[PairNames]] = {
    **{
        name: [pair for pair in PAIRS if pair.id == name] for name in dict.fromkeys(pair.id for pair in PAIRS)
    },
    "asked_answered": [PairNames("asked_answered", q, a, strict=True) for q in PROMPTS for a in ANSWERS],
}
PAIR_FORMATS = tuple(map(Paired, _PAIRS_OF))
"""Specific before general: the first whose columns a row has reads it."""
