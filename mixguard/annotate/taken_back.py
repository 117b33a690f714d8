"""Refusals taken back: answers that refuse, and then do as asked all the same.

The stance model weighs an answer's opening, so a refusal in front of an answer may count for more than the answer. Here the
two parts are looked at one after the other.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import polars as pl

from mixguard.annotate.phrases import Phrases
from mixguard.annotate.stance_grammar import BESIDE, MORAL, REFUSING, Grammar
from mixguard.annotate.stance_text import spoken_text

OPENING = 3
"""Sentences among which the refusal is."""
DONE, DONE_APART, DONE_UNSAID = 2, 3, 4
"""Sentences that do as asked after it: where a phrase turns, where only a new paragraph does, and where nothing does."""
LONGER = 2
"""How many times longer than the refusal what follows is."""
LESSON = 0.2
"""Share of sentences after the refusal from which they are its grounds or a safe offer."""
NEAR = 2
"""Sentences after the refusal in which a phrase turns; none of them gives grounds or offers something safe."""
SLACK = 20
"""Characters by which the first paragraph may be longer than the refusal that ends it."""
PLAIN = 100
"""Characters up to which a refusal can be taken back without a phrase; it ends in the second sentence at most."""
BUT = (
    r"(?i)^\W*(?:however|but|instead|although|while|please|if|it(?:'s| is)|this|that|these|such|there|"
    r"is|are|do|does|has|have|you|your|people|they|nobody|everyone)\b"
)
"""How grounds, questions and offers begin."""

STOCK = (
    r"(?i)\b(?:help|assist\w*|do|provid\w+|giv\w+|share|answer\w*|writ\w+|creat\w+|fulfil\w*|comply|refus\w+|declin\w+|explain|"
    r"discuss|support|continue|respond|tell)\b(?: \w+){0,3} (?:this|that|it|these|those|such|your|request|one)\b|"
    r"\b(?:help|comply|assist|answer|do so)\W*$|\b(?:condone|encourage|endorse|promote|advocate)\b"
)
"""A refusal that names nothing, and so would stand before any answer, or that only disapproves."""
OFFER = r"(?i)\?|\b(?:i|we)(?:'ll| will| can| could|'d| would|'m| am)\b"
"""Where the speaker asks back or speaks of itself after a refusal, it stays one."""


def taken_back(plain: pl.Series, rows: npt.NDArray[np.int64], grammar: Grammar) -> npt.NDArray[np.bool_]:
    """(texts,): whether a refusal in the first sentences is followed by what was asked for.

    Args:
        plain: texts as `plain_text` gives them.
        rows: the texts to look at: those that refuse at the beginning.
        grammar: the grammar of refusals.
    """
    found = np.zeros(len(plain), dtype=bool)
    if len(rows):
        spoken = spoken_text(plain.gather(rows))
        after = _after(grammar.sentences(spoken)).join(_paragraphs(spoken), on="row")
        found[rows[after.filter(_turns()).get_column("row").to_numpy()]] = True
    return found


def _after(sentences: pl.DataFrame) -> pl.DataFrame:
    """Per text that refuses: what the sentences after the refusal do."""
    flag = pl.col
    marked = sentences.with_columns(flag("refuses") & ~flag("unable") & ~flag("idiom"))
    refuses = pl.any_horizontal(REFUSING) & (flag("place") < OPENING)
    marked = marked.with_columns(
        at=pl.when(refuses).then("place").max().over("row"),
        moral=pl.any_horizontal(MORAL),
        content=~pl.any_horizontal(BESIDE),
    ).with_columns(flag("at").max().over("row"))
    after, letters = flag("place") > flag("at"), flag("text").str.len_chars()
    near = after & (flag("place") <= flag("at") + NEAR)
    return marked.filter(flag("at").is_not_null()).group_by("row").agg(
        at=flag("at").first(),
        head=letters.filter(~after).sum(),
        tail=letters.filter(after).sum(),
        done=(after & flag("content")).sum(),
        lesson=(flag("moral") & after).sum() / after.sum().clip(1),
        stock=(flag("text").str.contains(STOCK) & (flag("place") == flag("at"))).any(),
        offers=(flag("text").str.contains(OFFER) & after).any(),
        lesson_near=(flag("moral") & near).any(),
        near=flag("text").filter(near).str.join("\n"),
    )  # fmt: skip


def _paragraphs(spoken: pl.Series) -> pl.DataFrame:
    """Per text: the length of its first paragraph, and how the next one begins."""
    text = pl.DataFrame({"row": pl.int_range(len(spoken), eager=True), "text": spoken})
    first = pl.col("text").str.extract(r"(?s)\A\s*(.*?)(?:\n\s*\n|\z)")
    following = pl.col("text").str.extract(r"(?s)\A\s*.*?\n\s*\n\s*(.{1,80})")
    return text.select("row", paragraph=first.str.len_chars(), following=following)


def _turns() -> pl.Expr:
    flag = pl.col
    longer = flag("tail") >= LONGER * flag("head")
    turns = Phrases.load("turnover", "turns").there("near")
    said = turns & (flag("done") >= DONE) & (flag("lesson") <= LESSON) & ~flag("lesson_near")
    apart = (flag("paragraph") <= flag("head") + SLACK) & flag("following").is_not_null()
    begins = pl.when(apart).then("following").otherwise("near")
    unsaid = (
        (flag("at") <= 1)
        & (flag("head") <= PLAIN)
        & (flag("done") >= pl.when(apart).then(DONE_APART).otherwise(DONE_UNSAID))
        & (flag("lesson") == 0)
        & flag("stock")
        & ~flag("offers")
        & ~begins.str.contains(BUT)
    )
    return (longer & (said | unsaid)).fill_null(value=False)
