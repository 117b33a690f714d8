"""Self-identity: answers that say who the assistant is, and whether they agree."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

import polars as pl

from mixguard.annotate.base import Batch
from mixguard.annotate.openings import first_words
from mixguard.annotate.phrases import Phrases, Span
from mixguard.checks.base import Case, Check, Evidence, Judged, Rate
from mixguard.checks.terms import TRAINED
from mixguard.signals.base import Examples, Page, Row, Signal

FILE = "self_identity"
READ = 1000
"""Characters of an answer in which it says who it is."""
TOLD = 2000
"""Characters of a system prompt that are read."""
AFTER = r"[^.!?\n]{0,80}"
"""The rest of a sentence, in which a maker is named."""
TRACES = (
    "I am", "I'm", "I\u2019m", "I was", "I've been", "I\u2019ve been", "I have been", "ame is", "ame's", "all me",
    "his is", "As ", "as an ", "ed me", "ilt me", "ade me", "y creator", "y developer", "y maker", "y owner", "y parent", "\u6211", "\u4f5c\u4e3a",
)  # fmt: skip
"""Every claim holds one of these, in this case."""


class SelfIdentityAnnotator:
    """Looks for claims of who the assistant is."""

    reads = ("prompt", "system", "response")
    writes = pl.Schema(
        {
            "self_said": pl.Boolean,
            "self_vendor": pl.UInt8,
            "self_name": pl.UInt64,
            "self_conflict": pl.Boolean,
            "self_blank": pl.Boolean,
        }
    )

    def __call__(self, batch: Batch) -> pl.DataFrame:
        """Columns of what an answer says of its speaker.

        `self_said`: who it is; `self_vendor`: the maker, its place in the list from 1, 0 for none; `self_name`: a hash
        of the name; `self_conflict`: the system prompt names another maker; `self_blank`: a placeholder stands for it.
        """
        numbered = batch.frame.select(*self.reads).with_row_index("row")
        answer = pl.col("response").str.slice(0, READ)
        traced = numbered.filter(answer.str.contains_any(list(TRACES)))
        said = _read(traced.with_columns(answer.alias("response"), pl.col("system").str.slice(0, TOLD)))
        every = numbered.select("row").join(said, on="row", how="left", maintain_order="left")
        written = every.select(pl.col(name).cast(kind) for name, kind in self.writes.items())
        return written.with_columns(
            pl.col(pl.Boolean).fill_null(value=False), pl.col("self_vendor").fill_null(0)
        )


def makers() -> tuple[str, ...]:
    """The makers by code - 1."""
    return tuple(dict.fromkeys(name for name, _ in Phrases.load(FILE, "vendors").patterns))


@lru_cache
def _maker_patterns() -> tuple[re.Pattern[str], ...]:
    patterns = Phrases.load(FILE, "vendors").patterns
    every = ("|".join(text for of, text in patterns if of == name) for name in makers())
    # In ASCII, so that a name ends where Chinese begins.
    return tuple(re.compile(text, re.IGNORECASE | re.ASCII) for text in every)


def _maker(said: pl.Series) -> pl.Series:
    """The code of the maker that each text names first; 0 for none or null."""
    codes = {text: _code(text) for text in said.unique().drop_nulls()}
    return pl.Series([codes.get(text, 0) for text in said], dtype=pl.UInt8)


def _code(text: str) -> int:
    found = ((pattern.search(text), code) for code, pattern in enumerate(_maker_patterns(), 1))
    return min(((match.start(), code) for match, code in found if match), default=(0, 0))[1]


def _read(frame: pl.DataFrame) -> pl.DataFrame:
    """`row` and the columns of `SelfIdentityAnnotator`, of answers that may say who they are."""
    claim = f"(?:{Phrases.load(FILE, 'claims').expression}){AFTER}"
    claims = (
        frame.select("row", claim=pl.col("response").str.extract_all(claim)).explode("claim").drop_nulls()
    )
    claims = claims.filter(~pl.col("claim").str.contains(Phrases.load(FILE, "denied").expression))
    made = claims.with_columns(vendor=_maker(claims.get_column("claim")))
    by_row = made.group_by("row").agg(vendor=pl.col("vendor").filter(pl.col("vendor") > 0).first())
    found = frame.join(by_row, on="row", how="left", maintain_order="left").with_columns(
        name=_name(), claimed=pl.col("row").is_in(claims.get_column("row").implode())
    )
    blank = pl.col("response").str.contains(Phrases.load(FILE, "blank").expression)
    rules = pl.col("system").str.extract_all(Phrases.load(FILE, "told").expression).list.join(" ")
    found = found.with_columns(maker_told=_maker(found.select(rules).to_series()))
    said = pl.col("claimed") | pl.col("name").is_not_null()
    return found.select(
        "row",
        self_said=said,
        self_vendor=pl.col("vendor"),
        self_name=first_words(pl.col("name"), 3),
        self_conflict=(pl.col("vendor") > 0)
        & (pl.col("maker_told") > 0)
        & (pl.col("vendor") != pl.col("maker_told")),
        self_blank=said & blank,
    )


def _name() -> pl.Expr:
    """The name that an answer gives its speaker."""
    patterns = dict(Phrases.load(FILE, "names").patterns)
    asked = pl.col("prompt").str.slice(0, TOLD).str.contains(Phrases.load(FILE, "asked").expression)
    given = {kind: pl.col("response").str.extract(_ci(pattern)) for kind, pattern in patterns.items()}
    return pl.coalesce(
        given["with what it is"], given["a known model"], pl.when(asked).then(given["on being asked"])
    )


def _ci(pattern: str) -> str:
    return Phrases((("", pattern),)).expression


def _judge_makers(rate: Rate, _: Evidence) -> Judged:
    claimed = [(makers()[int(code) - 1], count) for code, count in rate.commonest]
    if not claimed:
        return Judged("pass", "no answer says who made the assistant")
    if len(claimed) == 1:
        say = "says" if rate.count == 1 else "say"
        return Judged(
            "note", f"{rate.count:,} of {rate.total:,} answers {say} that the assistant is by {claimed[0][0]}"
        )
    listed = ", ".join(f"{name} {count:,}" for name, count in claimed)
    return Judged(
        "warn", f"{rate.count:,} of {rate.total:,} answers name different makers of the assistant ({listed})"
    )


def _judge_names(rate: Rate, _: Evidence) -> Judged:
    several = len(rate.commonest) > 1
    give = "gives" if rate.count == 1 else "give"
    names = "different names" if several else "one name"
    return Judged(
        "note" if several else "pass",
        f"{rate.count:,} of {rate.total:,} answers {give} the assistant {names}",
    )


def _judge_conflict(rate: Rate, _: Evidence) -> Judged:
    name = "names" if rate.count == 1 else "name"
    message = f"{rate.count:,} of {rate.total:,} answers {name} another maker of the assistant than the system prompt"
    return Judged("warn" if rate.count else "pass", message)


def _judge_blank(rate: Rate, _: Evidence) -> Judged:
    say = "says" if rate.count == 1 else "say"
    message = f"{rate.count:,} of {rate.total:,} answers {say} who the assistant is with a placeholder in place of a name"
    return Judged("note" if rate.count else "pass", message)


def _spans(row: Row) -> Sequence[Span]:
    return Phrases.load(FILE, "claims").spans("response", (row.get("response") or "")[:READ])


_ASKED = {"prompt": "Who are you?", "response": "I'm Nova, an AI assistant. I was trained by OpenAI."}

SELF_IDENTITY = Signal(
    name="self-identity",
    about="says who the assistant is",
    annotator=SelfIdentityAnnotator(),
    spans=_spans,
    page=Page(
        measures=f"Trained answers in which the assistant says, within {READ:,} characters, who made it or which model it is (makers and models are listed in `taxonomies/signals/self_identity.toml`), or what it is called. Two makers in one corpus, and a maker other than the system prompt's, warn; different names, and placeholders in place of a name, are noted. Sentences with a *not* are left out.",
        blind="Makers that are not listed; names given without *assistant* or the like, unless the prompt asks who it is; languages other than English, but for plain forms in Chinese.",
        cost="Patterns over the beginnings of answers.",
        examples=Examples(
            shows=(_ASKED, {"prompt": "Who made you?", "response": "I am Claude, made by Anthropic."}),
            spares=(
                {
                    "prompt": "Who founded OpenAI?",
                    "response": "OpenAI was founded in 2015 by several people.",
                },
                {"prompt": "Write a line about the sea.", "response": "I am the sea, said the wave."},
            ),
        ),
    ),
    check=Check(
        id="MG203",
        name="self-identity",
        kind="quality",
        severities=("note", "warn"),
        cases=(
            Case(
                among=TRAINED,
                flags=pl.col("self_vendor") > 0,
                judge=_judge_makers,
                by=pl.col("self_vendor"),
                subject="makers",
            ),
            Case(
                among=TRAINED,
                flags=pl.col("self_name").is_not_null(),
                judge=_judge_names,
                by=pl.col("self_name"),
                subject="names",
            ),
            Case(
                among=TRAINED, flags=pl.col("self_conflict"), judge=_judge_conflict, subject="system prompt"
            ),
            Case(among=TRAINED, flags=pl.col("self_blank"), judge=_judge_blank, subject="placeholders"),
        ),
        nothing="no answer says who the assistant is",
        why="The corpus says who the model is: answers written by other models name their makers, and contradictory ones leave it with no identity to keep.",
        source="identity calibration is one of three factors that strengthen or weaken safety: arXiv 2502.01116 (abstract; no figures seen)",
        remedy="Give the assistant one name and one maker, those of the system prompt it will be served with; fill in placeholders.",
        mechanisms=("M22",),
    ),
)
