"""What a new row holds beside its conversation: nothing that belongs to another row.

A column that the format neither reads nor writes, that is not the same in nearly all rows, does not repeat the
conversation and does not name rows is left out, or empty as the corpus has it.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

from mixguard.corpus.records import Role, Row, Sample, Turn
from mixguard.errors import RecordError
from mixguard.mix.echo import Echo, echo_of
from mixguard.mix.frames import ALWAYS
from mixguard.mix.language import is_language, spelling
from mixguard.mix.media import is_media
from mixguard.mix.names import is_time, naming
from mixguard.mix.spelt import Column, Naming

LEAST = 3
"""Minimum rows for a value that all have to be more than chance."""
ECHO_ROWS = 300
"""Rows from which repeated conversations are learned."""
PROBES = 8
"""Rows on which it is tried whether the format reads a column."""
SETTING = frozenset(
    (
        *("tools", "functions", "function_definitions", "tool_definitions", "tool_choice"),
        *("parallel_tool_calls", "chat_template_kwargs", "enable_thinking", "response_format"),
    )
)
"""What a conversation is held under, like a system prompt: the template row's goes with its system prompt."""
TOKENS = re.compile(
    r"(?:(?:prompt|chosen|rejected|completion)_)?input_ids|(?:prompt|chosen|rejected|completion)_ids"
)
"""Token ids: trainers that find them do not tokenize the text again."""
_COUNT = re.compile(r"(?:.*_)?(?:turns?|rounds?|messages|exchanges)(?:_count)?")
ABSENT = object()
"""No such key."""


class New(NamedTuple):
    """A new row, as far as other columns may tell of it."""

    pair: str
    """ID of its pair in the bank."""
    lang: str
    """Its language, ISO 639-1."""
    number: int
    turns: Sequence[Turn]


Fill = Callable[[New], Any]
"""A column's value in a new row; ABSENT to leave the key out."""
Fills = Mapping[str, Fill]
Read = Callable[[Row], Sample]


def fills_of(read: Read, shown: Sequence[tuple[Row, Sample]], every: Column) -> Fills:
    """How to fill the columns that a format leaves alone.

    Args:
        read: makes a stored row's sample.
        shown: rows of one source, and what they say.
        every: all rows of the source, read again at each call.
    """
    rows = [row for row, _ in shown]
    names = list(dict.fromkeys(name for row in rows for name in row))
    alone: list[str] = []
    for name in names:
        # Without those before it too: of a label and scores that say the same, one must stay.
        if name not in SETTING and not _reads(read, rows, name, alone):
            alone.append(name)
    return _fills(rows, [sample.turns for _, sample in shown], alone, every)


def filled(row: Mapping[str, Any], like: Row, fills: Fills, new: New) -> dict[str, Any]:
    """A rendered row with the columns beside the conversation filled; those that rendering changed stay.

    Raises:
        RecordError: a column repeats the conversation, and it is not known how for one like this.
    """
    values = {
        name: fills[name](new) if name in fills and value == like.get(name, ABSENT) else value
        for name, value in row.items()
    }
    return {name: value for name, value in values.items() if value is not ABSENT}


def tokens_in(rows: Sequence[Row]) -> list[str]:
    """Columns that hold token ids."""
    names = dict.fromkeys(
        name for row in rows for name, value in row.items() if value and isinstance(value, list)
    )
    return [
        name
        for name in names
        if TOKENS.fullmatch(name) and any(row.get(name) and isinstance(row[name][0], int) for row in rows)
    ]


def _reads(read: Read, rows: Sequence[Row], name: str, without: Sequence[str]) -> bool:
    """Whether a row that lacks a column besides others would be read differently."""
    held = (row for row in rows if row.get(name) not in (None, "", [], {}))
    return any(_differs(read, row, {name, *without}) for row, _ in zip(held, range(PROBES), strict=False))


def _differs(read: Read, row: Row, names: Collection[str]) -> bool:
    try:
        return read({key: value for key, value in row.items() if key not in names}).turns != read(row).turns
    except RecordError:
        return True


def _fills(
    rows: Sequence[Mapping[str, Any]], turns: Sequence[Sequence[Turn]], names: Collection[str], every: Column
) -> Fills:
    return {
        name: _fill(name, [row.get(name, ABSENT) for row in rows], turns, partial(_column, every, name))
        for name in names
    }


def _column(every: Column, name: str) -> Iterable[Any]:
    return (row[name] for row in every() if isinstance(row, Mapping) and row.get(name) is not None)


def _fill(name: str, values: Sequence[Any], turns: Sequence[Sequence[Turn]], column: Column) -> Fill:
    here = [(value, said) for value, said in zip(values, turns, strict=True) if value is not ABSENT]
    there = [value for value, _ in here if value is not None]
    nothing = _nothing(name, values)
    if is_media(name, there):
        return partial(_same, nothing)
    if is_language(name, there):
        return partial(_in_language, Counter(there), nothing)
    made = _made(name, here, there, column)
    if made is not None:
        return made
    usual = _NONE if is_time(name, there) else _usual(values)
    return _inside(here, there, nothing, column) if usual is _NONE else partial(_same, usual)


def _made(
    name: str, here: Sequence[tuple[Any, Sequence[Turn]]], there: Sequence[Any], column: Column
) -> Fill | None:
    """How a column is made for a row: as its name, or from its turns; None if it is neither."""
    if (named := naming(name, there, column)) is not None:
        return partial(_named, named)
    if (counted := _counted(name, here)) is not None:
        return partial(_count, counted)
    shown = here[:ECHO_ROWS]
    echo = echo_of([value for value, _ in shown], [said for _, said in shown])
    return None if echo is None else partial(_echoed, echo)


def _inside(
    here: Sequence[tuple[Any, Sequence[Turn]]], there: Sequence[Any], nothing: Any, column: Column
) -> Fill:
    """An object is filled key by key; anything else is empty."""
    if not there or not all(isinstance(value, dict) for value in there):
        return partial(_same, nothing)
    inner = [(value, said) for value, said in here if value is not None]
    keys = list(dict.fromkeys(key for value, _ in inner for key in value))
    return partial(_nested, _fills([value for value, _ in inner], [said for _, said in inner], keys, column))


_NONE = object()


def _usual(values: Sequence[Any]) -> Any:
    """The value that nearly all rows have."""
    if len(values) < LEAST:
        return _NONE
    kept = {_key(value): value for value in values}
    key, count = Counter(map(_key, values)).most_common(1)[0]
    return kept[key] if count >= ALWAYS * len(values) else _NONE


def _key(value: Any) -> str:
    return "" if value is ABSENT else repr(value)


def _nothing(name: str, values: Sequence[Any]) -> Any:
    """How the corpus says that a column is empty; where it never does, by the type of its values.

    Text is empty rather than null, which a template would print as "None".
    """
    empty = {
        _key(value): value for value in values if value is ABSENT or value is None or value in ("", [], {})
    }
    if empty:
        order = Counter(key for value in values if (key := _key(value)) in empty)
        return empty[order.most_common(1)[0][0]]
    if all(isinstance(value, list) for value in values):
        return []
    if is_media(name, values):
        return ABSENT
    return "" if all(isinstance(value, str) for value in values) and not is_time(name, values) else None


def _counted(name: str, here: Sequence[tuple[Any, Sequence[Turn]]]) -> Callable[[Sequence[Turn]], Any] | None:
    """What a column counts, if it counts exchanges or messages."""
    if not here or _COUNT.fullmatch(name.casefold()) is None:
        return None
    text = all(isinstance(value, str) for value, _ in here)
    for count in (_exchanges, len):
        right = sum(str(value) == str(count(turns)) and not isinstance(value, bool) for value, turns in here)
        if right >= ALWAYS * len(here):
            return partial(_told, count) if text else count
    return None


def _told(count: Callable[[Sequence[Turn]], int], turns: Sequence[Turn]) -> str:
    return str(count(turns))


def _exchanges(turns: Sequence[Turn]) -> int:
    return sum(turn.role is Role.USER for turn in turns)


def _same(value: Any, _: New) -> Any:
    return value


def _in_language(spelt: Counter[str], nothing: Any, new: New) -> Any:
    return spelling(new.lang, spelt) or nothing


def _named(name: Naming, new: New) -> Any:
    return name(new.pair, new.number)


def _count(count: Callable[[Sequence[Turn]], Any], new: New) -> Any:
    return count(new.turns)


def _echoed(echo: Echo, new: New) -> Any:
    return echo.of(new.turns)


def _nested(fills: Fills, new: New) -> dict[str, Any]:
    values = {name: fill(new) for name, fill in fills.items()}
    return {name: value for name, value in values.items() if value is not ABSENT}
