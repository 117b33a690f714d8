"""How a source would be read: a look at its head, without judging anything."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from mixguard.config import ReadConfig
from mixguard.corpus.corpus import Corpus
from mixguard.corpus.exchanges import Exchange, exchanges
from mixguard.corpus.files import FileSource, Source
from mixguard.corpus.files.compressed import is_compressed
from mixguard.corpus.reading import Reading
from mixguard.corpus.records import Record, Rejected, Role, Row, Turn
from mixguard.corpus.unread import is_text, unread
from mixguard.errors import RecordError

SHOWN = 3
"""Exchanges kept to show."""


@dataclass
class Column:
    """What a column holds, and what it was read as."""

    records: int = 0
    """Records in which it is not null."""
    kinds: Counter[str] = field(default_factory=Counter)
    """Records by kind of value."""
    parts: Counter[str] = field(default_factory=Counter)
    """Records by what was read of it: prompt, answer, chosen, rejected, system and so on; `not read` if it is text."""


@dataclass
class Look:
    """The head of one source."""

    source: str
    kind: str
    """What kind of file it is."""
    records: int = 0
    columns: dict[str, Column] = field(default_factory=dict)
    formats: Counter[str] = field(default_factory=Counter)
    flags: Counter[str] = field(default_factory=Counter)
    rejected: Counter[str] = field(default_factory=Counter)
    """Records that cannot be read, by reason."""
    shown: list[Exchange] = field(default_factory=list)
    """The first exchanges."""

    @property
    def left(self) -> list[str]:
        """Columns with text that was not read, the most common first."""
        counts = {name: column.parts["not read"] for name, column in self.columns.items()}
        return sorted((name for name, count in counts.items() if count), key=lambda name: -counts[name])

    @property
    def asked(self) -> str | None:
        """The column that was read as a prompt or document."""
        parts = (("prompt", name, column.parts) for name, column in self.columns.items())
        return next((name for part, name, found in parts if found[part] or found["document"]), None)

    @property
    def is_answered(self) -> bool:
        """Whether an answer was read."""
        return any(column.parts[part] for column in self.columns.values() for part in ("answer", "chosen"))


def looks(paths: Iterable[str], config: ReadConfig, *, offline: bool) -> Iterator[Look]:
    """A look at the first `read.sample` records of each source.

    Raises:
        InputError: an input is unusable, or has no column of a name that was given.
        ConfigError: the format, or the role of a column, is unknown.
    """
    for source in Corpus.open(list(paths), config, offline=offline).sources:
        yield _look(source, config)


def _look(source: Source, config: ReadConfig) -> Look:
    look = Look(source.name, _kind(source))
    head = list(islice(source.records(), config.sample))
    reading = Reading.of(head, source.name, config)
    strange: set[str] = set()
    for outcome in head:
        look.records += isinstance(outcome, Record | Rejected)
        if isinstance(outcome, Rejected):
            look.rejected[outcome.reason] += 1
        elif isinstance(outcome, Record):
            _hold(look, outcome.row)
            try:
                _add(look, outcome, reading)
            except RecordError as error:
                look.rejected[str(error)] += 1
                held = {
                    key for key, value in outcome.row.items() if isinstance(value, str) and is_text(value)
                }
                strange |= held
                for key in held:
                    look.columns[str(key)].parts["not read"] += 1
    for key in look.columns.keys() - {*reading.watch.texts(), *strange}:
        del look.columns[key].parts["not read"]  # a label, or a template around what was read
    return look


def _kind(source: Source) -> str:
    if not isinstance(source, FileSource):
        return "data set"
    names = {"json": "JSON", "delimited": "table with delimiters", "parquet": "Parquet", "arrow": "Arrow"}
    packed = f", compressed ({source.path.suffix.removeprefix('.')})" if is_compressed(source.path) else ""
    return names.get(source.kind, str(source.kind)) + packed


def _hold(look: Look, row: Row) -> None:
    for name, value in row.items():
        column = look.columns.setdefault(str(name), Column())
        column.records += value is not None
        column.kinds[_value_kind(value)] += 1


def _value_kind(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true or false"
    kinds = ((str, "text"), (int | float, "number"), (list, "list"), (dict, "object"))
    return next((name for kind, name in kinds if isinstance(value, kind)), type(value).__name__)


def _add(look: Look, record: Record, reading: Reading) -> None:
    form, sample, flags = reading.parsed(record.row)
    reading.watch.see(record.row, sample)
    look.formats[form] += 1
    look.flags.update({*record.flags, *flags})
    look.shown += islice(exchanges(sample), SHOWN - len(look.shown))
    preference = any(turn.polarity < 0 for turn in sample.turns)
    found: dict[str, set[str]] = {}
    for turn in sample.turns:
        for name in reading.view.origins([turn], record.row):
            found.setdefault(name, set()).add(_part(turn, preference=preference))
    for name, _, _ in unread(record.row, sample.turns, reading.view):
        found.setdefault(name, {"not read"})
    for name, parts in found.items():
        look.columns[name].parts.update(sorted(parts, key=_ORDER.index))


_ORDER = (
    "system", "prompt", "earlier answer", "reasoning", "tool call", "tool result", "tool", "answer", "chosen",
    "rejected", "document", "image", "unread", "unknown role", "not read",
)  # fmt: skip


def _part(turn: Turn, *, preference: bool) -> str:
    if turn.kind != "text":
        return turn.kind.replace("_", " ")
    if turn.role is Role.DOCUMENT:
        return "document" if turn.polarity else "unknown role"
    if turn.role is not Role.ASSISTANT:
        return "prompt" if turn.role is Role.USER else turn.role.value
    if not turn.polarity:
        return "earlier answer"
    return "rejected" if turn.polarity < 0 else ("chosen" if preference else "answer")
