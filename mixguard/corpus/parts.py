"""Parts of a corpus: exchanges as columns, with the tally of what they came from."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields
from typing import Any, NamedTuple

import polars as pl
from pydantic import TypeAdapter

from mixguard.columns import EXCHANGE, TEXT
from mixguard.corpus.exchanges import Exchange
from mixguard.corpus.files.base import Whole
from mixguard.corpus.records import Record, Rejected, Turn
from mixguard.corpus.unread import Looked

PART_CHARS = 2**26
"""Characters of a part, about: what is in memory at a time."""
BATCH = pl.Schema({**EXCHANGE, **TEXT})


@dataclass(frozen=True)
class Tally:
    """Counts collected while reading; the tallies of parts add up."""

    records: int = 0
    bytes: int = 0
    """Size of the records' own text."""
    samples: int = 0
    """Records that were parsed."""
    exchanges: int = 0
    empty: int = 0
    """Samples without any exchange."""
    rejected: Counter[str] = field(default_factory=Counter)
    """Quarantined records by reason."""
    rejected_bytes: int = 0
    """Size of what is in quarantine."""
    broken: Counter[str] = field(default_factory=Counter)
    """Sources that end or break off inside a record: how often, by name."""
    formats: Counter[tuple[str, str]] = field(default_factory=Counter)
    """Records by (source, format)."""
    flags: Counter[str] = field(default_factory=Counter)
    """Records by flag."""
    digests: dict[str, str] = field(default_factory=dict)
    """SHA-256 of the bytes read, by source."""
    looked: Counter[str] = field(default_factory=Counter)
    """Records whose columns were looked at for unread text, by source."""
    unread: Counter[tuple[str, str, bool]] = field(default_factory=Counter)
    """Of these, records with unread text, by source, column, and whether an answer was read beside it."""
    asked: dict[str, str] = field(default_factory=dict)
    """The column of the prompt or document in records without an answer, by source with unread text."""

    def __add__(self, other: Tally) -> Tally:
        def both(name: str) -> Any:
            own, others = getattr(self, name), getattr(other, name)
            return own | others if isinstance(own, dict) and not isinstance(own, Counter) else own + others

        return Tally(**{each.name: both(each.name) for each in fields(self)})

    def tree(self) -> dict[str, Any]:
        """It as JSON has it: keys of several parts in lists, everything in its order."""
        return {each.name: _tree(getattr(self, each.name)) for each in fields(self)}

    @classmethod
    def of(cls, tree: Mapping[str, Any]) -> Tally:
        """The tally that a tree stands for.

        Raises:
            ValueError: it stands for none.
        """
        try:
            return _TALLY.validate_python({name: _untree(value) for name, value in tree.items()})
        except (TypeError, ValueError) as error:
            raise ValueError(f"not a tally: {error}") from None


_TALLY = TypeAdapter(Tally)


def _tree(value: Any) -> Any:
    if not isinstance(value, Counter):
        return value
    return [[[*key] if isinstance(key, tuple) else key, count] for key, count in value.items()]


def _untree(value: Any) -> Any:
    if not isinstance(value, list):
        return value
    return Counter({tuple(key) if isinstance(key, list) else key: count for key, count in value})


class Part(NamedTuple):
    """Some records of a corpus: the parsed ones as exchanges, the others as rejected."""

    frame: pl.DataFrame
    """The exchanges, with schema `BATCH`."""
    tally: Tally
    rejected: tuple[Rejected, ...]
    """The records that go to quarantine."""


class Understood(NamedTuple):
    """A record and its exchanges."""

    record: Record
    form: str
    flags: tuple[str, ...]
    exchanges: Iterator[Exchange]
    """Made one by one: a record can hold very many, each of which repeats the turns before it."""
    turns: tuple[Turn, ...]


class Gathered:
    """The rows of the next part."""

    def __init__(self) -> None:
        """Start the first part."""
        self.clear()

    def clear(self) -> None:
        """Start the next part."""
        self._lists: dict[str, list[Any]] = {name: [] for name in BATCH}
        self._rejected: list[Rejected] = []
        self._formats: Counter[tuple[str, str]] = Counter()
        self._flags: Counter[str] = Counter()
        self._digests: dict[str, str] = {}
        self._looked: Counter[str] = Counter()
        self._unread: Counter[tuple[str, str, bool]] = Counter()
        self._asked: dict[str, str] = {}
        self._bytes = self._samples = self._empty = self._chars = 0

    def is_full(self, rows: int) -> bool:
        """Whether there are enough exchanges, quarantined records or characters: none may pile up."""
        height = max(len(self._lists["sample_id"]), len(self._rejected))
        return height >= rows or self._chars >= PART_CHARS

    def add(self, source: str, outcome: Understood | Rejected | Whole | Looked) -> Iterator[None]:
        """Add what a record gave; the part may be taken at every step, in the middle of a sample as well."""
        if isinstance(outcome, Whole):
            self._digests[source] = outcome.sha256
        elif isinstance(outcome, Rejected):
            self._rejected.append(outcome)
            self._chars += len(outcome.raw)
            yield
        elif isinstance(outcome, Looked):
            self._looked[source] += outcome.records
            self._unread.update({(source, *key): count for key, count in outcome.unread.items()})
            self._asked |= {source: outcome.asked} if outcome.asked else {}
        else:
            self._bytes += len(outcome.record.raw) + 1
            self._samples += 1
            self._formats[source, outcome.form] += 1
            self._flags.update(set(outcome.flags))
            yield from self._add_rows(outcome)

    def _add_rows(self, understood: Understood) -> Iterator[None]:
        record, form, flags, found, _ = understood
        sample_id, number = _sample_id(record), -1
        for number, exchange in enumerate(found):
            row = (
                sample_id,
                number,
                exchange.kind,
                exchange.polarity,
                record.place.source,
                record.place.line,
                record.place.ordinal,
                form,
                list(flags),
                text_id(exchange.prompt),
                None if exchange.response is None else text_id(exchange.response),
                len(exchange.prompt),
                None if exchange.response is None else len(exchange.response),
                exchange.prompt,
                exchange.response,
                exchange.reasoning,
                exchange.tool_call,
                exchange.system,
                [{"role": role, "text": text} for role, text in exchange.earlier],
                exchange.tools,
            )
            for column, value in zip(self._lists.values(), row, strict=True):
                column.append(value)
            self._chars += _size(exchange)
            yield
        self._empty += number < 0

    def part(self) -> Part:
        """What was gathered."""
        frame = pl.DataFrame(self._lists, schema=BATCH)
        tally = Tally(
            records=self._samples + len(self._rejected),
            bytes=self._bytes,
            samples=self._samples,
            exchanges=frame.height,
            empty=self._empty,
            rejected=Counter(outcome.reason for outcome in self._rejected),
            rejected_bytes=sum(outcome.extent for outcome in self._rejected),
            broken=Counter(outcome.place.source for outcome in self._rejected if outcome.broken),
            formats=self._formats,
            flags=self._flags,
            digests=self._digests,
            looked=self._looked,
            unread=self._unread,
            asked=self._asked,
        )
        return Part(frame, tally, tuple(self._rejected))


def _size(exchange: Exchange) -> int:
    """Characters that a row holds."""
    texts = (exchange.prompt, exchange.response, exchange.reasoning, exchange.system, exchange.tools)
    return sum(len(text) for text in texts if text) + sum(len(text) for _, text in exchange.earlier)


def _sample_id(record: Record) -> str:
    place = f"{record.place.source}\0{record.place.ordinal}\0".encode("utf-8", "surrogatepass")
    return hashlib.blake2b(place + record.raw, digest_size=8).hexdigest()


def text_id(text: str) -> str:
    """32 hex digits that identify a text."""
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()
