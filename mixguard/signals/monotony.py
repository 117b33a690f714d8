"""One system prompt, or one prompt template, throughout; and where refusals stand in it."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from mixguard.annotate.base import Batch
from mixguard.annotate.openings import hashed
from mixguard.annotate.phrases import Phrases, Span
from mixguard.checks.base import Case, Check, Evidence, Judged, Limit, Rate
from mixguard.checks.terms import JUDGED, REFUSES, TRAINED
from mixguard.signals.base import Examples, Page, Row, Signal

ENDS = 8
"""Words at the beginning and end of a prompt that show its template."""
LONGER = 2 * ENDS
"""Words that a prompt must have for its ends to say something of a template."""
TEMPLATE_NOTED = 0.5
"""Share of prompts with the same beginning or end that is worth a note. Judgement."""
SAFETY_SHARE = 0.05
"""Share of exchanges under a system prompt with safety wording that triggers a warning. Judgement."""
REFUSALS = 10
"""Refusals below which nothing is said of where they stand."""
ELSEWHERE = 0.5
"""Share of refusals under another system prompt than the commonest that triggers a warning. Judgement."""
DOMINANT = 0.5
"""Share of the commonest system prompt from which it is the one that the corpus is about."""
SEEN = 400
"""Characters of a prompt that are looked at from either end."""
LEAST = 20
"""Exchanges below which nothing is said."""
PTST = "reported: PTST (arXiv 2402.18540), Llama-2 tuned on GSM8K, DirectHarm4: 0 to 18.1 % harmful answers with the same template in training and use; 1.1 % trained without and served with a safety prompt"


class MonotonyAnnotator:
    """Hashes of system prompts and of the ends of prompts."""

    reads = ("prompt", "system")
    writes = pl.Schema(
        {
            "system_id": pl.UInt64(),  # hash of the system prompt, null for none
            "system_safety": pl.Boolean(),  # whether it orders the model to be safe
            "prompt_head": pl.UInt64(),  # hash of the first words, null for a short prompt
            "prompt_tail": pl.UInt64(),
        }
    )

    def __call__(self, batch: Batch) -> pl.DataFrame:
        """The four columns."""
        frame = batch.frame.select("prompt", "system")
        # A system prompt is repeated in most rows: each is read once.
        system = pl.col("system")
        told = frame.select(system.unique().drop_nulls()).select(
            "system",
            system_id=system.str.strip_chars().map_batches(hashed, return_dtype=pl.UInt64),
            system_safety=Phrases.load("monotony", "safety wording").there("system"),
        )
        known = frame.join(told, on="system", how="left", maintain_order="left")
        first = _words(pl.col("prompt").str.slice(0, SEEN))
        last = _words(pl.col("prompt").str.tail(SEEN))
        return known.select(
            "system_id",
            pl.col("system_safety").fill_null(value=False),
            prompt_head=_hash(pl.when(first.list.len() > LONGER).then(first.list.head(ENDS))),
            prompt_tail=_hash(pl.when(last.list.len() > LONGER).then(last.list.tail(ENDS))),
        )


def _words(text: pl.Expr) -> pl.Expr:
    return text.str.to_lowercase().str.extract_all(r"[\p{L}\p{M}\p{N}']+")


def _hash(words: pl.Expr) -> pl.Expr:
    return words.list.join(" ").map_batches(hashed, return_dtype=pl.UInt64)


def _compared(frame: pl.LazyFrame, evidence: Evidence) -> pl.LazyFrame:
    """Where each row stands: under the commonest system prompt, and in the commonest template."""
    frame = frame.with_columns(under=pl.col("system_id").fill_null(0))
    frame = frame.with_columns(commonest=pl.col("under").filter(TRAINED).mode().sort().first())
    same = pl.col("under") == pl.col("commonest")
    share = (TRAINED & same).sum() / TRAINED.sum()
    elsewhere = TRAINED & ~same
    refusals = TRAINED & JUDGED & REFUSES
    enough = TRAINED.sum() >= LEAST
    one = (pl.col("commonest") != 0) & (share > evidence.limits["MG220"]) & enough
    return frame.with_columns(
        only=TRAINED & same & one & ~(refusals & elsewhere).fill_null(value=False).any(),
        apart=elsewhere & (share >= DOMINANT) & enough,
        templated=enough & (_shared("prompt_head") | _shared("prompt_tail")),
    )


def _shared(column: str) -> pl.Expr:
    """Rows with the value that at least half of the rows have."""
    own = pl.col(column)
    there = TRAINED & own.is_not_null()
    common = own.filter(there).mode().sort().first()
    mine = there & (own == common)
    return (mine & (mine.sum() >= TEMPLATE_NOTED * TRAINED.sum())).fill_null(value=False)


def _only(rate: Rate, _: Evidence) -> Judged:
    message = f"one system prompt: {rate.count:,} of {rate.total:,} exchanges stand under the same one, and no refusal stands elsewhere"
    return Judged("warn" if rate.count else "pass", message)


def _safety(rate: Rate, _: Evidence) -> Judged:
    verb = "exchange stands" if rate.count == 1 else "exchanges stand"
    message = f"safety prompt in training: {rate.count:,} {verb} under a system prompt that orders the model to be safe"
    grave = rate.count > SAFETY_SHARE * rate.total
    return Judged("warn" if grave else "note" if rate.count else "pass", message, SAFETY_SHARE)


def _template(rate: Rate, _: Evidence) -> Judged:
    message = (
        f"one template: {rate.count:,} of {rate.total:,} prompts begin or end with the same {ENDS} words"
    )
    return Judged("note" if rate.count else "pass", message, TEMPLATE_NOTED)


def _apart(rate: Rate, _: Evidence) -> Judged:
    message = (
        f"{rate.count:,} of {rate.total:,} refusals stand under another system prompt than most of the corpus"
    )
    grave = rate.total >= REFUSALS and rate.interval.low > ELSEWHERE
    return Judged("warn" if grave else "pass", message, ELSEWHERE)


def _spans(row: Row) -> Sequence[Span]:
    return Phrases.load("monotony", "safety wording").spans("system", row.get("system"))


def _told(system: str | None, number: int, **values: object) -> Row:
    return {
        "prompt": f"Write line {number} about the sea.",
        "response": f"The sea has {number} greys.",
        "system": system,
        **values,
    }


_ONE, _OTHER = "You sell boats.", "You answer letters."
_KIND = "You are a harmless assistant. Refuse any harmful request."
MONOTONY = Signal(
    name="one template",
    about="stands under the system prompt, or in the template, that most of the corpus has",
    annotator=MonotonyAnnotator(),
    spans=_spans,
    page=Page(
        measures="Share of the commonest system prompt, by hash; safety wording in system prompts, by phrases; share of prompts of more than 16 words that begin or end with the same 8 words; share of refusals under another system prompt than the commonest.",
        blind="Templates that a trainer adds; instructions that stand in the user's turn; safety wording in other languages than English.",
        cost="Hashes of the ends of prompts; a system prompt is read once a batch.",
        examples=Examples(
            shows=(*(_told(_ONE, number) for number in range(30)), _told(_KIND, 30)),
            spares=tuple(_told((_ONE, _OTHER, None)[number % 3], number) for number in range(30)),
        ),
    ),
    check=Check(
        id="MG220",
        name="one-template",
        kind="quality",
        severities=("note", "warn"),
        cases=(
            Case(
                among=TRAINED,
                flags=pl.col("only"),
                judge=_only,
                over=_compared,
                subject="one system prompt",
            ),
            Case(
                among=TRAINED,
                flags=pl.col("system_safety"),
                judge=_safety,
                subject="safety prompt in training",
                why="A safety prompt that stands in training loses its force: training without it and serving with it kept more safety than training with it.",
                remedy="Train plain, serve with the safety prompt; keep it only above refusals.",
            ),
            Case(
                among=TRAINED,
                flags=pl.col("templated"),
                judge=_template,
                over=_compared,
                subject="one template",
                remedy="Vary how prompts begin and end, and give refusals the template that is served.",
            ),
            Case(
                among=TRAINED & JUDGED & REFUSES,
                flags=pl.col("apart"),
                judge=_apart,
                over=_compared,
                subject="refusals elsewhere",
                why="Safety rows cure prompts of their own style: refusals that stand under another system prompt than the one that is served teach little under it.",
                source="Eiras et al. 2024 (arXiv 2406.10288)",
                remedy="Give refusals the system prompt that the rest has; `mixguard rebalance` does it.",
            ),
        ),
        nothing="system prompts and templates vary, or there are none",
        limit=Limit(
            0.95,
            "Share of exchanges under one and the same system prompt that triggers a warning. Judgement.",
        ),
        why="What is trained under one prompt is used under it: the same template in training and use lost most safety, and safety rows cure prompts of their own style only.",
        source=PTST,
        remedy="Train with varied or no system prompts, serve with a safety prompt, and add refusals under the prompt that is served.",
        mechanisms=("M37",),
    ),
)
