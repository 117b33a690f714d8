"""A corpus: the data of one fine-tuning run, read once, in parts whose tallies add up."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain, islice
from os import PathLike
from typing import Any, TypeAlias

import polars as pl

from mixguard.config import ReadConfig
from mixguard.corpus.files import Source, open_sources
from mixguard.corpus.files.base import Whole
from mixguard.corpus.files.jsons import rejected
from mixguard.corpus.formats import by_id
from mixguard.corpus.formats.view import View
from mixguard.corpus.gathered import Gathered
from mixguard.corpus.parts import BATCH, Part, Tally, Understood, text_id
from mixguard.corpus.reading import Reading
from mixguard.corpus.records import Record, Rejected, Unchecked
from mixguard.corpus.unread import EVERY, Looked
from mixguard.errors import InputError, RecordError
from mixguard.progress import Progress, silent

CorpusLike: TypeAlias = "str | PathLike[str] | Sequence[Mapping[str, Any]] | pl.DataFrame | Any"
"""A path or in-memory data, including a `datasets.Dataset` or pandas frame (not imported for this type)."""

__all__ = ["BATCH", "Corpus", "CorpusLike", "Part", "Tally", "text_id"]

Found: TypeAlias = "Record | Unchecked | Rejected | Whole"

HEAD_BYTES = 2**25
"""Bytes of the records that vote on a format, about: all of them are in memory at a time."""


class Corpus:
    """One or more sources, opened but not yet read."""

    def __init__(self, sources: Sequence[Source], config: ReadConfig) -> None:
        self.sources = tuple(sources)
        self._config = config

    @classmethod
    def open(
        cls, corpora: Sequence[CorpusLike], config: ReadConfig, *, offline: bool, progress: Progress = silent
    ) -> Corpus:
        """Open files, folders, globs, URLs, `-`, `hf://owner/name[:split]`, or in-memory data; see `open_sources`.

        Raises:
            InputError: an input is unusable; the message says what to do.
            ConfigError: the format, or the role of a column, is unknown.
        """
        if any(isinstance(each, str) and not each.strip() for each in corpora):
            raise InputError("an empty name: give a file, a folder, - for standard input, or hf://owner/name")
        if config.format is not None:
            by_id(config.format)  # report a misspelled name before reading anything
        View.of(config.columns)
        most = config.max_record_bytes
        sources = open_sources(corpora, max_record_bytes=most, offline=offline, progress=progress)
        return cls(sources, config)

    @property
    def size(self) -> int | None:
        """Total bytes on disk; None if unknown for any source."""
        sizes = [source.size for source in self.sources]
        return None if None in sizes else sum(size for size in sizes if size is not None)

    def parts(self, rows: int) -> Iterator[Part]:
        """Parts of at most `rows` exchanges and about `PART_CHARS` characters; a long sample is split over several.

        Raises:
            InputError: no record of the corpus could be read.
        """
        part, lost, understood = Gathered(), Counter[str](), 0
        for source in self.sources:
            for outcome in self._outcomes(source):
                for _ in part.add(source.name, outcome, rows):
                    if part.is_full(rows):
                        full = part.part()
                        part.clear()
                        lost, understood = lost + full.tally.rejected, understood + full.tally.samples
                        yield full
        last = part.part()
        if not understood + last.tally.samples:
            reasons = "; ".join(
                f"{why} ({count})" for why, count in (lost + last.tally.rejected).most_common(3)
            )
            names = ", ".join(source.name for source in self.sources)
            raise InputError(f"{names}: no record could be read: {reasons or 'none found'}")
        yield last

    def _outcomes(self, source: Source) -> Iterator[Understood | Rejected | Whole | Looked]:
        incoming = source.found()
        head = list(_head(incoming, self._config.sample))
        reading = Reading.of(head, source.name, self._config)
        for number, outcome in enumerate(chain(head, incoming)):
            if isinstance(outcome, Rejected | Whole):
                yield outcome
                continue
            try:
                look = number < len(head) or not number % EVERY
                yield reading.understand(outcome, source.name, look=look)
            except RecordError as error:
                yield rejected(outcome, source.name, error)
        yield reading.watch.looked()


def _head(incoming: Iterator[Found], count: int) -> Iterator[Found]:
    """The first records, those that vote on the format: fewer if they are long, since all are kept until then."""
    left = HEAD_BYTES
    for outcome in islice(incoming, count):
        yield outcome
        left -= 0 if isinstance(outcome, Whole) else len(outcome.raw)
        if left <= 0:
            return
