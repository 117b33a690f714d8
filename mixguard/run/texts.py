"""Texts of a run's rows, re-read from the source files, since the run folder stores none."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import Any

import polars as pl

from mixguard.columns import TEXT
from mixguard.corpus.corpus import BATCH, Corpus
from mixguard.corpus.files import STDIN
from mixguard.errors import InputError
from mixguard.remote import named
from mixguard.run.document import Audit
from mixguard.urls import same_place

_TEXTS = ("sample_id", "exchange", "prompt", "response")


def texts_of(run: Path, sample_id: str) -> dict[int, dict[str, Any]]:
    """The texts of each exchange of a sample, by column (`columns.TEXT`); empty if its file has changed."""
    rows = read_texts(Audit.load(run), [sample_id], ("sample_id", "exchange", *TEXT))
    return {row["exchange"]: row for row in rows.iter_rows(named=True)}


def read_texts(audit: Audit, sample_ids: Collection[str], columns: Sequence[str] = _TEXTS) -> pl.DataFrame:
    """Texts of the given samples, re-read from their files in one pass that ends with the last of them.

    Returns:
        The columns; no rows from standard input or from files that are changed or missing.
    """
    found = [pl.DataFrame(schema={name: BATCH[name] for name in columns})]
    return pl.concat([*found, *(part.select(columns) for part in text_parts(audit, sample_ids))])


def text_parts(audit: Audit, sample_ids: Collection[str]) -> Iterator[pl.DataFrame]:
    """The exchanges of the given samples with their texts, part by part, in the order of the corpus; see `read_texts`."""
    wanted = set(sample_ids)
    rows = audit.annotations.filter(pl.col("sample_id").is_in(list(wanted)))
    counts = rows.group_by("source", maintain_order=True).len().collect()
    for source, count in counts.iter_rows():
        if source != STDIN:  # already consumed by the run; reading it now would block
            yield from _texts_of(audit, source, wanted, count)


def open_source(audit: Audit, source: str) -> Corpus:
    """One source of a run, opened again.

    A run may be from elsewhere, and then says nothing of where to go: local files are read, what was fetched before, and
    what lies where the run itself was fetched from.

    Raises:
        InputError: it is missing, or elsewhere.
    """
    offline = not same_place(source, named(audit.folder))
    return Corpus.open([source], audit.config.read, offline=offline)


def _texts_of(audit: Audit, source: str, wanted: set[str], count: int) -> Iterator[pl.DataFrame]:
    try:
        for part in open_source(audit, source).parts(2048):
            there = part.frame.filter(pl.col("sample_id").is_in(list(wanted)))
            yield there
            count -= there.height
            if count <= 0:
                return
    except InputError:
        return
