"""A corpus: the files of one fine-tuning run, read once, as batches of exchanges."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain, islice
from os import PathLike
from typing import Any, TypeAlias

import polars as pl

from mixguard.columns import EXCHANGE, TEXT
from mixguard.config import ReadConfig
from mixguard.corpus.exchanges import Exchange, exchanges
from mixguard.corpus.files import Source, open_sources
from mixguard.corpus.files.base import Whole
from mixguard.corpus.formats import Format, by_id
from mixguard.corpus.formats.lint import lint
from mixguard.corpus.formats.vote import choose, vote
from mixguard.corpus.records import Record, Rejected
from mixguard.errors import InputError, RecordError
from mixguard.progress import Progress

PathLikeStr: TypeAlias = "str | PathLike[str]"
Reject: TypeAlias = Callable[[Rejected], None]

BATCH = pl.Schema({**EXCHANGE, **TEXT})


@dataclass
class Tally:
    """What one pass over the corpus counted."""

    records: int = 0
    samples: int = 0
    """Records that were understood."""
    rejected: Counter[str] = field(default_factory=Counter)
    """Reason to records in quarantine."""
    formats: Counter[tuple[str, str]] = field(default_factory=Counter)
    """(source, format) to records."""
    exchanges: int = 0
    flags: Counter[str] = field(default_factory=Counter)
    """Oddities to records that show them."""
    empty: int = 0
    """Samples that hold no exchange at all."""
    digests: dict[str, str] = field(default_factory=dict)
    """Source to the SHA-256 of the bytes that were read."""


class Corpus:
    """One or more sources, opened but not read."""

    def __init__(self, sources: Sequence[Source], config: ReadConfig) -> None:
        self.sources = tuple(sources)
        self._config = config

    @classmethod
    def open(cls, paths: Sequence[PathLikeStr], config: ReadConfig, *, offline: bool) -> Corpus:
        """Open files, folders, globs, `-` or `hf://owner/name[:split]`.

        Raises:
            InputError: something cannot be used at all; the message says what to do.
        """
        if config.format is not None:
            by_id(config.format)  # a misspelt name is told before anything is read
        sources = open_sources(paths, max_record_bytes=config.max_record_bytes, offline=offline)
        return cls(sources, config)

    @property
    def size(self) -> int | None:
        """Bytes on disk of all sources; None where one cannot tell."""
        sizes = [source.size for source in self.sources]
        return None if None in sizes else sum(size for size in sizes if size is not None)

    def batches(
        self, rows: int, *, tally: Tally, reject: Reject, progress: Progress
    ) -> Iterator[pl.DataFrame]:
        """The corpus as frames of at most about `rows` exchanges, schema `BATCH`.

        Args:
            rows: exchanges per frame; a sample is never split, so a frame can be a little larger.
            tally: filled while reading.
            reject: called with each record that goes to quarantine.
            progress: told the bytes read as frames go out.

        Raises:
            InputError: no record of the corpus could be read.
        """
        columns, done, size = _Columns(), 0, self.size
        for source in self.sources:
            for outcome in self._understood(source, tally):
                if isinstance(outcome, Rejected):
                    tally.rejected[outcome.reason] += 1
                    reject(outcome)
                    continue
                columns.add(*outcome)
                if columns.height >= rows:
                    yield columns.frame()
                    done += columns.bytes
                    progress("judging", done, size, "bytes")
                    columns = _Columns()
        if columns.height:
            yield columns.frame()
        if not tally.samples:
            reasons = "; ".join(f"{reason} ({count})" for reason, count in tally.rejected.most_common(3))
            names = ", ".join(source.name for source in self.sources)
            raise InputError(f"{names}: no record could be read: {reasons or 'there are none'}")

    def _understood(self, source: Source, tally: Tally) -> Iterator[_Understood | Rejected]:
        incoming = source.records()
        head = list(islice(incoming, self._config.sample))
        wanted = self._format(head)
        for outcome in chain(head, incoming):
            if isinstance(outcome, Whole):
                tally.digests[source.name] = outcome.sha256
                continue
            tally.records += 1
            if isinstance(outcome, Rejected):
                yield outcome
                continue
            try:
                yield _understand(outcome, wanted, fixed=self._config.format is not None, tally=tally)
            except RecordError as error:
                yield Rejected(outcome.place, outcome.raw, str(error))

    def _format(self, head: Sequence[Record | Rejected | Whole]) -> Format | None:
        if self._config.format is not None:
            return by_id(self._config.format)
        return vote([record.row for record in head if isinstance(record, Record)])


_Understood: TypeAlias = "tuple[Record, str, tuple[str, ...], list[Exchange]]"


def _understand(record: Record, wanted: Format | None, *, fixed: bool, tally: Tally) -> _Understood:
    form = wanted if fixed and wanted is not None else choose(record.row, wanted)
    sample = form.parse(record.row)
    flags = (*record.flags, *sample.flags, *lint(record.row, sample, form.id))
    found = list(exchanges(sample))
    tally.samples += 1
    tally.formats[record.place.source, form.id] += 1
    tally.flags.update(set(flags))
    tally.exchanges += len(found)
    tally.empty += not found
    return record, form.id, flags, found


class _Columns:
    """Lists that become one frame."""

    def __init__(self) -> None:
        self._lists: dict[str, list[Any]] = {name: [] for name in BATCH}
        self.height = 0
        self.bytes = 0

    def add(self, record: Record, form: str, flags: tuple[str, ...], found: list[Exchange]) -> None:
        self.bytes += len(record.raw) + 1
        self.height += len(found)
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
            )
            for column, value in zip(self._lists.values(), row, strict=True):
                column.append(value)

    def frame(self) -> pl.DataFrame:
        return pl.DataFrame(self._lists, schema=BATCH)


def _sample_id(record: Record) -> str:
    place = f"{record.place.source}\0{record.place.ordinal}\0".encode("utf-8", "surrogatepass")
    return hashlib.blake2b(place + record.raw, digest_size=8).hexdigest()


def text_id(text: str) -> str:
    """32 hex digits that stand for a text."""
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()
