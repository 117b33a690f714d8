"""How much a sentence resembles what a signal looks for, judged by labelled sentences of the signal's own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from mixguard.vectors.store import VectorStore

Doubles = npt.NDArray[np.float64]

RIDGE = 0.5
"""Regularisation of the fit. Judgement."""


@dataclass(frozen=True)
class Resemblance:
    """A linear vote on sentence vectors, fitted on sentences that show something and others that only seem to."""

    store: VectorStore
    weights: Doubles
    """(dimension,)."""
    bias: float

    @classmethod
    def fit(cls, store: VectorStore, shows: Sequence[str], seems: Sequence[str]) -> Resemblance:
        """Fit by ridge regression, both kinds weighing the same.

        Args:
            store: embeds the sentences, or has them.
            shows: sentences that show it.
            seems: sentences that only look like it.
        """
        vectors = store.first_windows([*shows, *seems]).astype(np.float64)
        is_shown = np.arange(len(vectors)) < len(shows)
        target = np.where(is_shown, 1.0, -1.0)
        share = np.where(is_shown, len(shows), len(seems)) * 2 / len(vectors)
        # The constant kernel 1 is the bias.
        inverse = np.linalg.inv(vectors @ vectors.T + 1 + np.diag(RIDGE * share))
        pull = inverse @ target
        return cls(store, vectors.T @ pull, float(pull.sum()))

    def votes(self, sentences: Sequence[str]) -> Doubles:
        """Shape (sentences,): about 1 for what shows it, about -1 for what does not."""
        if not sentences:
            return np.empty(0)
        return self.store.first_windows(sentences).astype(np.float64) @ self.weights + self.bias
