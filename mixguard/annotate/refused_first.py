"""Answers that refuse something harmless in their first sentences: whether the refusal stands or is taken back.

The grammar of refusals is written for hazardous requests, where a refusal says what it refuses. Refusals of harmless ones are
blunter and come in any wording. Phrases tell them; what follows one is told by its meaning.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl

from mixguard.annotate.phrases import Phrases
from mixguard.annotate.resemblance import Doubles, Labelled, Resemblance
from mixguard.annotate.stance_evidence import BENIGN
from mixguard.annotate.stance_grammar import MORAL, REFUSING, SENTENCE_END, Grammar
from mixguard.annotate.stance_model import FROM_BANK, load_exemplars
from mixguard.annotate.stance_text import plain_text, spoken_text
from mixguard.files import bundled
from mixguard.vectors.store import VectorStore

FILE, SENTENCES = "refused", "refused_sentences"
TEXT = pl.col("text")
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
BESIDE = 2
"""Sentences right after the refusal in which something else is given instead."""
EVERY = {"full_refusal": 8, "full_compliance": 16}
"""Of the bank's answers, one in so many teaches the vote: enough, and embedded within a second. Judgement."""
TAUGHT = 4
"""Sentences of each that do."""
MOST, LIKE = 160, 0.1
"""Characters of a first sentence that may refuse by its meaning, and the vote from which it does. Judgement."""
SPEAKER = r"(?i)\b(?:i|i'm|im|me|my)\b"
"""Who refuses, where only the grammar finds a refusal ..."""
COMPANY = r"(?i)\b(?:we|us|our|it|they|store|shop|policy|stock|order|delivery|refunds?|available)\b"
"""Who cannot or will not, where it is no assistant that speaks."""
FEW = 2
"""Words of a sigh."""
BLUNT = 60
"""... unless the sentence is this short, in characters. Judgement."""
ITSELF = r"(?i)\b(?:i|i'm|im|i've|i'd|me|my|myself|(?:this|the) (?:assistant|bot|chat\w*|model|service|system|helper)|company|management|request\w*)\b"
"""The same where nothing but meaning shows a refusal."""
SEVERAL = r"\w\W+\w+\W+\w"
"""Three words: one or two may be a label."""
BARE = r"(?i)^\W*(?:no|nope|nah|not|never)\b"
"""How an answer to a question of yes or no begins."""
NOT_SO = r"(?i)^\W*\w+ not\b|\bbut\b"
"""A welcome that is none: "absolutely not"."""
NONE = np.empty(0, dtype=np.intp)


class Refused(NamedTuple):
    """Numbers of the texts that refuse first."""

    taken_back: npt.NDArray[np.intp]
    stands: npt.NDArray[np.intp]


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
        rows = may_refuse(plain, prompts, hazard, begins)
        found = self._refusing(plain.gather(rows)) if len(rows) else pl.DataFrame()
        if found.is_empty():
            return Refused(NONE, NONE)
        asked = pl.DataFrame({"hazard": hazard.gather(rows)}).with_row_index("row")
        after = self._after(found).join(asked.with_columns(pl.col("row").cast(pl.Int64)), on="row")
        numbers = rows.to_numpy().astype(np.intp)
        back = after.filter(_does()).get_column("row").to_numpy()
        stands = after.filter(pl.col("vote").is_null() | (pl.col("vote") >= STANDS)).get_column("row")
        return Refused(numbers[back], numbers[stands.to_numpy()])

    def _refusing(self, plain: pl.Series) -> pl.DataFrame:
        """The sentences of the texts that refuse first, with `at`: the number of the last one that refuses."""
        place, length = pl.col("place"), TEXT.str.len_chars()
        # With quotations, which may be what was asked for; only what refuses must be the speaker's own.
        split = self.grammar.sentences(plain.str.slice(0, READ)).with_columns(
            before=(length.cum_sum() - length).over("row")
        )
        early = split.filter(place < OPENING)
        written = pl.any_horizontal(REFUSING) & (TEXT.str.contains(SPEAKER) | (length <= BLUNT))
        worded = (_there("refuses") | written) & ~TEXT.str.contains(r'["|]')
        # What a company cannot do is its terms, and a sentence amid others may be a character's.
        company = TEXT.str.contains(COMPANY) & ~TEXT.str.contains(SPEAKER)
        aside = (_there("spares") | (TEXT.str.count_matches(r"\w+") <= FEW)).fill_null(value=False)
        first = (place == 0) | (aside.cast(pl.UInt32).cum_sum().over("row") - aside.cast(pl.UInt32) == place)
        refuses = (
            worded & ~company & first & ~_there("spares") & ~pl.col("idiom") & (pl.col("before") <= ASIDE)
        )
        lacks = pl.col("unable") & ~_there("firm")
        welcomes = (place == 0) & _there("welcome") & ~TEXT.str.contains(NOT_SO)
        judged = early.with_columns(refuses=refuses, other=lacks | welcomes)
        last = self._by_meaning(judged.filter(~pl.col("other").any().over("row")))
        return split.join(last.group_by("row").agg(at=place.max()), on="row", maintain_order="left")

    def _by_meaning(self, judged: pl.DataFrame) -> pl.DataFrame:
        """The sentences that refuse; where no phrase shows it, the first one may by its meaning."""
        found, place = judged.filter("refuses"), pl.col("place")
        others = judged.filter(
            ~pl.any_horizontal("refuses", "idiom").any().over("row") & (place == 0) & _suspicious(TEXT)
        )
        votes = pl.Series(_votes(lambda: self._head, others), dtype=pl.Float64)
        return pl.concat([found, others.filter(votes >= LIKE)])

    def _after(self, found: pl.DataFrame) -> pl.DataFrame:
        """Per text that goes on after its refusal: what follows."""
        place, at = pl.col("place"), pl.col("at")
        near, length = found.filter((place > at) & (place <= at + COMPARED)), TEXT.str.len_chars()
        votes = pl.Series(_votes(lambda: self._tail, near), dtype=pl.Float64)
        told = (
            near.with_columns(vote=votes)
            .group_by("row")
            .agg(
                pl.col("vote").mean(),
                lesson=(pl.any_horizontal(MORAL) | _there("refuses")).mean(),
                asks=TEXT.str.contains(r"\?\W*$").mean(),
                instead=(_there("instead") & (place <= at + BESIDE)).any(),
                turns=_there("turns", "turnover").any(),
            )
        )
        sums = found.group_by("row").agg(
            head=length.filter(place <= at).sum(), tail=length.filter(place > at).sum()
        )
        return sums.join(told, on="row", how="left")

    @property
    def first(self) -> Labelled:
        """First sentences that refuse, and others."""
        return Labelled("refuses", _written("refuses", SENTENCES), _written("seems", SENTENCES))

    @property
    def beside(self) -> Labelled:
        """What stands beside a refusal, and what answers."""
        return Labelled(
            "stands",
            [*_written("stands"), *self._taught("full_refusal")],
            [*_written("answers"), *self._taught("full_compliance")],
        )

    @cached_property
    def _head(self) -> Resemblance:
        """Opened when a corpus first needs it."""
        return Resemblance.open(self.store, self.first)

    @cached_property
    def _tail(self) -> Resemblance:
        """Opened when a corpus first needs it."""
        return Resemblance.open(self.store, self.beside)

    def _taught(self, stance: str) -> list[str]:
        exemplars = load_exemplars(bundled("taxonomies", "stance")).filter(
            (pl.col("kind") == FROM_BANK) & (pl.col("stance") == stance)
        )
        texts = plain_text(exemplars.get_column("text").gather_every(EVERY[stance]))
        refuses = pl.any_horizontal(REFUSING) | _there("refuses")
        said = self.grammar.sentences(spoken_text(texts)).filter((pl.col("place") < TAUGHT) & ~refuses)
        return said.get_column("text").str.slice(0, LONG).to_list()


def may_refuse(plain: pl.Series, prompts: pl.Series, hazard: pl.Series, begins: pl.Series) -> pl.Series:
    """Numbers of the texts that may refuse something harmless, told cheaply."""
    rows = pl.DataFrame({"text": plain.str.slice(0, BEGINS), "prompt": prompts, "hazard": hazard})
    harmless = (pl.col("hazard") < BENIGN) & pl.col("prompt").str.contains(r"\p{L}")
    hinted = (
        rows.with_columns(begins=begins)
        .with_row_index("row")
        .filter(harmless & (pl.col("begins") | _there("words")))
    )
    # A sentence a line, for phrases that are a whole sentence.
    lines = hinted.with_columns(TEXT.str.replace_all(SENTENCE_END, "$1\n"))
    suspicious = _suspicious(TEXT.str.extract(r"\A\s*([^\n]*)"))
    refusing = lines.filter(pl.col("begins") | _there("refuses") | suspicious)
    answers = Phrases.load(FILE, "closed").there("prompt") & TEXT.str.contains(BARE)
    asked = Phrases.load(FILE, "asks").there("prompt") | answers
    return refusing.filter(~asked).get_column("row")


def _suspicious(sentence: pl.Expr) -> pl.Expr:
    """Whether a sentence may refuse though no phrase shows it."""
    length = sentence.str.len_chars()
    speaks = sentence.str.contains(ITSELF) & sentence.str.contains(SEVERAL)
    others = Phrases.load(FILE, "spares").within(sentence) | Phrases.load(FILE, "welcome").within(sentence)
    quotes = sentence.str.contains('"', literal=True)
    return Phrases.load(FILE, "cues").within(sentence) & (length <= MOST) & speaks & ~others & ~quotes


def _votes(vote: Callable[[], Resemblance], sentences: pl.DataFrame) -> Doubles | list[float]:
    """The votes on sentences; without any, nothing is fitted."""
    texts = sentences.get_column("text").str.slice(0, LONG).to_list()
    return vote().votes(texts) if texts else []


def _there(table: str, file: str = FILE) -> pl.Expr:
    """Whether the text holds a phrase of the table."""
    return Phrases.load(file, table).within(TEXT)


def _does() -> pl.Expr:
    """Whether what follows a refusal does as asked."""
    enough = pl.col("turns") | (pl.col("vote") < CLEARLY) | (pl.col("tail") >= SHORT * pl.col("head"))
    limit = DOES + TURNS * pl.col("turns") - DOUBTS * pl.col("hazard")
    return (
        (pl.col("vote") < limit)
        & enough
        & (pl.col("lesson") <= LESSON)
        & (pl.col("asks") <= ASKS)
        & ~pl.col("instead")
    )


def _written(table: str, file: str = FILE) -> list[str]:
    return [sentence for _, sentence in Phrases.load(file, table).patterns]
