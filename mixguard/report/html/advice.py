"""The command that the page suggests: one that works as shown, or none."""

from __future__ import annotations

import shlex
from pathlib import Path

import polars as pl

from mixguard.corpus.files import STDIN
from mixguard.corpus.files.hub import HUB
from mixguard.corpus.files.sniff import COMPRESSION, TEXT, suffix_of
from mixguard.remote import named
from mixguard.run.document import Audit

FOLDER = "mix"
"""Output folder for several files."""


def command(audit: Audit) -> str | None:
    """`mixguard rebalance` for this run; None if it would not write a mix, or cannot be shown as typed."""
    sources = list(audit.corpus.sources)
    out = _output(sources)
    if out is None or not _has_answers(audit):
        return None
    written = shlex.join(["mixguard", "rebalance", named(audit.folder), "-o", out])
    return written if written.isprintable() else None


def _output(sources: list[str]) -> str | None:
    """A name that `mix.write.targets` accepts: of the corpus's type, and not an input's."""
    if not sources or not all(map(_can_be_written, sources)):
        return None
    if len(sources) == 1:
        return _beside(Path(sources[0]).name)
    inputs = {Path(source) for source in sources}
    outputs = {Path(FOLDER, source.name) for source in inputs}
    return FOLDER if len(inputs | outputs) == 2 * len(sources) else None


def _can_be_written(source: str) -> bool:
    return source != STDIN and not source.startswith(HUB) and suffix_of(source) in (*TEXT, ".parquet")


def _beside(name: str) -> str:
    """`data.jsonl.gz` as `data.safe.jsonl.gz`."""
    path, packed = Path(name), ""
    if path.suffix.lower() in COMPRESSION:
        path, packed = Path(path.stem), path.suffix
    return f"{path.stem}.safe{path.suffix}{packed}"


def _has_answers(audit: Audit) -> bool:
    """Whether any response is trained on: new rows take the shape of those rows."""
    answered = audit.annotations.filter((pl.col("polarity") == 1) & pl.col("response_id").is_not_null())
    return not answered.head(1).collect().is_empty()
