"""What the page draws: a map of the corpus and score histograms. Counts and positions only, no text."""

from __future__ import annotations

from math import ceil, floor
from typing import Any, NamedTuple

import polars as pl

from mixguard.errors import TaxonomyError
from mixguard.library.exemplar_map import ExemplarMap
from mixguard.library.taxonomy import Taxonomy
from mixguard.report.html.embedded import short_names
from mixguard.run.document import Audit

BINS = 50
TOUCHING = 1500
"""Exchanges drawn that touch a hazard, at most."""
OTHERS = 1500
"""Exchanges drawn that touch none, at most."""
EXEMPLARS = 2000
STANCES = ("full_refusal", "partial_refusal", "full_compliance")


class Chart(NamedTuple):
    """A chart as a sentence, for readers who cannot see it, and as columns, for the page to draw."""

    told: str
    drawn: dict[str, Any]


def draw(audit: Audit) -> dict[str, Chart]:
    """Both histograms, `hazard` and `proximity`, and the `map` if the taxonomy has one."""
    trained = audit.annotations.filter(pl.col("polarity") == 1)
    drawn = {"hazard": _hazard(audit, trained), "proximity": _proximity(audit, trained)}
    placed = _map(audit, trained)
    return {**drawn, "map": placed} if placed else drawn


def _hazard(audit: Audit, trained: pl.LazyFrame) -> Chart:
    limit = audit.hazard_limit
    spread = _histogram(trained, "hazard_score", (0.0, 1.0), limit, pl.col("hazardous"))
    reaching, judged = spread["above"], spread["judged"]
    verb = "reaches" if reaching == 1 else "reach"
    return Chart(f"{reaching:,} of {judged:,} prompts {verb} the limit of {limit:.2g}.", spread)


def _proximity(audit: Audit, trained: pl.LazyFrame) -> Chart:
    limit = audit.detectors.proximity_limit
    ends = _extent(trained, "proximity")
    spread = _histogram(trained, "proximity", ends, limit, pl.col("proximity") >= limit)
    reaching, judged = spread["above"], spread["judged"]
    told = (
        f"{reaching:,} of {judged:,} prompts {'is' if reaching == 1 else 'are'} at or above the limit of {limit:.2g}:"
        " closer to violating exemplars than to benign ones by that margin."
    )
    return Chart(told, spread)


def _histogram(
    trained: pl.LazyFrame, column: str, ends: tuple[float, float], limit: float, reaches: pl.Expr
) -> dict[str, Any]:
    low, high = ends
    judged = trained.filter(pl.col(column).is_not_null())
    number = ((pl.col(column) - low) / (high - low) * BINS).floor().clip(0, BINS - 1).cast(pl.Int64)
    counted = judged.group_by(number.alias("bin")).len().collect()
    counts = [0] * BINS
    for position, count in counted.iter_rows():
        counts[position] = count
    return {
        "counts": counts,
        "low": low,
        "high": high,
        "limit": round(limit, 4),
        # In the column's own type: in a wider one, a value on the limit can fall below it.
        "above": _count(judged.filter(reaches)),
        "judged": sum(counts),
    }


def _count(rows: pl.LazyFrame) -> int:
    return int(rows.select(pl.len()).collect().item())


def _extent(trained: pl.LazyFrame, column: str) -> tuple[float, float]:
    least, most = (
        trained.select(pl.col(column).min().alias("a"), pl.col(column).max().alias("b")).collect().row(0)
    )
    if least is None:
        return -0.5, 0.5
    low, high = floor(least * 10) / 10, ceil(most * 10) / 10
    return low, high if high > low else low + 0.1


def _map(audit: Audit, trained: pl.LazyFrame) -> Chart | None:
    try:
        taxonomy = Taxonomy.load(audit.config.judge.taxonomy)
        layout = ExemplarMap.load(taxonomy)
    except TaxonomyError:  # gone or changed since; the run's own numbers do not need it
        return None
    if layout is None:
        return None
    codes = {code: number for number, code in enumerate(audit.detectors.hazards)}
    # Unjudged exchanges have no neighbours to be placed among.
    judged = trained.filter(pl.col("hazard_score").is_not_null())
    touching, others = judged.filter("hazardous"), judged.filter(~pl.col("hazardous"))
    # Ids are hashes, so the lowest are a random sample, the same every time.
    chosen = pl.concat(
        [others.bottom_k(OTHERS, by="sample_id"), touching.bottom_k(TOUCHING, by="sample_id")]
    ).collect()
    sample = layout.place(chosen).drop_nulls(["x", "y"])
    known = taxonomy.exemplars.join(layout.positions, left_on="id", right_on="exemplar")
    shown = known.sort(pl.col("id").hash(0)).head(EXEMPLARS)
    hazardous = int(sample["hazardous"].sum())
    told = (
        f"{_sampled(sample.height - hazardous, _count(others), 'exchanges that touch no hazard')}"
        f" and {_sampled(hazardous, _count(touching), 'that touch one')},"
        f" among {_sampled(shown.height, known.height, 'exemplars')}."
    )
    drawn = {
        "exchanges": _exchanges(sample, codes),
        "exemplars": _exemplars(shown, codes),
        "hazards": audit.detectors.hazards,
    }
    return Chart(told[0].upper() + told[1:], drawn)


def _sampled(shown: int, there: int, what: str) -> str:
    return f"{there:,} {what}" if shown == there else f"a sample of {shown:,} of the {there:,} {what}"


def _exchanges(sample: pl.DataFrame, codes: dict[str, int]) -> dict[str, Any]:
    hazard = pl.when("hazardous").then("hazard").replace_strict(codes, default=-1)
    shown = sample.select(
        pl.col("x").round(4),
        pl.col("y").round(4),
        hazard.alias("hazard"),
        pl.col("stance").replace_strict(STANCES, range(3), default=3, return_dtype=pl.Int8),
        pl.col("hazard_score").round(2).alias("score"),
        "sample_id",
        "line",
    )
    sources = sample["source"].unique(maintain_order=True)
    number = sample["source"].replace_strict(sources, range(len(sources)), return_dtype=pl.Int64)
    return {
        **shown.to_dict(as_series=False),
        "source": number.to_list(),
        "sources": short_names(sources.to_list()),
    }


def _exemplars(shown: pl.DataFrame, codes: dict[str, int]) -> dict[str, Any]:
    return {
        "x": shown["x"].round(4).to_list(),
        "y": shown["y"].round(4).to_list(),
        "id": shown["id"].to_list(),
        "violating": (shown["label"] == "violating").to_list(),
        "hazard": shown["hazard"].replace_strict(codes, default=-1).to_list(),
    }
