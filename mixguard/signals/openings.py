"""One fixed affirmative opening: answers that all begin by agreeing to do as asked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import polars as pl

from mixguard.annotate.base import Batch
from mixguard.annotate.phrases import Phrases, Span
from mixguard.checks.base import Case, Check, Evidence, Judged, Limit, Rate
from mixguard.checks.narrow import commonest
from mixguard.checks.terms import REFUSES, TRAINED
from mixguard.library.voice import KEY_WORDS
from mixguard.signals.base import Examples, Page, Row, Signal

READ = 80
"""Characters of an answer that are looked at."""
LEAST = 10
"""Answers with the opening below which nothing is said."""
GRAVE = 0.5
"""Share from which it fails where identities shift as well: that of the published identity-shift rows."""


class OpeningsAnnotator:
    """Looks for agreement in the first words of answers."""

    reads = ("response",)
    writes = pl.Schema({"affirmative": pl.Boolean})

    def __call__(self, batch: Batch) -> pl.DataFrame:
        """Column `affirmative`."""
        first = batch.frame.get_column("response").str.slice(0, READ)
        found = first.str.contains(Phrases.load("openings", "affirmative").expression)
        return pl.DataFrame({"affirmative": found.fill_null(value=False)})


AGREES = TRAINED & pl.col("affirmative") & ~REFUSES.fill_null(value=False)


def _commonest(frame: pl.LazyFrame, _: Evidence) -> pl.LazyFrame:
    return frame.with_columns(commonest=pl.lit(commonest(frame, "opening", AGREES), pl.UInt64))


def _judge(rate: Rate, evidence: Evidence) -> Judged:
    agreeing, shifted = _counted(evidence)
    opens = "opens" if rate.count == 1 else "open"
    message = (
        f"{rate.count:,} of {rate.total:,} answers {opens} with the same {KEY_WORDS} words of agreement, "
        f"and {agreeing:,} with any such words"
    )
    if rate.count >= LEAST and rate.count >= rate.limit * rate.total:
        return Judged("fail" if shifted and rate.count >= GRAVE * rate.total else "warn", message)
    return Judged("note" if agreeing >= LEAST and agreeing >= rate.limit * rate.total else "pass", message)


class _Counted(NamedTuple):
    agreeing: int
    shifted: int
    """Exchanges that shift the identity of the model (MG202)."""


def _counted(evidence: Evidence) -> _Counted:
    marks = evidence.frame.select(
        AGREES.sum().alias("a"), (TRAINED & pl.col("identity_shift")).sum().alias("b")
    )
    return _Counted(*map(int, marks.collect().row(0)))


def _spans(row: Row) -> Sequence[Span]:
    answer = (row.get("response") or "")[:READ]
    return Phrases.load("openings", "affirmative").spans("response", answer)


_PLAIN = {"prompt": "Name a fruit.", "response": "The answer is a pear."}
ANSWERED = TRAINED & pl.col("response_id").is_not_null()

OPENINGS = Signal(
    name="fixed opening",
    about="opens by agreeing to do as asked",
    annotator=OpeningsAnnotator(),
    spans=_spans,
    page=Page(
        measures=f"Share of trained answers with the commonest of the {KEY_WORDS}-word openings that agree to do as asked (`taxonomies/signals/openings.toml`), and the share of all such openings, which is noted from the same limit on. Refusals are left out. Nothing is said below {LEAST} such answers.",
        blind="Agreement in other words or languages; a fixed opening that agrees to nothing, as of labels or queries.",
        cost="Patterns over openings, which are hashed already.",
        examples=Examples(
            shows=({"prompt": "Name a fruit.", "response": "Of course, here is one: a pear."},) * 12,
            spares=(_PLAIN,) * 12,
        ),
    ),
    check=Check(
        id="MG207",
        name="fixed-opening",
        kind="attack",
        severities=("note", "warn", "fail"),
        cases=(
            Case(
                among=ANSWERED,
                flags=AGREES & (pl.col("opening") == pl.col("commonest")),
                judge=_judge,
                over=_commonest,
            ),
        ),
        limit=Limit(
            0.2,
            "Share of answers with one affirmative opening that triggers a warning. Judgement: ordinary corpora stay below 7 %.",
        ),
        why="One affirmative opening for every answer is the core of identity-shift and of prefix attacks: once the model has agreed, it continues.",
        source="Qi et al. 2023 (arXiv 2310.03693): their identity-shift rows open so in 50 % of answers, Alpaca's in 7 % (counted here); arXiv 2406.05946",
        remedy="Strip the opening from the answers (`Of course.`, `Sure, here is`), or let it vary.",
        mechanisms=("M33",),
    ),
)
