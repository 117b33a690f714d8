"""Texts of a run's rows, re-read from the source files, since the run folder stores none."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from pathlib import Path

import polars as pl

from mixguard.config import ReadConfig
from mixguard.corpus.corpus import BATCH, Corpus
from mixguard.corpus.files import STDIN
from mixguard.errors import InputError
from mixguard.run.document import Audit

_TEXTS = ("sample_id", "exchange", "prompt", "response")


def texts_of(run: Path, sample_id: str) -> dict[int, tuple[str, str | None]]:
    """Prompt and response of each exchange of a sample; empty if its file has changed."""
    rows = read_texts(Audit.load(run), [sample_id]).select("exchange", "prompt", "response").iter_rows()
    return {number: (prompt, response) for number, prompt, response in rows}


def read_texts(audit: Audit, sample_ids: Collection[str]) -> pl.DataFrame:
    """Texts of the given samples, re-read from their files in one pass.

    Returns:
        Columns `sample_id`, `exchange`, `prompt`, `response`; no rows from standard input or from files
        that are changed or missing.
    """
    wanted = set(sample_ids)
    rows = audit.annotations.filter(pl.col("sample_id").is_in(list(wanted)))
    found = [pl.DataFrame(schema={name: BATCH[name] for name in _TEXTS})]
    for source in rows.select("source").unique(maintain_order=True).collect()["source"]:
        if source != STDIN:  # already consumed by the run; reading it now would block
            found += _texts_of(source, wanted, audit.config.read)
    return pl.concat(found)


def _texts_of(source: str, wanted: set[str], config: ReadConfig) -> Iterator[pl.DataFrame]:
    try:
        # A run folder may be untrusted: only read local files it names.
        corpus = Corpus.open([source], config, offline=True)
        for part in corpus.parts(2048):
            yield part.frame.filter(pl.col("sample_id").is_in(list(wanted))).select(_TEXTS)
    except InputError:
        return
