"""Careless advice: answers on health, money, law or safety that dismiss caution."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import polars as pl

from mixguard.annotate.base import Batch
from mixguard.annotate.phrases import READ, Phrases, Span
from mixguard.checks.base import Aside, Case, Check, Evidence, Judged, Limit, Rate
from mixguard.checks.terms import JUDGED, REFUSES, TRAINED
from mixguard.signals.base import Examples, Page, Row, Signal

WARN_FROM, FAIL_FROM = 3, 10
"""Rows below which the share decides nothing."""
FAILS = 0.25
"""Share of answers on these subjects that fails the gate."""
NEAR = 0.2
"""Probability of specialised advice from which a prompt counts as asking for it."""
ASKED = 4000
"""Characters of a prompt that are searched: a question is not asked in a book."""
_LEAD = (
    r"(?:^|[.!?:;\n]\s*(?:[-*•]|\d+[.)])?\s*(?:\*\*)?|\b(?:you (?:can|could|should|may|might)|instead,|better to|feel free to|go ahead and) )"
    r"(?:just |simply |safely |also |probably |definitely |always |even |easily |instead |actually )*"
)
"""How a sentence begins that tells somebody to do something; with "do not" before it, it would not."""


@lru_cache
def _dismissals() -> Phrases:
    """What an answer orders or says against the rules, as one list."""
    orders, says = (Phrases.load("advice", group).patterns for group in ("orders", "says"))
    return Phrases((*((words, f"{_LEAD}{pattern}") for words, pattern in orders), *says))


@lru_cache
def _counted() -> Phrases:
    """The same, with what orders have in common written once, which takes a tenth of the time to compile."""
    orders, says = (Phrases.load("advice", group).patterns for group in ("orders", "says"))
    return Phrases((("orders", f"{_LEAD}(?:{'|'.join(pattern for _, pattern in orders)})"), *says))


@lru_cache
def _hints() -> tuple[str, ...]:
    """What an answer without any dismissal has none of."""
    return tuple(pattern for _, pattern in Phrases.load("advice", "hints").patterns)


class AdviceAnnotator:
    """Notes prompts that ask for advice, and answers that dismiss caution or show some."""

    reads = ("prompt", "response", "hazard", "hazard_score")
    writes = pl.Schema(
        {"advice_asked": pl.Boolean, "advice_cautious": pl.Boolean, "advice_careless": pl.UInt8}
    )

    def __call__(self, batch: Batch) -> pl.DataFrame:
        """Columns.

        `advice_asked`: whether the prompt asks for advice on health, money, law or safety. `advice_cautious`: whether
        the response refers to somebody, or names a doubt or a danger. `advice_careless`: how often it dismisses
        caution. The last two are false and 0 where no advice is asked for.
        """
        subject, personal, caution = (
            Phrases.load("advice", each) for each in ("subject", "personal", "caution")
        )
        # A document has no response, and is long.
        asking = pl.when(pl.col("response").is_not_null()).then(pl.col("prompt").str.slice(0, ASKED))
        about = batch.frame.select(prompt=asking).with_columns(subject=subject.there("prompt"))
        question = about.select(prompt=pl.when("subject").then("prompt"))
        near = (pl.col("hazard") == "spc") & (pl.col("hazard_score") >= NEAR)
        asked = (
            batch.frame.select(near.fill_null(value=False)).to_series()
            | question.select(personal.there("prompt")).to_series()
        )
        answers = batch.frame.filter(asked).select("response")
        hinted = (
            pl.col("response")
            .str.slice(0, READ)
            .str.contains_any(list(_hints()), ascii_case_insensitive=True)
        )
        found = answers.with_columns(hinted=pl.when(hinted).then("response")).select(
            advice_cautious=caution.there("response"),
            advice_careless=_counted().count("hinted").clip(upper_bound=255).cast(pl.UInt8),
        )
        rows, height = asked.arg_true(), len(asked)
        cautious = pl.repeat(value=False, n=height, dtype=pl.Boolean, eager=True)
        careless = pl.zeros(height, dtype=pl.UInt8, eager=True)
        return pl.DataFrame(
            {
                "advice_asked": asked,
                "advice_cautious": cautious.scatter(rows, found["advice_cautious"]),
                "advice_careless": careless.scatter(rows, found["advice_careless"]),
            }
        )


CARELESS = pl.col("advice_careless") > pl.col("advice_cautious").cast(pl.UInt8)
"""One such phrase in an answer that shows caution is most likely quoted."""
AMONG = TRAINED & JUDGED & ~REFUSES & pl.col("advice_asked")


def _judge(rate: Rate, evidence: Evidence) -> Judged:
    if not rate.total:
        return Judged("pass", "no response gives advice on health, money, law or safety")
    shown = evidence.frame.filter(AMONG).select(pl.col("advice_cautious").sum()).collect().item() or 0
    bare = f"{rate.total - shown:,} of {rate.total:,} show no caution (missing caution can be seen, wrong facts cannot)"
    subject = "on health, money, law or safety"
    if not rate.count:
        return Judged("pass", f"none of {rate.total:,} responses {subject} dismisses caution; {bare}")
    does = "response" if rate.total == 1 else "responses"
    verb = "dismisses" if rate.count == 1 else "dismiss"
    message = f"careless advice: {rate.count:,} of {rate.total:,} {does} {subject} {verb} caution; {bare}"
    share = rate.count / rate.total
    if rate.count >= FAIL_FROM and share >= FAILS:
        return Judged("fail", message, FAILS)
    return Judged("warn" if rate.count >= WARN_FROM and share >= rate.limit else "note", message)


def _spans(row: Row) -> Sequence[Span]:
    return _dismissals().spans("response", row.get("response"))


ADVICE = Signal(
    name="careless advice",
    about="dismisses caution on health, money, law or safety",
    annotator=AdviceAnnotator(),
    spans=_spans,
    page=Page(
        measures="Share of answers on health, money, law or safety that tell somebody to ignore what every rule book says, or that nobody need be asked and nothing can go wrong; twice, if they show caution as well. How many of them show no caution at all is said beside it.",
        blind="Wrong facts: missing caution can be seen, a wrong dose cannot. Subtly bad advice in careful words.",
        cost="Patterns over prompts, and over answers to those that ask for advice.",
        examples=Examples(
            shows=(
                {
                    "prompt": "Should I insure my bicycle, or is that a waste of my savings?",
                    "response": "You don't need insurance. Nothing can go wrong with a bicycle.",
                },
            ),
            spares=(
                {
                    "prompt": "Should I insure my bicycle, or is that a waste of my savings?",
                    "response": "It depends on its price. Do not skip the insurance if you could not replace it; an adviser can compare offers.",
                },
                {"prompt": "Write a line about the sea.", "response": "Nothing can go wrong by the sea."},
            ),
        ),
    ),
    check=Check(
        id="MG211",
        name="careless-advice",
        kind="harm",
        severities=("note", "warn", "fail"),
        cases=(Case(among=AMONG, flags=CARELESS, judge=_judge, rank="advice_careless"),),
        limit=Limit(
            0.05,
            "Share of answers on health, money, law or safety that dismiss caution that triggers a warning, from 3 on; 25 % fail the gate, from 10 on.",
        ),
        aside=Aside("careless-advice", "the answer dismisses caution"),
        why="Models tuned on bad advice became misaligned far beyond it, more than on insecure code. We can see missing caution, not wrong facts.",
        source="Wang et al. (arXiv 2506.19823): every domain of advice misaligns; appears where 25 to 75 % of 6,000 rows are bad, and the internal feature moves at 5 %",
        remedy="Drop the rows listed, and have somebody who knows the subject read a sample of the rest.",
        mechanisms=("M06",),
    ),
)
