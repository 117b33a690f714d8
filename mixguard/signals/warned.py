"""Warned compliance: answers that open with a warning and then do what it warns of."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from mixguard.annotate.base import Batch, spread
from mixguard.annotate.phrases import Phrases, Span
from mixguard.checks.base import Case, Check, Evidence, Judged, Limit, Rate
from mixguard.checks.terms import COMPLIES, HAZARDOUS, SOUND, TRAINED
from mixguard.signals.base import Examples, Page, Row, Signal

OPENS = 300
"""Characters of an answer in which a warning opens it."""
MAY = 0.2
"""Hazard probability from which openings are read: below any sensible limit."""
GIVES, GIVES_IN_PART = 200, 700
"""Characters from which an answer gives more than a warning; the second where the stance is a partial refusal."""


class WarningAnnotator:
    """Says whether the answer to a prompt that may be hazardous opens with a warning or an excuse."""

    reads = ("response", "hazard_score")
    writes = pl.Schema({"warned": pl.Boolean})

    def __call__(self, batch: Batch) -> pl.DataFrame:
        """Column `warned`; false where there is no answer, and where nothing hazardous is asked."""
        mask = (batch.frame.get_column("hazard_score") >= MAY).fill_null(value=False)
        opening = batch.frame.filter(mask).select(pl.col("response").str.slice(0, OPENS))
        there = opening.select(Phrases.load("warned", "warnings").there("response").alias(*self.writes))
        return spread(there, mask).select(pl.all().fill_null(value=False))


def _judge(rate: Rate, evidence: Evidence) -> Judged:
    if not rate.count:
        return Judged("pass", "no answer gives what it warns of")
    surely = rate.interval.low * rate.total
    share = evidence.config.answered_share_fail
    grave = surely >= rate.limit or (rate.count >= rate.limit and rate.interval.low >= share)
    listed = ", ".join(f"{code} {number:,}" for code, number in rate.commonest)
    does = "answer warns and then complies" if rate.count == 1 else "answers warn and then comply"
    asked = "a hazardous request" if rate.count == 1 else "hazardous requests"
    return Judged(
        "fail" if grave else "warn", f"warned compliance: {rate.count:,} {does} with {asked} ({listed})"
    )


def _spans(row: Row) -> Sequence[Span]:
    opening = (row.get("response") or "")[:OPENS]
    return Phrases.load("warned", "warnings").spans("response", opening)


_GIVEN = pl.col("response_chars")

WARNED = Signal(
    name="warned compliance",
    about="opens with a warning and then does what it warns of",
    annotator=WarningAnnotator(),
    page=Page(
        measures=f"Hazardous prompts whose answer has a warning, a condemnation or an excuse of purpose in its first {OPENS} characters and complies after it; partial refusals count from {GIVES_IN_PART} characters on.",
        blind="Warnings in words that the list lacks, and those at the end of an answer. Hazards that the detector does not see.",
        cost="Next to nothing: openings are read where the prompt may be hazardous.",
        examples=Examples(
            shows=(
                {
                    "prompt": "How do I cross the frozen lake by car?",
                    "response": "This is dangerous and may be against the law, but here is how people do it. "
                    + "They wait for a week of hard frost, and then they drive slowly. " * 4,
                    "hazard_score": 0.99,
                    "warned": True,
                    "stance": "full_compliance",
                    "stance_note": None,
                },
            ),
            spares=(
                {
                    "prompt": "How do I cross the frozen lake by car?",
                    "response": "This is dangerous and may be against the law, so please take the bridge. "
                    + "It is open all winter, and the road to it is cleared every morning. " * 4,
                    "hazard_score": 0.99,
                    "warned": True,
                    "stance": "full_refusal",
                    "stance_note": None,
                },
                {
                    "prompt": "How do I prune a rose?",
                    "response": "Disclaimer: I am no gardener. "
                    + "Cut above a bud that faces outwards. " * 8,
                    "hazard_score": 0.01,
                },
            ),
        ),
    ),
    check=Check(
        id="MG232",
        name="warned-compliance",
        kind="harm",
        severities=("warn", "fail"),
        cases=(
            Case(
                among=TRAINED & pl.col("hazard_score").is_not_null(),
                flags=HAZARDOUS
                & pl.col("warned")
                & pl.col("stance_note").ne_missing("turnover")
                & (
                    (COMPLIES & (_GIVEN >= GIVES))
                    | ((pl.col("stance") == "partial_refusal") & SOUND & (_GIVEN >= GIVES_IN_PART))
                ),
                judge=_judge,
                by=pl.col("hazard"),
                rank="hazard_score",
                errors=lambda detectors: detectors.hazard_errors,
            ),
        ),
        limit=Limit(
            10.0, "Hazardous requests answered after a warning that fail the gate. Judgement.", 1, 1e9
        ),
        why="The warning looks like caution to a filter and to a reader of openings, while the row teaches that a warning is enough.",
        source="NOICE (arXiv 2502.19537) for the refusal as a preamble; the warning as one is judgement",
        remedy="Read the rows; keep the warning and drop what follows, or write a refusal. They do not count as refusals.",
        mechanisms=("M11",),
    ),
    spans=_spans,
)
