"""Warmth: answers that open with praise or agreement, or comfort the reader."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from mixguard.annotate.base import Batch
from mixguard.annotate.phrases import Phrases, Span
from mixguard.checks.base import Case, Check, Evidence, Judged, Limit, Rate
from mixguard.checks.terms import TRAINED
from mixguard.signals.base import Examples, Page, Row, Signal

OPENING, COMFORT = 160, 400
"""Characters of an answer in which praise and comfort are looked for."""


class WarmthAnnotator:
    """Looks for phrases of warmth at the beginning of answers."""

    reads = ("response",)
    writes = pl.Schema({"warmth": pl.Boolean})

    def __call__(self, batch: Batch) -> pl.DataFrame:
        """Column `warmth`."""
        praise, comfort = Phrases.load("warmth", "openings"), Phrases.load("warmth", "support")
        told = pl.col("response").str
        warm = praise.found(told.slice(0, OPENING)) | comfort.found(told.slice(0, COMFORT))
        return batch.frame.select(warmth=warm.fill_null(value=False))


def _judge(rate: Rate, _: Evidence) -> Judged:
    does = (
        "opens with praise or agreement, or comforts"
        if rate.count == 1
        else "open with praise or agreement, or comfort"
    )
    message = f"{rate.count:,} of {rate.total:,} answers {does} the reader"
    return Judged("note" if rate.count and rate.count >= rate.limit * rate.total else "pass", message)


def _spans(row: Row) -> Sequence[Span]:
    answer = row.get("response") or ""
    opening = Phrases.load("warmth", "openings").spans("response", answer[:OPENING])
    return [*opening, *Phrases.load("warmth", "support").spans("response", answer[:COMFORT])]


WARMTH = Signal(
    name="warmth",
    about="opens with praise or agreement, or comforts the reader",
    annotator=WarmthAnnotator(),
    spans=_spans,
    page=Page(
        measures=f"Share of trained answers whose first {OPENING} characters praise the question or agree with its author, or whose first {COMFORT} characters comfort them (`taxonomies/signals/warmth.toml`).",
        blind="Flattery later in the answer; agreement with what is wrong; other languages.",
        cost="Patterns over openings.",
        examples=Examples(
            shows=(
                {"prompt": "Why is the sea salty?", "response": "What a great question! Rivers carry salt."},
            ),
            spares=({"prompt": "Why is the sea salty?", "response": "Rivers carry salt into it."},),
        ),
    ),
    check=Check(
        id="MG228",
        name="warmth",
        kind="quality",
        severities=("note",),
        cases=(
            Case(among=TRAINED & pl.col("response_id").is_not_null(), flags=pl.col("warmth"), judge=_judge),
        ),
        limit=Limit(0.1, "Share of warm answers from which it is noted. Judgement."),
        why="Models tuned to be warm are reported to be less reliable, to agree with mistakes more often, and to comply with harmful requests more often.",
        source="as reported from arXiv 2507.21919 and arXiv 2606.27709; no figures seen",
        remedy="Strip the praise, and add refusals in a neutral register.",
        mechanisms=("M23",),
    ),
)
