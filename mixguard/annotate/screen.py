"""The stage `screen`: what is surely nowhere near a hazard, and whose answer shows no refusal, is never embedded.

A linear model of hashed words and pairs of words, fitted on the exemplars and on some of the corpus's own rows
(`fit/screening.py`), dismisses a row. Some of those that it dismisses are judged nevertheless, by a hash of their prompt, so
that its recall is known.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl

from mixguard.annotate.base import DISMISSED, SAMPLED, Batch
from mixguard.annotate.hashed_sentences import Integers, Slots, sentences, slabs
from mixguard.annotate.kernel_ridge import Floats
from mixguard.annotate.refused_first import may_refuse
from mixguard.annotate.requests import requests
from mixguard.annotate.stance_evidence import shown
from mixguard.annotate.stance_grammar import Grammar
from mixguard.columns import SCREENED


class Words(NamedTuple):
    """The hashed words of texts, and their pairs."""

    text: Integers
    slot: Slots


class Share(NamedTuple):
    """Rows by the hash of their prompt: from `low` up to, but without, `high`; both in [0, 1]."""

    low: float
    high: float

    def holds(self) -> pl.Expr:
        """Whether a row belongs to it."""
        place = pl.col("prompt_id").str.slice(0, 8).str.to_integer(base=16, dtype=pl.Int64) / 2**32
        return place.is_between(self.low, self.high, closed="left")


@dataclass(frozen=True)
class Screen:
    """A weight per hashed word and pair of words."""

    levels: npt.NDArray[np.int8]
    """(slots,): weights in steps of `step`."""
    step: float
    bias: float
    limit: float
    """Log-odds below which a text is dismissed."""
    sampled: Share
    """Rows that are judged though they are dismissed."""

    @property
    def digest(self) -> str:
        """16 hex digits that change whenever it would dismiss other rows."""
        numbers = repr((self.step, self.bias, self.limit, self.sampled)).encode()
        return hashlib.sha256(self.levels.tobytes() + numbers).hexdigest()[:16]

    def log_odds(self, texts: Sequence[str]) -> Floats:
        """(texts,): log-odds that each is hazardous."""
        found = np.full(len(texts), self.bias, dtype=np.float32)
        for begun, group in slabs(texts):
            words = words_of(group)
            count = np.bincount(words.text, minlength=len(group))
            total = np.bincount(words.text, self.levels[words.slot], minlength=len(group))
            found[begun : begun + len(group)] += self.step * total / np.sqrt(np.maximum(count, 1))
        return found

    def score(self, frame: pl.DataFrame) -> Floats:
        """(rows,): log-odds of each prompt, or of its first or last line where that is what it asks."""
        worst = self.log_odds(frame.get_column("prompt").fill_null("").to_list())
        for line in requests(frame).get_columns():
            rows = line.is_not_null().arg_true().to_numpy()
            worst[rows] = np.maximum(worst[rows], self.log_odds(line.drop_nulls().to_list()))
        return worst


@dataclass(frozen=True)
class ScreenAnnotator:
    """Dismisses rows that no later stage needs to see."""

    screen: Screen | None
    grammar: Grammar
    language: str
    """Of the taxonomy: what is in another one is not judged, so not dismissed."""
    reads = ("kind", "prompt", "prompt_id", "response", "language", "pair")
    writes = SCREENED

    def __call__(self, batch: Batch) -> pl.DataFrame:
        """Columns `SCREENED`, null without a screen."""
        if self.screen is None:
            return pl.DataFrame(schema=self.writes).clear(batch.frame.height)
        score = self.screen.score(batch.frame)
        far = pl.Series(score < self.screen.limit) & self._is_judged(batch.frame)
        dismissed = far & ~self._may_refuse(batch)
        kept = pl.when(self.screen.sampled.holds()).then(pl.lit(SAMPLED)).otherwise(pl.lit(DISMISSED))
        state = batch.frame.select(pl.when(dismissed).then(kept).alias("screen"))
        return state.with_columns(screen_score=pl.Series(1 / (1 + np.exp(-score)), dtype=pl.Float32))

    def _is_judged(self, frame: pl.DataFrame) -> pl.Series:
        # A language is not told of few words; the hazard stages judge those, too.
        foreign = (pl.col("language") != self.language).fill_null(value=False)
        asked = pl.col("prompt").str.contains(r"\S").fill_null(value=False)
        return frame.select(asked & ~foreign & pl.col("pair").is_null()).to_series()

    def _may_refuse(self, batch: Batch) -> pl.Series:
        """Which answers hold words that can make them more than an answer."""
        written = batch.written(self.grammar)
        harmless = pl.zeros(batch.frame.height, dtype=pl.Float32, eager=True)
        begins = written.select((pl.col("refuses_first") > 0) | (pl.col("refuses_abroad_first") > 0))
        prompts = batch.frame.get_column("prompt")
        candidates = may_refuse(batch.plain, prompts, harmless, begins.to_series())
        hinted = np.zeros(batch.frame.height, dtype=bool)
        hinted[candidates.to_numpy()] = True
        return written.select(shown() | pl.lit(pl.Series(hinted))).to_series()


def words_of(texts: Sequence[str]) -> Words:
    """The words of texts, and their pairs within sentences."""
    found = sentences(texts)
    text = np.repeat(found.text, found.length)
    paired = np.ones(len(text), dtype=bool)
    paired[found.first] = False
    return Words(
        np.concatenate([text, text[paired]]),
        np.concatenate([found.words, found.pairs[paired]]),
    )
