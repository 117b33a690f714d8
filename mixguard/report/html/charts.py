"""What the page draws: the map of the corpus, and how scores are spread. Counts and places only, no text."""

from __future__ import annotations

from math import ceil, floor
from typing import Any, NamedTuple

import polars as pl

from mixguard._audit import Audit
from mixguard.errors import TaxonomyError
from mixguard.exemplar_map import ExemplarMap
from mixguard.report.html.rows import short_name
from mixguard.taxonomy import Taxonomy

BINS = 50
TOUCHING = 1500
"""Exchanges drawn that touch a hazard."""
OTHERS = 1500
"""Exchanges drawn that touch none."""
EXEMPLARS = 2000
STANCES = ("full_refusal", "partial_refusal", "full_compliance")


class Charts(NamedTuple):
    """Each chart as a sentence, for those who cannot see it, and as columns, for the page to draw."""

    told: dict[str, str]
    drawn: dict[str, Any]


def charts(audit: Audit) -> Charts:
    """The map, where the taxonomy has one, and both histograms."""
    trained = audit.annotations.filter(pl.col("polarity") == 1)
    hazard = _histogram(trained, "hazard_score", 0.0, 1.0, audit.hazard_limit)
    low, high = _extent(trained, "proximity")
    proximity = _histogram(trained, "proximity", low, high, audit.detectors.proximity_limit)
    told = {
        "hazard": f"{hazard['above']:,} of {hazard['judged']:,} prompts reach the limit of {audit.hazard_limit:.3g}.",
        "proximity": f"{proximity['above']:,} of {proximity['judged']:,} prompts lie at or beyond the limit of"
        f" {audit.detectors.proximity_limit:.3g}: nearer to violating exemplars than to benign ones by that much.",
    }
    drawn: dict[str, Any] = {"hazard": hazard, "proximity": proximity}
    placed = _map(audit, trained)
    return (
        Charts({**told, "map": placed.told}, {**drawn, "map": placed.drawn})
        if placed
        else Charts({**told, "map": ""}, drawn)
    )


def _histogram(trained: pl.LazyFrame, column: str, low: float, high: float, limit: float) -> dict[str, Any]:
    judged = trained.select(pl.col(column).cast(pl.Float64)).drop_nulls()
    number = ((pl.col(column) - low) / (high - low) * BINS).floor().clip(0, BINS - 1).cast(pl.Int64)
    counted = judged.group_by(number.alias("bin")).len().collect()
    counts = [0] * BINS
    for position, count in counted.iter_rows():
        counts[position] = count
    above = int(judged.filter(pl.col(column) >= limit).select(pl.len()).collect().item())
    return {
        "counts": counts,
        "low": low,
        "high": high,
        "limit": round(limit, 4),
        "above": above,
        "judged": sum(counts),
    }


def _extent(trained: pl.LazyFrame, column: str) -> tuple[float, float]:
    least, most = (
        trained.select(pl.col(column).min().alias("a"), pl.col(column).max().alias("b")).collect().row(0)
    )
    if least is None:
        return -0.5, 0.5
    low, high = floor(least * 10) / 10, ceil(most * 10) / 10
    return low, high if high > low else low + 0.1


class _Drawn(NamedTuple):
    told: str
    drawn: dict[str, Any]


def _map(audit: Audit, trained: pl.LazyFrame) -> _Drawn | None:
    try:
        taxonomy = Taxonomy.load(audit.config.judge.taxonomy)
    except TaxonomyError:  # it has gone or changed since: the run's own numbers stand without it
        return None
    layout = ExemplarMap.load(taxonomy)
    if layout is None:
        return None
    # Ids are hashes, so the lowest are a random sample, and the same one every time.
    touching = trained.filter("hazardous").bottom_k(TOUCHING, by="sample_id")
    others = trained.filter(~pl.col("hazardous")).bottom_k(OTHERS, by="sample_id")
    sample = layout.place(pl.concat([others, touching]).collect()).drop_nulls(["x", "y"])
    codes = [*audit.detectors.hazards]
    exchanges = sample.select(
        pl.col("x").round(4),
        pl.col("y").round(4),
        pl.when("hazardous")
        .then(pl.col("hazard"))
        .replace_strict(codes, range(len(codes)), default=-1)
        .alias("hazard"),
        pl.col("stance").replace_strict(STANCES, range(3), default=3, return_dtype=pl.Int8),
        pl.col("hazard_score").round(2).alias("score"),
        "sample_id",
        "line",
        "source",
    )
    sources = exchanges["source"].unique(maintain_order=True).to_list()
    columns = {name: exchanges[name].to_list() for name in exchanges.columns if name != "source"}
    columns["source"] = (
        exchanges["source"].replace_strict(sources, range(len(sources))).to_list() if sources else []
    )
    columns["sources"] = [short_name(name) for name in sources]
    shown = (
        taxonomy.exemplars.join(layout.positions, left_on="id", right_on="exemplar")
        .sort(pl.col("id").hash(0))
        .head(EXEMPLARS)
    )
    exemplars = {
        "x": shown["x"].round(4).to_list(),
        "y": shown["y"].round(4).to_list(),
        "id": shown["id"].to_list(),
        "violating": (shown["label"] == "violating").to_list(),
        "hazard": shown["hazard"].replace_strict(codes, range(len(codes)), default=-1).to_list(),
    }
    hazardous = int(sample["hazardous"].sum())
    told = f"{sample.height - hazardous:,} exchanges that touch no hazard and {hazardous:,} that do, among {shown.height:,} exemplars."
    return _Drawn(told, {"exchanges": columns, "exemplars": exemplars, "hazards": audit.detectors.hazards})
