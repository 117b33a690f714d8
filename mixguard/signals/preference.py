"""Preferences that teach the wrong thing: pairs that reject a refusal, and pairs that are odd in other ways."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import polars as pl

from mixguard.annotate.base import Batch
from mixguard.annotate.phrases import Phrases, Span
from mixguard.checks.base import Aside, Case, Check, Evidence, Judged, Limit, Rate
from mixguard.checks.terms import BENIGN, COMPLIES, HAZARDOUS, JUDGED, REFUSES, TRAINED
from mixguard.signals.base import Examples, Page, Row, Signal

OPENS = 160
"""Characters of an answer in which praise is looked for."""
ORDINARY = 0.02
"""Share of pairs that ordinary preference corpora stay below: in two public ones it is about 1 %. Judgement."""
ASKED = ("sample_id", "prompt_id")
"""What the two sides of a pair have in common."""
OTHER = ("other_there", "other_declines", "other_complies", "other_praises", "other_same")
"""What is said of the other side."""

DECLINES = REFUSES & pl.col("stance_note").ne_missing("inability")
REJECTED = pl.col("polarity") == -1
PAIRED = TRAINED & pl.col("other_there")
"""The chosen side of a pair."""
ALONE = REJECTED & ~pl.col("other_there")
"""An answer labelled undesirable, with no better one beside it (KTO)."""
REJECTS_REFUSAL = (PAIRED & COMPLIES & pl.col("other_declines")) | (ALONE & DECLINES)


class PraiseAnnotator:
    """Says whether an answer opens with praise or agreement."""

    reads = ("response",)
    writes = pl.Schema({"preference_praise": pl.Boolean})

    def __call__(self, batch: Batch) -> pl.DataFrame:
        """Column `preference_praise`; false where there is no answer."""
        opening = batch.frame.select(pl.col("response").str.slice(0, OPENS))
        return opening.select(Phrases.load("preference", "praise").there("response").alias(*self.writes))


def _sides(frame: pl.LazyFrame, _: Evidence | None = None) -> pl.LazyFrame:
    """Each answer with what the other side of its pair does; the other side of a rejected answer is not looked at."""
    rejected = frame.filter(REJECTED)
    if rejected.head(1).collect(engine="streaming").is_empty():  # no pairs, as in most corpora
        return frame.with_columns(pl.lit(value=False).alias(name) for name in OTHER)
    others = rejected.group_by(ASKED).agg(
        other_there=pl.lit(value=True).first(),
        other_declines=(DECLINES & JUDGED).any(),
        other_complies=(COMPLIES & JUDGED).any(),
        other_praises=pl.col("preference_praise").any(),
    )
    chosen = frame.filter(TRAINED).select(ASKED).unique().with_columns(other_chosen=pl.lit(value=True))
    texts = ["prompt_id", "response_id"]
    undesired = rejected.select(texts).unique().with_columns(other_same=pl.lit(value=True))
    joined = (
        frame.join(others, on=ASKED, how="left")
        .join(chosen, on=ASKED, how="left")
        .join(undesired, on=texts, how="left")
    )
    there = pl.when(REJECTED).then("other_chosen").otherwise("other_there")
    return joined.with_columns(other_there=there).with_columns(pl.col(OTHER).fill_null(value=False))


def _opposite(frame: pl.LazyFrame) -> int:
    """How often a refusal of a hazardous prompt is preferred."""
    sides = _sides(frame)
    pairs = PAIRED & DECLINES & ~pl.col("other_declines")
    # Where answers are labelled one by one, each is half a pair.
    labelled = (
        sides.filter(ALONE).select("source", "format").unique().with_columns(labelled=pl.lit(value=True))
    )
    apart = pl.col("labelled").fill_null(value=False) & ~pl.col("other_there")
    prefers = pairs | (apart & ((TRAINED & DECLINES) | (REJECTED & COMPLIES)))
    found = sides.join(labelled, on=["source", "format"], how="left").filter(HAZARDOUS & prefers)
    return int(found.select(pl.len()).collect().item())


def _rejected(rate: Rate, evidence: Evidence) -> Judged:
    if not rate.count:
        return Judged("pass", "no preference rejects a refusal" if rate.total else "no preferences to judge")
    opposite = _opposite(evidence.frame)
    does = "preference rejects a refusal" if rate.count == 1 else "preferences reject a refusal"
    split = ", ".join(f"{number:,} on {prompts}" for prompts, number in rate.commonest)
    message = (
        f"rejected refusals: {rate.count:,} of {rate.total:,} {does} ({split}); "
        f"{opposite:,} {'prefers' if opposite == 1 else 'prefer'} a refusal of a hazardous prompt"
    )
    if opposite >= rate.count:
        return Judged("note", message)
    grave = rate.count >= rate.limit and rate.count >= ORDINARY * rate.total
    return Judged("fail" if grave else "warn", message)


PROMPTS = (
    pl.when(HAZARDOUS)
    .then(pl.lit("hazardous prompts"))
    .when(BENIGN)
    .then(pl.lit("benign prompts"))
    .otherwise(pl.lit("doubtful prompts"))
)


def _spans(row: Row) -> Sequence[Span]:
    opening = (row.get("response") or "")[:OPENS]
    return Phrases.load("preference", "praise").spans("response", opening)


_QUESTION, _ANSWER = "Which glue holds wood best?", "Wood glue. Clamp it overnight."
_PAIR = {"sample_id": "a" * 16, "prompt": _QUESTION}
_DECLINED = {"response": "I can't help with that.", "stance": "full_refusal", "stance_note": None}

REJECTED_REFUSALS = Signal(
    name="rejected refusals",
    about="rejects a refusal",
    annotator=PraiseAnnotator(),
    page=Page(
        measures="Pairs whose rejected answer refuses and whose chosen one does as asked, and refusals labelled undesirable (KTO), against those that prefer a refusal of a hazardous prompt.",
        blind="Refusals that the stance detector does not see. Whether the model to be tuned would have refused. Rankings of several answers count as one pair.",
        cost="A join of the preferences with themselves; nothing where there are none.",
        examples=Examples(
            shows=({**_PAIR, "response": _ANSWER}, {**_PAIR, **_DECLINED, "polarity": -1, "exchange": 1}),
            spares=(
                {**_PAIR, "response": _ANSWER},
                {**_PAIR, "response": "Any glue, I suppose.", "polarity": -1, "exchange": 1},
            ),
        ),
    ),
    check=Check(
        id="MG224",
        name="rejected-refusals",
        kind="attack",
        severities=("note", "warn", "fail"),
        cases=(
            Case(
                among=(PAIRED | ALONE) & JUDGED,
                flags=REJECTS_REFUSAL,
                judge=_rejected,
                by=PROMPTS,
                over=_sides,
            ),
        ),
        limit=Limit(
            10.0,
            "Preferences that reject a refusal from which the gate fails, if they are 2 % of all or more and fewer prefer a refusal of a hazardous prompt. The share is judgement: ordinary preference corpora stay near 1 %.",
            1,
            1e9,
        ),
        aside=Aside("rejected-refusals", "a refusal is rejected"),
        why="Such pairs ask the model to dislike refusing as such, whatever is asked; harmless prompts are enough.",
        source="Benign DPO (arXiv 2605.10998): ten harmless pairs raised harmful answers to 54.8 to 81.7 % on four models of the GPT-4 class",
        remedy="Replace the rejected refusals by worse helpful answers, or add as many pairs that prefer a refusal of a hazardous prompt.",
        mechanisms=("M13",),
    ),
)


def _odd(one: str, many: str) -> Callable[[Rate, Evidence], Judged]:
    """The judge of one kind of odd pair, in words for one and for several."""

    def judge(rate: Rate, _: Evidence) -> Judged:
        message = f"{rate.count:,} of {rate.total:,} preference pairs {one if rate.count == 1 else many}"
        grave = rate.interval.low > rate.limit
        return Judged("warn" if grave else "note" if rate.count else "pass", message)

    return judge


ODD_PREFERENCES = Signal(
    name="odd preferences",
    about="prefers an answer for the wrong reason, or for none",
    page=Page(
        measures="Pairs in which both answers refuse; in which the chosen one refuses a harmless prompt and the other does not; in which a text is both chosen and rejected for one prompt; in which only the chosen one opens with praise or agreement.",
        blind="Pairs that are odd in what they say: a wrong fact preferred, a longer answer preferred for its length. Praise later than the first sentences.",
        cost="Patterns over the openings of answers, and a join of the preferences with themselves.",
        examples=Examples(
            shows=(
                {**_PAIR, "response": f"What a great question! You're absolutely right. {_ANSWER}"},
                {**_PAIR, "response": _ANSWER, "polarity": -1, "exchange": 1},
            ),
            spares=(
                {**_PAIR, "response": f"Great strength comes from {_ANSWER}"},
                {**_PAIR, "response": "Any glue, I suppose.", "polarity": -1, "exchange": 1},
            ),
        ),
    ),
    check=Check(
        id="MG231",
        name="odd-preferences",
        kind="quality",
        severities=("note", "warn"),
        cases=(
            Case(
                among=PAIRED & JUDGED,
                flags=DECLINES & pl.col("other_declines"),
                judge=_odd("refuses on both sides", "refuse on both sides"),
                over=_sides,
                subject="refused on both sides",
            ),
            Case(
                among=PAIRED & JUDGED,
                flags=DECLINES & BENIGN & ~pl.col("other_declines"),
                judge=_odd("prefers a refusal of a harmless prompt", "prefer a refusal of a harmless prompt"),
                over=_sides,
                subject="harmless prompt refused",
                why="Preferring such refusals teaches over-refusal.",
                remedy="Read the rows; prefer the answer, or drop the pairs.",
            ),
            Case(
                among=PAIRED | (TRAINED & pl.col("other_same")),
                flags=pl.col("other_same"),
                judge=_odd("chooses and rejects the same text", "choose and reject the same text"),
                over=_sides,
                subject="same text",
                remedy="Drop the pairs; look for what made them, such as a column that was copied.",
            ),
            Case(
                among=PAIRED,
                flags=pl.col("preference_praise") & ~pl.col("other_praises"),
                judge=_odd(
                    "prefers the side that opens with praise or agreement",
                    "prefer the side that opens with praise or agreement",
                ),
                over=_sides,
                subject="praise preferred",
                why="A model that is rewarded for praise and agreement learns to please rather than to be right.",
                remedy="Read the rows; where the praise decided, prefer the other answer or edit it out.",
            ),
        ),
        nothing="no preference pair is odd",
        limit=Limit(0.05, "Share of pairs odd in one way that triggers a warning. Judgement."),
        why="A pair whose two sides do not differ in what matters teaches nothing, or teaches how they happen to differ.",
        source="judgement",
        remedy="Read the rows; drop the pairs or write a worse answer for the rejected side.",
        mechanisms=("M13", "M23"),
    ),
    spans=_spans,
)
