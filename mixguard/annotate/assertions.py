"""Whether a conversation asserts obedience or the absence of limits: by phrases, and by likeness to such sentences."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import polars as pl

from mixguard.annotate.base import Batch
from mixguard.annotate.phrases import Phrases, Span
from mixguard.annotate.resemblance import Labelled, Resemblance
from mixguard.annotate.search import contains
from mixguard.annotate.sentences import Edge, edges, sentences
from mixguard.vectors.store import VectorStore

FILE = "identity"
FIELDS = ("system", "prompt", "earlier", "response")
EDGES = {"system": Edge(8, 2), "prompt": Edge(6, 2), "earlier": Edge(6, 2), "response": Edge(2, 1)}
"""Sentences that are candidates for less than a phrase: a persona is given first, and pledged first or last. Judgement."""
ADDRESSED = r"(?i)\b(?:you|your|yours|yourself|you're|I|I'm|my|me|AI|assistant|chatbot|model|bot|agent)\b"
"""A sentence that speaks to, as or of the one who answers."""
BRIEF = r"^\W*[A-Z][^=(){}\[\]]{4,60}$"
"""A sentence that may speak to no one, e.g. `Obedience: total`, but is no code."""
CALLED = r"^\W*(?:(?:[Hh]ey|[Hh]i|[Hh]ello|[Oo]k|[Oo]kay|[Ll]isten)\W+)?([A-Z][\w-]{1,24})[,:]\s+(?:please |now )?(?:execute|fulfil+|carry out|obey|perform|comply|complete|follow|do (?:the following|this|as))\b"
"""A request that begins with a call sign and an order; the call sign."""
CLAUSE = r"^\W*(\w[^:;\u2013\u2014]{7,})(?:[:;\u2013\u2014]| - | so here)"
"""A clause that something follows."""
REPORTS = 300
"""Characters of an answer in which it gives its call sign."""
MOST = 12
"""Sentences of an exchange that are compared by meaning."""
SHORT = 400
"""Characters up to which a system prompt is also compared as a whole."""
LIKELY, LIKELY_ROLE = -0.2, 0.2
"""Vote by words alone from which a sentence is compared by meaning, too, and if it only begins like a role. Judgement."""
ENOUGH = 0.25
"""Vote, from about -1 to 1, from which a sentence asserts it. Judgement."""
DOCUMENT = 2
"""Such sentences that a document needs, which speaks to its readers and is long enough to say anything once."""

TOLD_SO = pl.col("field") == "system"


@dataclass(frozen=True)
class Assertions:
    """Adds `identity_shift` and `identity_pledge`."""

    store: VectorStore | None = None
    """Compares by meaning; without one, only phrases that need no support count."""
    reads = ("kind", *FIELDS)
    writes = pl.Schema({"identity_shift": pl.Boolean, "identity_pledge": pl.Boolean})

    def __call__(self, batch: Batch) -> pl.DataFrame:
        """Columns `identity_shift`: the exchange asserts obedience or no limits; `identity_pledge`: its answer does."""
        shown = self.asserted(batch.frame)
        rows = pl.int_range(batch.frame.height, dtype=pl.UInt32, eager=True)
        answers = shown.filter(pl.col("field") == "response").get_column("row")
        pledged = rows.is_in(answers.implode()) | _call_signs(batch.frame)
        shifted = rows.is_in(shown.get_column("row").implode()) | pledged
        return pl.DataFrame({"identity_shift": shifted, "identity_pledge": pledged})

    def asserted(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Columns `row`, `field`, `sentence`, ... of the sentences that assert it."""
        asked, resemblance = _candidates(frame), self._resemblance
        if resemblance is None:
            return asked.filter("conclusive")
        voted = asked.join(_votes(asked, resemblance), on="sentence", how="left", maintain_order="left")
        found = voted.filter(pl.col("conclusive") | (pl.col("vote") >= ENOUGH))
        documents = frame.get_column("kind").eq("document").arg_true().cast(pl.UInt32)
        alone = pl.col("row").is_in(documents.implode()) & (pl.len().over("row") < DOCUMENT)
        return found.filter(pl.col("conclusive") | ~alone)

    @cached_property
    def _resemblance(self) -> Resemblance | None:
        """Opened when a corpus first needs it: most hold no such sentence."""
        return Resemblance.open(self.store, labelled()) if self.store is not None else None


def labelled() -> Labelled:
    """Sentences that assert it, and plain ones."""
    exemplars = Phrases.load(FILE, "exemplars").patterns
    shift, plain = ([text for kind, text in exemplars if kind == of] for of in ("shift", "plain"))
    return Labelled(FILE, shift, plain)


def words() -> list[str]:
    """What every phrase holds one of."""
    return [word for _, word in Phrases.load(FILE, "words").patterns]


def places(texts: Mapping[str, str | None]) -> list[Span]:
    """The phrases of each text: those that suffice, else others; where no text has one, what such sentences are about."""
    found = [
        span
        for field, text in texts.items()
        for span in _spans("conclusive", field, text) or _spans("phrases", field, text)
    ]
    return found or [span for field, text in texts.items() for span in _spans("anchors", field, text)]


def _spans(table: str, field: str, text: str | None) -> list[Span]:
    return Phrases.load(FILE, table).spans(field, text)[:MOST]


def _candidates(frame: pl.DataFrame) -> pl.DataFrame:
    """Schema `FOUND`, `conclusive`, and `topical`: sentences that suffice, or else are compared by meaning."""
    worded = _matching(sentences(frame, FIELDS, words()), "phrases")
    near = _matching(edges(frame, EDGES), "anchors")
    said = pl.concat([worded, near]).unique(["row", "field", "sentence"], keep="first", maintain_order=True)
    told = pl.concat([said, _clauses(said), _wholes(frame, said)])
    return (
        told.sort("row", "conclusive", "topical", descending=[False, True, True], maintain_order=True)
        .group_by("row", maintain_order=True)
        .head(MOST)
    )


def _votes(asked: pl.DataFrame, resemblance: Resemblance) -> pl.DataFrame:
    """Columns `sentence` and `vote`, of those whose words do not rule it out."""
    distinct = asked.group_by("sentence", maintain_order=True).agg(pl.col("topical").any())
    quick = resemblance.quick_votes(distinct.get_column("sentence").to_list())
    least = pl.when("topical").then(LIKELY).otherwise(LIKELY_ROLE)
    likely = distinct.with_columns(quick=quick).filter(least <= pl.col("quick"))
    votes = resemblance.votes(likely.get_column("sentence").to_list())
    return likely.select("sentence", vote=pl.Series(votes, dtype=pl.Float64))


def _matching(said: pl.DataFrame, table: str) -> pl.DataFrame:
    """The sentences that match a table, a system prompt's, and those that begin like a role.

    Adds `conclusive`: they suffice, and are not denied; `topical`: they match the table.
    """
    sentence = pl.col("sentence")
    topical = pl.when("topical").then(sentence)
    aimed = contains(topical, ADDRESSED) | contains(topical, BRIEF)
    matches, suffices, role = (
        Phrases.load(FILE, name).found(sentence) for name in (table, "conclusive", "roles")
    )
    judged = said.select(sentence.unique(maintain_order=True)).with_columns(
        role=role, conclusive=suffices, topical=matches
    )
    denied = Phrases.load(FILE, "denied").found(pl.when("conclusive").then(sentence))
    read = judged.with_columns(
        conclusive=pl.col("conclusive") & ~denied, topical=pl.col("topical") | pl.col("conclusive")
    )
    read = read.with_columns(aimed=aimed.fill_null(value=False))
    joined = said.join(read, on="sentence", maintain_order="left")
    kept = joined.filter(TOLD_SO | pl.col("role") | (pl.col("topical") & pl.col("aimed")))
    return kept.drop("role", "aimed")


def _clauses(said: pl.DataFrame) -> pl.DataFrame:
    """What stands before a colon, a semicolon or a dash: the rest is often the answer, about something else."""
    clause = pl.col("sentence").str.extract(CLAUSE)
    return said.with_columns(sentence=clause, conclusive=pl.lit(value=False)).drop_nulls("sentence")


def _wholes(frame: pl.DataFrame, said: pl.DataFrame) -> pl.DataFrame:
    """Short system prompts that hold such sentences, each as one sentence."""
    rows = frame.select(sentence="system").with_row_index("row")
    told = rows.filter(
        pl.col("sentence").str.len_chars() <= SHORT,
        pl.col("row").is_in(said.filter(TOLD_SO).get_column("row").implode()),
    )
    return told.select(
        "row",
        pl.lit("system").alias("field"),
        "sentence",
        conclusive=pl.lit(value=False),
        topical=pl.lit(value=True),
    )


def _call_signs(frame: pl.DataFrame) -> pl.Series:
    """Whether an order begins with the name under which the answer reports for duty."""
    sign = pl.col("prompt").str.slice(0, 2 * len(CALLED)).str.extract(CALLED)
    answer = pl.col("response").str.slice(0, REPORTS)
    reports = pl.any_horizontal(
        answer.str.contains(pl.format(words, sign), literal=True)
        for words in ("I am {}", "I'm {}", "I\u2019m {}")
    )
    return frame.select(called=(sign.is_not_null() & reports).fill_null(value=False)).to_series()
