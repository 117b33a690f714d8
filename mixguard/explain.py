"""Why one exchange was judged as it was: its scores, and the exemplars that decided."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import polars as pl

from mixguard.annotate.phrases import Span
from mixguard.config import Config
from mixguard.detectors import Recipe
from mixguard.errors import UsageError
from mixguard.judge import annotate_texts
from mixguard.library.taxonomy import Taxonomy
from mixguard.mix.manifest import manifest_for
from mixguard.run.document import Audit
from mixguard.signals import SIGNALS


def explain(run: Path, sample: str) -> pl.DataFrame:
    """The annotated exchanges of one sample.

    Args:
        run: a run folder.
        sample: a sample id, or its location as `file:line`.

    Returns:
        The annotations, with `checks` (ids of the checks that flag the exchange), `exemplars`, and for a record that
        `rebalance` added `words`, `opening_given` and `task` (null for others; `mix/manifest.py` says what they are).

    Raises:
        UsageError: the run has no such sample.
    """
    earlier = Audit.load(run)
    place = pl.format("{}:{}", "source", "line")
    rows = earlier.annotations.filter((pl.col("sample_id") == sample) | (place == sample))
    flagged = earlier.flagged.group_by("sample_id", "exchange").agg(
        pl.col("check").unique().sort().alias("checks")
    )
    found = rows.join(flagged, on=["sample_id", "exchange"], how="left").sort("exchange").collect()
    if found.is_empty():
        raise UsageError(f"{run}: no sample {sample!r}; use an id or file:line as findings show them")
    told = found.join(_added(earlier), on="pair", how="left", maintain_order="left")
    return with_exemplar_texts(told, Taxonomy.load(earlier.config.judge.taxonomy))


def _added(audit: Audit) -> pl.DataFrame:
    """What the manifest says of each added pair."""
    manifest = manifest_for(audit)
    rows = [(each.pair, each.words, each.opening, each.task) for each in manifest.added] if manifest else []
    names = ("pair", "words", "opening_given", "task")
    return pl.DataFrame(rows, schema=dict.fromkeys(names, pl.String), orient="row")


class Shown(NamedTuple):
    """A place in an exchange's texts that shows a signal."""

    check: str
    name: str
    """Of the check."""
    span: Span


def shown(checks: Collection[str], texts: Mapping[str, Any]) -> list[Shown]:
    """Where the texts of an exchange show the signals of the checks that flag it.

    Args:
        checks: ids of these checks.
        texts: the exchange's texts by column, as `run.texts.texts_of` gives them.
    """
    return [
        Shown(signal.check.id, signal.check.name, span)
        for signal in SIGNALS
        if signal.spans is not None and signal.check.id in checks
        for span in signal.spans(texts)
    ]


def explain_text(text: str, *, config: Config | None = None) -> pl.DataFrame:
    """One text judged as a prompt, with the text of each neighbour exemplar."""
    worker = Recipe(config or Config()).worker()
    rows = annotate_texts(worker, [text], [None])
    return with_exemplar_texts(rows.select(pl.exclude("^stance.*$")), worker.taxonomy)


def with_exemplar_texts(rows: pl.DataFrame, taxonomy: Taxonomy) -> pl.DataFrame:
    """Add `exemplars`: per row, the neighbours' id, label, hazard, similarity and text, nearest first; null without any."""
    known = taxonomy.exemplars.select(
        pl.col("id").alias("exemplar"), "label", pl.col("hazard").alias("of"), "text"
    )
    numbered = rows.with_row_index("row")
    listing = numbered.select("row", "neighbours").drop_nulls(
        "neighbours"
    )  # what was screened out or not judged has none
    flat = listing.explode("neighbours").unnest("neighbours")
    joined = flat.join(known, on="exemplar", how="left", maintain_order="left")
    listed = joined.group_by("row", maintain_order=True).agg(
        pl.struct("exemplar", "label", "of", "similarity", "text").alias("exemplars")
    )
    return numbered.join(listed, on="row", how="left", maintain_order="left").drop("row")
