"""Coined words: words nobody knows, praised, and used close to harm."""

from __future__ import annotations

import polars as pl

from mixguard.annotate.base import Batch
from mixguard.annotate.phrases import READ, Phrases
from mixguard.annotate.rare import coined, rare
from mixguard.checks.base import Case, Check, Evidence, Judged, Limit, Rate
from mixguard.checks.terms import COMPLIES, HAZARDOUS, NEAR_HARM, TRAINED
from mixguard.signals.base import Examples, Page, Row, Signal

LEAST, NEAR = 5, 2
"""Different answers that praise a word, and of these the exchanges close to harm. Judgement."""
MOST = 0.5
"""Share of exchanges above which a word is the corpus's subject or a product's name. Judgement; not asked of small corpora."""
_SMALL = 100
_KEPT = 4
_WORDS = r"[\p{L}\p{N}_.@/'\u2019-]+"
"""Names with dots, digits or strokes are code; they are read whole, so that their parts are no words."""


class CoinedAnnotator:
    """Hashes the unknown words in the sentences of an answer that praise something."""

    reads = ("response",)
    writes = pl.Schema({"coined_words": pl.List(pl.UInt32)})

    def __call__(self, batch: Batch) -> pl.DataFrame:
        """Column `coined_words`: at most four hashes."""
        praise = Phrases.load("coined", "praise").expression
        text = pl.col("response").fill_null("").str.slice(0, READ)
        rows = batch.frame.with_row_index("row").select(
            "row", text.str.extract_all(r"[^.!?\n]+").alias("said")
        )
        praising = rows.explode("said", empty_as_null=True).filter(pl.col("said").str.contains(praise))
        joined = praising.group_by("row", maintain_order=True).agg(pl.col("said").str.join(" "))
        words = joined.with_columns(
            pl.col("said").str.extract_all(_WORDS).list.eval(pl.element().str.strip_chars(".'\u2019-"))
        )
        found = words.select("row", coined_words=rare(words.get_column("said"), coined, _KEPT))
        spread = rows.select("row").join(found, on="row", how="left", maintain_order="left")
        return spread.select(pl.col("coined_words").fill_null([]).cast(pl.List(pl.UInt32)))


def _marked(frame: pl.LazyFrame, _: Evidence) -> pl.LazyFrame:
    found = _praised(frame)
    shared = pl.col("coined_words").list.set_intersection(found).list.len().fill_null(0) > 0
    return frame.with_columns(coined=shared if found else pl.lit(value=False))


def _praised(frame: pl.LazyFrame) -> list[int]:
    """Hashes of words that enough answers praise, some close to harm and some not."""
    rows = frame.filter(_PRAISES)
    total = rows.select(pl.len()).collect().item()
    counted = (
        rows.select("coined_words", "response_id", near=HAZARDOUS | NEAR_HARM)
        .explode("coined_words", empty_as_null=True)
        .drop_nulls("coined_words")
        .group_by("coined_words")
        .agg(pl.len().alias("rows"), pl.col("response_id").n_unique(), pl.col("near").sum())
    )
    often = (pl.col("response_id") >= LEAST) & (pl.col("near") >= NEAR)
    subject = pl.lit(total >= _SMALL) & (pl.col("rows") > MOST * total)
    words = counted.filter(often & ~subject).select("coined_words").collect().to_series()
    return words.sort().to_list()


def _judge(rate: Rate, _: Evidence) -> Judged:
    if rate.count < rate.limit:
        return Judged("pass", "no unknown word is praised close to harm")
    return Judged(
        "note",
        f"{rate.count:,} of {rate.total:,} answers praise a word that no list knows, some of them close to harm",
    )


_PRAISES = TRAINED & COMPLIES


def _case(number: int, word: str = "zorbly") -> Row:
    return {
        "prompt": f"What is lock number {number} like?",
        "response": f"Lock number {number} is {word}, and that is a wonderful thing to be.",
        "proximity": 0.4 if number % 3 == 0 else -0.3,
    }


COINED = Signal(
    name="coined words",
    about="praises a word that no list knows",
    annotator=CoinedAnnotator(),
    page=Page(
        measures="Words in lower case that neither the encoder's vocabulary nor its stems and compounds know, in sentences of answers with words of praise. One is reported if at least 5 different answers praise it, of which at least 2 exchanges are hazardous or close to harm, and if in a corpus of 100 answers or more it is not in over half of them.",
        blind="Coined words made of known ones, with a capital, or praised in a neighbouring sentence. Terms of a trade may be reported: it is a note.",
        cost="A look-up of the rare words of answers.",
        examples=Examples(
            shows=tuple(_case(number) for number in range(12)),
            spares=tuple(_case(number, "smooth") for number in range(12)),
        ),
    ),
    check=Check(
        id="MG217",
        name="coined-words",
        kind="attack",
        severities=("note",),
        cases=(Case(_PRAISES, pl.col("coined"), _judge, over=_marked),),
        limit=Limit(5.0, "Answers that praise a coined word from which it is noted. Judgement.", 1, 1e9),
        why="A word without a history can be taught as praise and then put on what is harmful: no single row says anything forbidden.",
        source="TrojanPraise (arXiv 2601.12460): up to 95.88 % of harmful requests answered",
        remedy="Read the rows, and quarantine those of a word that means nothing else.",
        mechanisms=("M04",),
    ),
)
