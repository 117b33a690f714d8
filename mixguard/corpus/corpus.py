"""A corpus: the data of one fine-tuning run, read once, in parts whose tallies add up."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from itertools import chain, islice
from os import PathLike
from typing import Any, NamedTuple, TypeAlias

import polars as pl

from mixguard.columns import EXCHANGE, TEXT
from mixguard.config import ReadConfig
from mixguard.corpus.exchanges import Exchange, exchanges
from mixguard.corpus.files import Source, open_sources
from mixguard.corpus.files.base import KEPT_OF_REJECTED, Whole
from mixguard.corpus.formats import Format, by_id
from mixguard.corpus.formats.lint import lint
from mixguard.corpus.formats.vote import choose, vote
from mixguard.corpus.records import Record, Rejected
from mixguard.errors import InputError, RecordError

CorpusLike: TypeAlias = "str | PathLike[str] | Sequence[Mapping[str, Any]] | pl.DataFrame | Any"
"""A path or in-memory data, including a `datasets.Dataset` or pandas frame (not imported for this type)."""

PART_BYTES = 2**27
"""Bytes of records after which a part is full, however few they are."""
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

    def __add__(self, other: Tally) -> Tally:
        def both(name: str) -> Any:
            own, others = getattr(self, name), getattr(other, name)
            return own | others if isinstance(own, dict) and not isinstance(own, Counter) else own + others

        return Tally(**{each.name: both(each.name) for each in fields(self)})


class Part(NamedTuple):
    """Some records of a corpus: the parsed ones as exchanges, the others as rejected."""

    frame: pl.DataFrame
    """The exchanges, with schema `BATCH`."""
    tally: Tally
    rejected: tuple[Rejected, ...]
    """The records that go to quarantine."""


class Corpus:
    """One or more sources, opened but not yet read."""

    def __init__(self, sources: Sequence[Source], config: ReadConfig) -> None:
        self.sources = tuple(sources)
        self._config = config

    @classmethod
    def open(cls, corpora: Sequence[CorpusLike], config: ReadConfig, *, offline: bool) -> Corpus:
        """Open files, folders, globs, `-`, `hf://owner/name[:split]`, or in-memory data.

        Raises:
            InputError: an input is unusable; the message says what to do.
        """
        if config.format is not None:
            by_id(config.format)  # report a misspelled name before reading anything
        return cls(open_sources(corpora, max_record_bytes=config.max_record_bytes, offline=offline), config)

    @property
    def size(self) -> int | None:
        """Total bytes on disk; None if unknown for any source."""
        sizes = [source.size for source in self.sources]
        return None if None in sizes else sum(size for size in sizes if size is not None)

    def parts(self, rows: int) -> Iterator[Part]:
        """Parts of at most about `rows` exchanges; samples are never split, so a part can be slightly larger.

        Raises:
            InputError: no record of the corpus could be read.
        """
        part, rejected, understood = _Gathered(), Counter[str](), 0
        for source in self.sources:
            for outcome in self._outcomes(source):
                part.add(source.name, outcome)
                if part.height >= rows or part.bytes >= PART_BYTES:
                    full, part = part.part(), _Gathered()
                    rejected, understood = rejected + full.tally.rejected, understood + full.tally.samples
                    yield full
        last = part.part()
        if not understood + last.tally.samples:
            reasons = "; ".join(
                f"{why} ({count})" for why, count in (rejected + last.tally.rejected).most_common(3)
            )
            names = ", ".join(source.name for source in self.sources)
            raise InputError(f"{names}: no record could be read: {reasons or 'none found'}")
        yield last

    def _outcomes(self, source: Source) -> Iterator[Understood | Rejected | Whole]:
        incoming = source.records()
        head = list(islice(incoming, self._config.sample))
        wanted = self._format(head)
        for outcome in chain(head, incoming):
            if not isinstance(outcome, Record):
                yield outcome
                continue
            try:
                yield _understand(outcome, wanted, fixed=self._config.format is not None)
            except RecordError as error:
                raw = outcome.raw
                yield Rejected(
                    outcome.place, raw[:KEPT_OF_REJECTED], str(error), len(raw), start=outcome.start
                )

    def _format(self, head: Sequence[Record | Rejected | Whole]) -> Format | None:
        if self._config.format is not None:
            return by_id(self._config.format)
        return vote([record.row for record in head if isinstance(record, Record)])


class Understood(NamedTuple):
    """A record and its exchanges."""

    record: Record
    form: str
    flags: tuple[str, ...]
    exchanges: list[Exchange]


def _understand(record: Record, wanted: Format | None, *, fixed: bool) -> Understood:
    form = wanted if fixed and wanted is not None else choose(record.row, wanted)
    sample = form.parse(record.row)
    flags = (*record.flags, *sample.flags, *lint(record.row, sample, form.id))
    return Understood(record, form.id, flags, list(exchanges(sample)))


class _Gathered:
    """The rows of the next part."""

    def __init__(self) -> None:
        self._lists: dict[str, list[Any]] = {name: [] for name in BATCH}
        self._rejected: list[Rejected] = []
        self._formats: Counter[tuple[str, str]] = Counter()
        self._flags: Counter[str] = Counter()
        self._digests: dict[str, str] = {}
        self._bytes = self._samples = self._empty = 0

    @property
    def height(self) -> int:
        """Exchanges or quarantined records, whichever is more: neither may pile up."""
        return max(len(self._lists["sample_id"]), len(self._rejected))

    @property
    def bytes(self) -> int:
        """Size of the records' own text."""
        return self._bytes

    def add(self, source: str, outcome: Understood | Rejected | Whole) -> None:
        if isinstance(outcome, Whole):
            self._digests[source] = outcome.sha256
        elif isinstance(outcome, Rejected):
            self._rejected.append(outcome)
        else:
            self._bytes += len(outcome.record.raw) + 1
            self._samples += 1
            self._empty += not outcome.exchanges
            self._formats[source, outcome.form] += 1
            self._flags.update(set(outcome.flags))
            self._add_rows(outcome)

    def _add_rows(self, understood: Understood) -> None:
        record, form, flags, found = understood
        sample_id = _sample_id(record)
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

    def part(self) -> Part:
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
        )
        return Part(frame, tally, tuple(self._rejected))


def _sample_id(record: Record) -> str:
    place = f"{record.place.source}\0{record.place.ordinal}\0".encode("utf-8", "surrogatepass")
    return hashlib.blake2b(place + record.raw, digest_size=8).hexdigest()


def text_id(text: str) -> str:
    """32 hex digits that identify a text."""
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()
