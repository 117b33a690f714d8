"""Fit the screen that picks sentences worth judging, on a taxonomy's exemplars and nothing else.

Exemplars hold few of the words that hazards come in. Where vectors of more words are given, words share a weight as
far as their vectors agree.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl

from mixguard.annotate.hashed_sentences import SLOTS, Sentences, sentences
from mixguard.annotate.kernel_ridge import Floats
from mixguard.annotate.sentence_screen import FEWEST, SentenceScreen, weight
from mixguard.fit.hazard import folds
from mixguard.library.taxonomy import Taxonomy
from mixguard.vectors.base import Vectors
from mixguard.vectors.store import VectorStore

PENALTY, SHARED_PENALTY = 10.0, 3.0
"""Inverse strength of the L2 penalty of a word's own weight, and of the weight its vector gives it."""
LOOKALIKE_WEIGHT = 0.2
"""Look-alikes share their words with violating exemplars; the model that judges afterwards tells them apart. Judgement,
like the next one."""
ORDINARY_WEIGHT = 3.0
"""For sentences of plain requests and of background, which are most of what is read."""
PASSES = 0.006
"""Share of left-out ordinary sentences that may pass. Judgement: each costs an embedding."""
LEVELS = 127
LEAST, SHORTEST_WORD = 8, 3
"""Sentences of a kind below which the limit is not calibrated, and letters of a word worth a vector."""


ASKS = r"(?i)^(?:how (?:do|can|could|would|should|might) (?:i|we|you|one|someone|people)|(?:please |can you |could you )?(?:tell|show|teach|explain|describe|help|advise)(?: me| us)?(?: how to| the best way to)|what(?:'s| is) the (?:best|easiest|safest) way to|how to|i (?:want|need|would like) to) (.{8,200})$"
"""A request whose last group completes an announcement."""
ANNOUNCES = (
    "Here is how to {}", "This is how you {}", "And now I will explain how to {}", "To {}, do the following",
    "If you want to {}, this is the way",
)  # fmt: skip
"""What an answer says where it does what a request asks: the exemplars are requests."""


class Words(NamedTuple):
    """Words, and what an encoder makes of each alone."""

    slots: npt.NDArray[np.int64]
    vectors: Vectors


class _Exemplars(NamedTuple):
    found: Sentences
    violating: npt.NDArray[np.bool_]
    weight: npt.NDArray[np.float64]
    ordinary: npt.NDArray[np.bool_]
    fold: npt.NDArray[np.int64]


def fit(taxonomy: Taxonomy, words: Words | None = None) -> SentenceScreen:
    """Fit weights and limit; deterministic."""
    read = _read(taxonomy)
    table, bias = _weights(read, np.ones(len(read.fold), dtype=bool), words)
    return _rounded(taxonomy.digest(), table, bias, _limit(read, words))


def words_of(vocabulary: Path, store: VectorStore) -> Words:
    """The whole words of a tokenizer's vocabulary, one a line, with their vectors centred on their mean."""
    lines = vocabulary.read_text(encoding="utf-8").splitlines()
    words = [word for word in lines if word.isascii() and word.isalpha() and len(word) >= SHORTEST_WORD]
    vectors = store.first_windows(words)
    return Words(sentences(words).words.astype(np.int64), vectors - vectors.mean(axis=0))


def _read(taxonomy: Taxonomy) -> _Exemplars:
    """The sentences of the exemplars and of `ANNOUNCES`; what a violating exemplar says in several counts once."""
    every = announced(taxonomy.exemplars.with_columns(fold=folds(taxonomy.exemplars)))
    found = sentences(every.get_column("text").to_list())
    violating = (every.get_column("label") == "violating").to_numpy()[found.text]
    ordinary = every.get_column("hazard").is_null().to_numpy()[found.text]
    of_text = np.bincount(found.text)[found.text]
    given = np.where(violating, 1 / of_text, np.where(ordinary, ORDINARY_WEIGHT, LOOKALIKE_WEIGHT))
    return _Exemplars(found, violating, given, ordinary, every.get_column("fold").to_numpy()[found.text])


def announced(exemplars: pl.DataFrame) -> pl.DataFrame:
    """The exemplars, and those that ask how to do something once more as an answer announces it."""
    asked = exemplars.with_columns(pl.col("text").str.strip_chars(" ?.!").str.extract(ASKS)).drop_nulls(
        "text"
    )
    number = pl.int_range(pl.len()) % len(ANNOUNCES)
    worded = pl.coalesce(
        pl.when(number == place).then(pl.format(form, "text")) for place, form in enumerate(ANNOUNCES)
    )
    return pl.concat([exemplars, asked.with_columns(worded.alias("text"))])


def _weights(read: _Exemplars, chosen: npt.NDArray[np.bool_], words: Words | None) -> tuple[Floats, float]:
    from sklearn.linear_model import LogisticRegression

    target, given = read.violating[chosen], read.weight[chosen]
    own = LogisticRegression(C=PENALTY, max_iter=200, solver="liblinear", random_state=0)
    own.fit(_counts(read.found)[chosen], target, sample_weight=given)
    table, bias = own.coef_[0].astype(np.float32), float(own.intercept_[0])
    if words is None:
        return table, bias
    place = np.full(SLOTS, -1)
    place[words.slots[::-1]] = np.arange(len(words.slots))[
        ::-1
    ]  # the more frequent word of a slot comes first
    vectors = np.vstack([words.vectors, np.zeros_like(words.vectors[:1])])[place]
    sums = _sums(read.found, vectors)
    scale = 1 / np.sqrt((sums**2).sum(1).mean())
    shared = LogisticRegression(C=SHARED_PENALTY, max_iter=300, tol=1e-5)
    shared.fit(sums[chosen] * scale, target, sample_weight=given)
    return table + vectors @ (shared.coef_[0] * scale).astype(np.float32), bias + float(shared.intercept_[0])


def _rounded(digest: str, table: Floats, bias: float, limit: float) -> SentenceScreen:
    step = float(np.abs(table).max() / LEVELS) or 1.0
    return SentenceScreen(digest, np.round(table / step).astype(np.int8), step, bias, limit)


def _counts(found: Sentences) -> Any:
    """(sentences, slots): weighted counts of words and pairs, sparse."""
    from scipy.sparse import csr_matrix

    row = np.repeat(np.arange(len(found.length)), found.length)
    is_pair = np.ones(len(row), dtype=bool)
    is_pair[found.first] = False
    rows = np.concatenate([row, row[is_pair]])
    slots = np.concatenate([found.words, found.pairs[is_pair]]).astype(np.int64)
    return csr_matrix((weight(found.length)[rows], (rows, slots)), shape=(len(found.length), SLOTS))


def _sums(found: Sentences, vectors: Vectors) -> Floats:
    """(sentences, dimension): weighted sum of each sentence's word vectors."""
    every = [
        np.add.reduceat(vectors[found.words, part], found.first) for part in range(vectors.shape[1])
    ]  # by dimension, since the vectors of all words are large
    return np.asarray(np.stack(every, axis=1) * weight(found.length)[:, None], dtype=np.float32)


def _limit(read: _Exemplars, words: Words | None) -> float:
    """The score that few ordinary sentences reach when their group is left out."""
    held = read.fold % 2 == 0
    needed = read.violating & ~held, ~read.violating & ~held, read.ordinary & held
    if min(map(np.count_nonzero, needed)) < LEAST:
        return 0.0
    table, bias = _weights(read, ~held, words)
    screen = _rounded("", table, bias, 0.0)
    left_out = screen.score(read.found)[held & read.ordinary & (read.found.length >= FEWEST)]
    return round(float(np.quantile(left_out, 1 - PASSES)), 3)
