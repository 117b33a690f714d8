"""How much a sentence resembles what a signal looks for, judged by labelled sentences of the signal's own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from mixguard.annotate import kernel_ridge
from mixguard.annotate.kernel_ridge import Floats, Vote, kernel
from mixguard.annotate.wording import Wording
from mixguard.vectors.base import Vectors
from mixguard.vectors.store import VectorStore

Doubles = npt.NDArray[np.float64]

SHARPNESS = 3.0
"""How fast the influence of an exemplar decays with the distance in meaning."""
WORDS = 0.5
"""What the same words count beside the same meaning. Encoders place `I refuse` close to `I never refuse`."""
RIDGE = 0.3
"""Regularisation of the fit. All three: judgement, on exemplars left out of the fit."""


@dataclass(frozen=True)
class Resemblance:
    """A vote of exemplars on sentences: some show something, others only seem to."""

    store: VectorStore
    vectors: Vectors
    """(exemplars, dimension)."""
    wording: Wording
    """The words of the exemplars."""
    by_words: Vote
    by_both: Vote
    """Fitted on the words alone, and on meaning and words."""

    @classmethod
    def fit(cls, store: VectorStore, shows: Sequence[str], seems: Sequence[str]) -> Resemblance:
        """Fit by kernel ridge regression, both kinds weighing the same.

        Args:
            store: embeds the sentences, or has them.
            shows: sentences that show it.
            seems: sentences that only look like it.
        """
        exemplars = [*shows, *seems]
        vectors, wording = store.first_windows(exemplars), Wording.of(exemplars)
        is_shown = np.arange(len(exemplars)) < len(shows)
        importance = len(exemplars) / np.where(is_shown, len(shows), len(seems)) / (2 * RIDGE)
        overlap = wording.overlap(exemplars)
        by_words, by_both = (
            _fitted(among.astype(np.float64), is_shown, importance)
            for among in (overlap, _influence(vectors, vectors, overlap))
        )
        return cls(store, vectors, wording, by_words, by_both)

    def votes(self, sentences: Sequence[str]) -> Doubles:
        """Shape (sentences,): about 1 for what shows it, about -1 for what does not."""
        if not sentences:
            return np.empty(0)
        vectors = self.store.first_windows(sentences)
        influence = _influence(vectors, self.vectors, self.wording.overlap(sentences))
        return _vote(influence @ self.by_both.weights[:, 0], self.by_both)

    def quick_votes(self, sentences: Sequence[str]) -> Doubles:
        """As `votes`, but by words alone, in hundredths of the time."""
        return _vote(self.wording.weighed(sentences, self.by_words.weights[:, 0]), self.by_words)


def _influence(vectors: Vectors, exemplars: Vectors, overlap: Floats) -> Floats:
    """(sentences, exemplars): how much each exemplar has to say about each sentence."""
    return kernel(vectors @ exemplars.T, SHARPNESS) + WORDS * overlap


def _fitted(among: Doubles, is_shown: npt.NDArray[np.bool_], importance: Doubles) -> Vote:
    """As `regress`, without the inverse, which only leaving out needs; overwrites `among`."""
    bias = np.average(is_shown, weights=importance)
    among[np.diag_indices_from(among)] += kernel_ridge.RIDGE / importance
    weights = np.linalg.solve(among, is_shown - bias)
    return Vote(np.array([bias], dtype=np.float32), weights[:, None].astype(np.float32))


def _vote(pull: Floats, fitted: Vote) -> Doubles:
    return np.asarray(2 * (pull + fitted.bias[0]) - 1, dtype=np.float64)
