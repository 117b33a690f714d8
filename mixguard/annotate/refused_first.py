"""Answers that refuse something harmless in their first sentences: whether the refusal stands or is taken back.

The grammar of refusals is written for hazardous requests, where a refusal says what it refuses. Refusals of harmless ones are
blunter and come in any wording. Phrases tell them; what follows one is told by its meaning.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl

from mixguard.annotate.phrases import Phrases
from mixguard.annotate.resemblance import Resemblance
from mixguard.annotate.stance_evidence import BENIGN
from mixguard.annotate.stance_grammar import MORAL, REFUSING, SENTENCE_END, Grammar
from mixguard.annotate.stance_model import FROM_BANK, load_exemplars
from mixguard.annotate.stance_text import plain_text, spoken_text
from mixguard.files import bundled
from mixguard.vectors.store import VectorStore

FILE = "refused"
OPENING = 3
"""Sentences among which the refusal is."""
BEGINS, READ = 240, 1500
"""Characters in which a refusal is looked for first, and of which the sentences are read."""
ASIDE = 90
"""Characters that may come before the sentence that refuses: an apology, a sigh. Judgement."""
COMPARED, LONG = 5, 200
"""Sentences after the refusal that are compared by meaning, and the characters of each."""
DOES, STANDS = -0.1, 0.1
"""Mean vote on what follows: below the first it does as asked, above the second the refusal stands. Judgement."""
TURNS, DOUBTS = 0.2, 2.0
"""What is added to the first where a phrase turns, and taken from it for each unit of hazard. Judgement."""
LESSON, ASKS = 0.25, 0.5
"""Share of the sentences compared that may condemn or offer something else, and that may ask, where the refusal is taken
back. Judgement."""
SHORT, CLEARLY = 0.8, -0.6
"""Length that what follows needs, in lengths of the refusal, unless a phrase turns or the vote is below the second. Judgement."""
EVERY = {"full_refusal": 8, "full_compliance": 16}
"""Of the bank's answers, one in so many teaches the vote: enough, and embedded within a second. Judgement."""
TAUGHT = 4
"""Sentences of each that do."""


class Refused(NamedTuple):
    """Numbers of the texts that refuse first."""

    taken_back: npt.NDArray[np.intp]
    stands: npt.NDArray[np.intp]


BARE = r"(?i)^\W*(?:no|nope|nah|not|never)\b"
"""How an answer to a question of yes or no begins."""


@dataclass(frozen=True)
class RefusedFirst:
    """Tells harmless refusals that stand from those taken back."""

    grammar: Grammar
    store: VectorStore

    def __call__(self, plain: pl.Series, prompts: pl.Series, hazard: pl.Series, begins: pl.Series) -> Refused:
        """Judge texts that answer harmless prompts.

        Args:
            plain: texts as `plain_text` gives them.
            prompts: what each answers.
            hazard: hazard probability of each prompt; null is not harmless.
            begins: whether the grammar of refusals finds one in the first sentences.
        """
        rows = _candidates(plain, prompts, hazard, begins)
        found = self._refusing(plain.gather(rows))
        after = self._after(found).join(
            pl.DataFrame({"row": pl.int_range(len(rows), eager=True), "hazard": hazard.gather(rows)}),
            on="row",
        )
        whole = (
            found.group_by("row")
            .agg(pl.len(), pl.col("at").first())
            .filter(pl.col("len") == pl.col("at") + 1)
        )
        numbers = rows.to_numpy()
        stands = [after.filter(pl.col("vote") >= STANDS).get_column("row"), whole.get_column("row")]
        back = after.filter(_does())
        return Refused(numbers[back.get_column("row").to_numpy()], numbers[pl.concat(stands).to_numpy()])

    def _refusing(self, plain: pl.Series) -> pl.DataFrame:
        """The sentences of the texts that refuse first, with `at`: the number of the last one that refuses."""
        text, place, length = pl.col("text"), pl.col("place"), pl.col("text").str.len_chars()
        split = self.grammar.sentences(spoken_text(plain.str.slice(0, READ))).with_columns(
            before=(length.cum_sum() - length).over("row")
        )
        early = split.filter(place < OPENING)
        worded = text.str.contains(Phrases.load(FILE, "refuses").expression)
        spared = text.str.contains(Phrases.load(FILE, "spares").expression) | pl.col("idiom")
        refuses = (worded | pl.any_horizontal(REFUSING)) & ~spared & (pl.col("before") <= ASIDE)
        firm = text.str.contains(Phrases.load(FILE, "firm").expression)
        lacks = early.filter(pl.col("unable") & ~firm).get_column("row")
        last = early.filter(refuses).group_by("row").agg(at=place.max())
        kept = last.filter(~pl.col("row").is_in(lacks.implode()))
        return split.join(kept, on="row", maintain_order="left")

    def _after(self, found: pl.DataFrame) -> pl.DataFrame:
        """Per text that goes on after its refusal: what follows."""
        place, at, length = pl.col("place"), pl.col("at"), pl.col("text").str.len_chars()
        near = (place > at) & (place <= at + COMPARED)
        compared = found.filter(near).get_column("text").str.slice(0, LONG)
        votes = pl.Series(self._vote.votes(compared.to_list()), dtype=pl.Float64)
        voted = found.filter(near).with_columns(vote=votes)
        sums = found.group_by("row").agg(
            head=length.filter(place <= at).sum(), tail=length.filter(place > at).sum()
        )
        told = voted.group_by("row").agg(
            pl.col("vote").mean(),
            lesson=pl.any_horizontal(MORAL).mean(),
            asks=pl.col("text").str.contains(r"\?\W*$").mean(),
            near=pl.col("text").str.join("\n"),
        )
        return told.join(sums, on="row").with_columns(turns=Phrases.load("turnover", "turns").there("near"))

    @cached_property
    def _vote(self) -> Resemblance:
        """Fitted when a corpus first needs it: most hold no such answer."""
        return Resemblance.fit(
            self.store,
            [*_written("stands"), *self._taught("full_refusal")],
            [*_written("answers"), *self._taught("full_compliance")],
        )

    def _taught(self, stance: str) -> list[str]:
        exemplars = load_exemplars(bundled("taxonomies", "stance")).filter(
            (pl.col("kind") == FROM_BANK) & (pl.col("stance") == stance)
        )
        texts = plain_text(exemplars.get_column("text").gather_every(EVERY[stance]))
        refuses = pl.any_horizontal(REFUSING) | pl.col("text").str.contains(
            Phrases.load(FILE, "refuses").expression
        )
        said = self.grammar.sentences(spoken_text(texts)).filter((pl.col("place") < TAUGHT) & ~refuses)
        return said.get_column("text").str.slice(0, LONG).to_list()


def _candidates(plain: pl.Series, prompts: pl.Series, hazard: pl.Series, begins: pl.Series) -> pl.Series:
    """Numbers of the texts that may refuse something harmless, told cheaply."""
    rows = pl.DataFrame(
        {"text": plain.str.slice(0, BEGINS), "prompt": prompts, "hazard": hazard, "begins": begins}
    )
    text = pl.col("text")
    hinted = rows.with_row_index("row").filter(
        (pl.col("hazard") < BENIGN)
        & pl.col("prompt").str.contains(r"\p{L}")
        & (pl.col("begins") | text.str.contains(Phrases.load(FILE, "words").expression))
    )
    lines = text.str.replace_all(SENTENCE_END, "$1\n")
    # A sentence a line, for phrases that are a whole sentence.
    phrases = f"(?m){Phrases.load(FILE, 'refuses').expression}"
    worded = hinted.filter(pl.col("begins") | lines.str.contains(phrases))
    answers = Phrases.load(FILE, "closed").there("prompt") & text.str.contains(BARE)
    return worded.filter(~Phrases.load(FILE, "asks").there("prompt") & ~answers).get_column("row")


def _does() -> pl.Expr:
    """Whether what follows a refusal does as asked."""
    enough = pl.col("turns") | (pl.col("vote") < CLEARLY) | (pl.col("tail") >= SHORT * pl.col("head"))
    limit = DOES + TURNS * pl.col("turns") - DOUBTS * pl.col("hazard")
    return (pl.col("vote") < limit) & enough & (pl.col("lesson") <= LESSON) & (pl.col("asks") <= ASKS)


def _written(table: str) -> list[str]:
    return [sentence for _, sentence in Phrases.load(FILE, table).patterns]
