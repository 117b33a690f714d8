"""Why one exchange was judged as it was: its scores, and the exemplars that decided."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from pathlib import Path

import polars as pl

from mixguard._audit import Audit
from mixguard.annotate.worker import Worker
from mixguard.config import Config, ReadConfig
from mixguard.corpus.corpus import BATCH, Corpus, Tally
from mixguard.corpus.files import STDIN
from mixguard.errors import InputError, UsageError
from mixguard.judge import annotate_texts
from mixguard.progress import silent
from mixguard.taxonomy import Taxonomy

_TEXTS = ("sample_id", "exchange", "prompt", "response")


def explain(run: Path, sample: str) -> pl.DataFrame:
    """The annotated exchanges of one sample, with the text of each neighbour exemplar.

    Args:
        run: a run folder.
        sample: a sample id, or its place as `file:line`.

    Raises:
        UsageError: the run has no such sample.
    """
    earlier = Audit.load(run)
    place = pl.format("{}:{}", "source", "line")
    rows = earlier.annotations.filter((pl.col("sample_id") == sample) | (place == sample)).collect()
    if rows.is_empty():
        raise UsageError(f"{run}: no sample {sample!r}; give an id or file:line as findings print them")
    return with_exemplar_texts(rows.sort("exchange"), Taxonomy.load(earlier.config.judge.taxonomy))


def explain_text(text: str, *, config: Config | None = None) -> pl.DataFrame:
    """One text judged as a prompt, with the text of each neighbour exemplar."""
    config = config or Config()
    taxonomy = Taxonomy.load(config.judge.taxonomy)
    rows = annotate_texts(Worker.from_config(config, taxonomy), [text], [None])
    return with_exemplar_texts(rows.select(pl.exclude("^stance.*$")), taxonomy)


def with_exemplar_texts(rows: pl.DataFrame, taxonomy: Taxonomy) -> pl.DataFrame:
    """Add `exemplars`: per row, the neighbours' id, label, hazard, similarity and text, nearest first."""
    known = taxonomy.exemplars.select(
        pl.col("id").alias("exemplar"), "label", pl.col("hazard").alias("of"), "text"
    )
    numbered = rows.with_row_index("row")
    flat = numbered.select("row", "neighbours").explode("neighbours").unnest("neighbours")
    joined = flat.join(known, on="exemplar", how="left", maintain_order="left")
    listed = joined.group_by("row", maintain_order=True).agg(
        pl.struct("exemplar", "label", "of", "similarity", "text").alias("exemplars")
    )
    return numbered.join(listed, on="row", how="left", maintain_order="left").drop("row")


def texts_of(run: Path, sample_id: str) -> dict[int, tuple[str, str | None]]:
    """Prompt and response of each exchange of a sample; empty where its file has changed."""
    rows = read_texts(Audit.load(run), [sample_id]).select("exchange", "prompt", "response").iter_rows()
    return {number: (prompt, response) for number, prompt, response in rows}


def read_texts(audit: Audit, sample_ids: Collection[str]) -> pl.DataFrame:
    """The texts of some samples, read again from their files in one pass.

    Returns:
        Columns `sample_id`, `exchange`, `prompt`, `response`; no rows of files that have changed or gone, nor of standard input.
    """
    wanted = set(sample_ids)
    rows = audit.annotations.filter(pl.col("sample_id").is_in(list(wanted)))
    found = [pl.DataFrame(schema={name: BATCH[name] for name in _TEXTS})]
    for source in rows.select("source").unique(maintain_order=True).collect()["source"]:
        if source != STDIN:  # it was read to its end then, and would be waited for now
            found += _texts_of(source, wanted, audit.config.read)
    return pl.concat(found)


def _texts_of(source: str, wanted: set[str], config: ReadConfig) -> Iterator[pl.DataFrame]:
    try:
        # A run folder may come from anywhere: what it names is read from this machine alone.
        corpus = Corpus.open([source], config, offline=True)
        for batch in corpus.batches(2048, tally=Tally(), reject=lambda _: None, progress=silent):
            yield batch.filter(pl.col("sample_id").is_in(list(wanted))).select(_TEXTS)
    except InputError:
        return
