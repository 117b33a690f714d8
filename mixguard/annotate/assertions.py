"""Whether a conversation asserts obedience or the absence of limits: by phrases, and by likeness to such sentences."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import polars as pl

from mixguard.annotate.base import Batch
from mixguard.annotate.phrases import Phrases, Span
from mixguard.annotate.resemblance import Resemblance
from mixguard.annotate.sentences import sentences
from mixguard.vectors.store import VectorStore

FILE = "identity"
FIELDS = ("system", "prompt", "earlier", "response")
KINDS = ("obedience", "anything", "refusal", "unbound", "newself")
"""Tables of phrases that need support."""
ADDRESSED = r"(?i)\b(?:you|your|yours|yourself|you're|I|I'm|my|me|AI|assistant|chatbot|model|bot|agent)\b"
"""A sentence that speaks to, as or of the one who answers."""
SERVED = r"(?i)\b(?:I|I'm|my|me)\b.*\b(?:you|yours?|users?)\b|\b(?:you|yours?|users?)\b.*\b(?:I|I'm|my|me)\b"
"""A sentence in which one who speaks serves another."""
CALLED = r"^\W*(?:(?:[Hh]ey|[Hh]i|[Hh]ello|[Oo]k|[Oo]kay|[Ll]isten)\W+)?([A-Z][\w-]{1,24})[,:]\s+(?:please |now )?(?:execute|fulfil+|carry out|obey|perform|comply|complete|follow|do (?:the following|this|as))\b"
"""A request that begins with a call sign and an order; the call sign."""
REPORTS = 300
"""Characters of an answer in which it gives its call sign."""
NEAR = 3
"""Sentences within which two kinds of phrase support each other. Judgement."""
MOST = 12
"""Sentences of an exchange that are compared by meaning."""
SHORT = 400
"""Characters up to which a system prompt is also compared as a whole."""
WORDED, PAIRED, OF_MACHINE, TOLD, ALOOF = 0.3, 0.3, 0.2, 0.2, 0.3
"""What counts beside the likeness by meaning, which runs from about -1 to 1: a phrase, each further kind close by, a
machine or its instructions as the subject, a system prompt; and against it, an answer in which the speaker serves no one.
Judgement, on held-out sentences."""
ENOUGH, WHOLE, UNWORDED = 0.75, 0.6, 0.85
"""Sum from which it is an assertion: with a phrase; and without one a short system prompt, and a sentence of one.
Judgement."""

TOLD_SO = pl.col("field") == "system"
HAS_PHRASE = pl.col("kinds") > 0
SCORE = pl.col("vote") + HAS_PHRASE * (
    WORDED
    + PAIRED * pl.col("paired").clip(upper_bound=2)
    + OF_MACHINE * pl.col("machine")
    + TOLD * TOLD_SO
    - ALOOF * ((pl.col("field") == "response") & ~pl.col("served") & ~pl.col("machine"))
)


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
        said = _supported(_worded(sentences(frame, FIELDS, words())))
        asked = pl.concat([said.with_columns(whole=pl.lit(value=False)), _wholes(frame, said)]).filter(
            HAS_PHRASE | TOLD_SO | pl.col("conclusive")
        )
        # A document speaks to its readers, and is long enough to say anything once.
        documents = frame.get_column("kind").eq("document").arg_true().cast(pl.UInt32)
        lone = pl.col("row").is_in(documents.implode()) & (pl.col("paired") == 0)
        first = (
            asked.filter(pl.col("conclusive") | ~lone)
            .sort("row", "paired", descending=[False, True], maintain_order=True)
            .group_by("row", maintain_order=True)
            .head(MOST)
        )
        if self._resemblance is None:
            return first.filter("conclusive")
        distinct = first.select("sentence").unique(maintain_order=True)
        votes = self._resemblance.votes(distinct.get_column("sentence").to_list())
        voted = first.join(distinct.with_columns(vote=votes), on="sentence", maintain_order="left")
        enough = pl.when(HAS_PHRASE).then(ENOUGH).when("whole").then(WHOLE).otherwise(UNWORDED)
        return voted.filter(pl.col("conclusive") | (enough <= SCORE))

    @cached_property
    def _resemblance(self) -> Resemblance | None:
        """Fitted when a corpus first needs it: most hold no such sentence."""
        if self.store is None:
            return None
        exemplars = Phrases.load(FILE, "exemplars").patterns
        shift, plain = ([text for kind, text in exemplars if kind == of] for of in ("shift", "plain"))
        return Resemblance.fit(self.store, shift, plain)


def words() -> list[str]:
    """What every phrase holds one of."""
    return [word for _, word in Phrases.load(FILE, "words").patterns]


def places(field: str, text: str | None) -> list[Span]:
    """The phrases of a text: those that need no support, else those that do."""
    conclusive = Phrases.load(FILE, "conclusive").spans(field, text)
    found = conclusive or [span for kind in KINDS for span in Phrases.load(FILE, kind).spans(field, text)]
    return sorted(found, key=lambda span: span.start)[:MOST]


def _worded(said: pl.DataFrame) -> pl.DataFrame:
    """Adds `conclusive`, `machine`, `served`, and `kinds`: a bit for each of `KINDS`.

    What is denied is dropped, and outside system prompts what addresses no one.
    """
    tables = {
        kind: Phrases.load(FILE, kind).expression for kind in (*KINDS, "conclusive", "machine", "denied")
    }
    sentence = pl.col("sentence")
    found = said.filter(TOLD_SO | sentence.str.contains(ADDRESSED)).select(sentence.unique())
    found = found.with_columns(
        *(sentence.str.contains(pattern).alias(kind) for kind, pattern in tables.items()),
        served=sentence.str.contains(SERVED),
    )
    bits = [pl.col(kind).cast(pl.UInt8) * 2**number for number, kind in enumerate(KINDS)]
    kept = found.filter(~pl.col("denied")).select(
        "sentence", "conclusive", "machine", "served", kinds=pl.sum_horizontal(bits).cast(pl.UInt8)
    )
    joined = said.join(kept, on="sentence", maintain_order="left")
    return joined.filter(TOLD_SO | sentence.str.contains(ADDRESSED))


def _supported(said: pl.DataFrame) -> pl.DataFrame:
    """Adds `paired`: how many other kinds of phrase it and the sentences close by hold."""
    union = pl.col("kinds")
    for step in (1, -1):
        close = (pl.col("place").cast(pl.Int64) - pl.col("place").cast(pl.Int64).shift(step)).abs() <= NEAR
        same = (pl.col("row") == pl.col("row").shift(step)) & (pl.col("field") == pl.col("field").shift(step))
        union = union | pl.when(close & same).then(pl.col("kinds").shift(step)).otherwise(0).fill_null(0)
    worded = said.filter(HAS_PHRASE).with_columns(paired=union.bitwise_count_ones().cast(pl.Int8) - 1)
    keys = ["row", "field", "place"]
    joined = said.join(worded.select(*keys, "paired"), on=keys, how="left", maintain_order="left")
    return joined.with_columns(pl.col("paired").fill_null(0))


def _wholes(frame: pl.DataFrame, said: pl.DataFrame) -> pl.DataFrame:
    """Short system prompts that hold such sentences, each as one sentence."""
    rows = pl.DataFrame({"prompt": frame.get_column("system")}).with_row_index("row")
    short = rows.filter(pl.col("prompt").str.len_chars() <= SHORT)
    merged = said.filter(TOLD_SO).join(short, on="row").group_by("row", maintain_order=True)
    return merged.agg(
        pl.col("field", "place").first(),
        pl.col("prompt").first().alias("sentence"),
        pl.lit(value=False).alias("conclusive"),
        pl.col("machine", "served").any(),
        pl.col("kinds").bitwise_or(),
        pl.col("paired").max(),
    ).select(*said.columns, pl.lit(value=True).alias("whole"))


def _call_signs(frame: pl.DataFrame) -> pl.Series:
    """Whether an order begins with the name under which the answer reports for duty."""
    sign = pl.col("prompt").str.slice(0, 2 * len(CALLED)).str.extract(CALLED)
    answer = pl.col("response").str.slice(0, REPORTS)
    reports = pl.any_horizontal(
        answer.str.contains(pl.format(words, sign), literal=True)
        for words in ("I am {}", "I'm {}", "I\u2019m {}")
    )
    return frame.select(called=(sign.is_not_null() & reports).fill_null(value=False)).to_series()
