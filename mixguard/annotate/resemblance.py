"""How much a sentence resembles what a signal looks for, judged by labelled sentences of the signal's own."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import orjson

from mixguard.annotate import kernel_ridge
from mixguard.annotate.kernel_ridge import Floats, Vote, kernel
from mixguard.annotate.models import model_file
from mixguard.annotate.stored import Stored
from mixguard.annotate.wording import Wording
from mixguard.files import bundled
from mixguard.vectors.base import Vectors
from mixguard.vectors.store import VectorStore

Doubles = npt.NDArray[np.float64]

SHARPNESS = 3.0
"""How fast the influence of an exemplar decays with the distance in meaning."""
WORDS = 0.5
"""What the same words count beside the same meaning. Encoders place `I refuse` close to `I never refuse`."""
RIDGE = 0.3
"""Regularisation of the fit. All three: judgement, on exemplars left out of the fit."""


class Labelled(NamedTuple):
    """Sentences of the project's own that one vote is fitted on."""

    name: str
    shows: Sequence[str]
    """Sentences that show it."""
    seems: Sequence[str]
    """Sentences that only look like it."""

    @property
    def every(self) -> list[str]:
        """Both kinds, in the order of the fit."""
        return [*self.shows, *self.seems]

    @property
    def digest(self) -> str:
        """Changes with any sentence or label, and with how a vote is fitted."""
        made_of = [self.shows, self.seems, SHARPNESS, WORDS, RIDGE]
        return hashlib.sha256(orjson.dumps(made_of)).hexdigest()[:16]


@dataclass(frozen=True)
class Fitted(Stored):
    """What is fitted on labelled sentences, and shipped for the bundled encoder."""

    exemplars: str
    """Digest of the sentences."""
    by_words: Vote
    by_both: Vote
    """Fitted on the words alone, and on meaning and words."""

    @classmethod
    def of(cls, tree: dict[str, Any]) -> Fitted:
        """A model from its `tree`."""
        votes = (
            Vote(*(np.array(part, dtype=np.float32) for part in tree[name]))
            for name in ("by_words", "by_both")
        )
        return cls(tree["exemplars"], *votes)

    def tree(self) -> dict[str, Any]:
        """What is stored: numbers rounded to six decimals."""
        votes = {
            name: [part.astype(float).round(6).tolist() for part in vote]
            for name, vote in (("by_words", self.by_words), ("by_both", self.by_both))
        }
        return {"exemplars": self.exemplars, **votes}


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
    def open(cls, store: VectorStore, labelled: Labelled) -> Resemblance:
        """The vote that is shipped for these sentences and the store's encoder, else one that is fitted now."""
        wording, vectors = Wording.of(labelled.every), store.first_windows(labelled.every)
        file = shipped_votes(store, labelled)
        fitted = Fitted.load(file) if file.is_file() else None
        if fitted is None or fitted.exemplars != labelled.digest:
            fitted = fit(vectors, wording, labelled)
        return cls(store, vectors, wording, fitted.by_words, fitted.by_both)

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


def shipped_votes(store: VectorStore, labelled: Labelled) -> Path:
    """Where the vote on these sentences is shipped; it may not be there."""
    return model_file(bundled("taxonomies", "signals"), f"{store.encoder.weights}-{labelled.name}")


def fit(vectors: Vectors, wording: Wording, labelled: Labelled) -> Fitted:
    """Fit by kernel ridge regression, both kinds weighing the same.

    Args:
        vectors: of the sentences.
        wording: of the sentences.
        labelled: the sentences.
    """
    exemplars = labelled.every
    is_shown = np.arange(len(exemplars)) < len(labelled.shows)
    share = np.where(is_shown, len(labelled.shows), len(labelled.seems))
    importance = len(exemplars) / share / (2 * RIDGE)
    overlap = wording.overlap(exemplars)
    by_words, by_both = (
        _fitted(among.astype(np.float64), is_shown, importance)
        for among in (overlap, _influence(vectors, vectors, overlap))
    )
    return Fitted(labelled.digest, by_words, by_both)


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
