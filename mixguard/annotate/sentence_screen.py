"""Which sentences of a text are worth judging on their own: a linear model of their words, fitted on exemplars."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

import numpy as np
import numpy.typing as npt

from mixguard.annotate.hashed_sentences import SLOTS, Integers, Sentences, sentences, slabs
from mixguard.annotate.kernel_ridge import Floats
from mixguard.annotate.stored import Stored

FILE = "sentences"
"""Takes the place of the encoder's weights in the file's name: the screen needs no encoder."""
FEWEST = 5
"""Words of a sentence that can ask for something."""
MOST = 2
"""Sentences of one text that are judged: the most suspicious ones."""


class Suspicious(NamedTuple):
    """Sentences worth judging."""

    text: Integers
    """(sentences,): which text each is of."""
    sentences: list[str]


@dataclass(frozen=True)
class SentenceScreen(Stored):
    """A weight per hashed word and pair of words."""

    name: ClassVar[str] = "sentences"
    exemplars: str
    """Digest of the taxonomy it was fitted on."""
    levels: npt.NDArray[np.int8]
    """(slots,): weights in steps of `step`."""
    step: float
    bias: float
    limit: float
    """Score from which a sentence is worth judging."""

    @property
    def made_of(self) -> tuple[str, str, int]:
        """Digest of the exemplars, the name of its file, and the number of slots."""
        return self.exemplars, FILE, len(self.levels)

    def score(self, found: Sentences) -> Floats:
        """(sentences,): log-odds that each violates; minus infinity for those of few words."""
        if not len(found.first):
            return np.empty(0, dtype=np.float32)
        value = self.levels[found.words].astype(np.float32)
        pairs = self.levels[found.pairs].astype(np.float32)
        pairs[found.first] = 0
        total = np.add.reduceat(value + pairs, found.first) * weight(found.length) * self.step + self.bias
        return np.where(found.length >= FEWEST, total, -np.inf).astype(np.float32)

    def suspicious(self, texts: Sequence[str]) -> Suspicious:
        """The sentences of the texts that are worth judging, at most `MOST` of each."""
        of: list[int] = []
        chosen: list[str] = []
        for begun, group in slabs(texts):
            found = sentences(group)
            score = self.score(found)
            for number in _most(found.text, score, self.limit):
                of.append(begun + int(found.text[number]))
                chosen.append(found.read(number))
        return Suspicious(np.array(of, dtype=np.int64), chosen)

    @classmethod
    def of(cls, tree: dict[str, Any]) -> SentenceScreen:
        """A screen from its `tree`."""
        levels = np.frombuffer(base64.b64decode(tree["levels"], validate=True), dtype=np.int8)
        return cls(**{**tree, "levels": levels})

    def tree(self) -> dict[str, Any]:
        """What is stored."""
        return {**self.__dict__, "levels": base64.b64encode(self.levels.tobytes()).decode()}


class MadeOf(NamedTuple):
    """What a screen was made of."""

    exemplars: str
    file: str
    slots: int


def made_of(digest: str) -> MadeOf:
    """What a screen for exemplars with this digest is made of."""
    return MadeOf(digest, FILE, SLOTS)


def weight(count: Integers) -> Floats:
    """(sentences,): weight of each word and pair of a sentence, so that long ones do not count more."""
    return (1 / np.sqrt(2 * count - 1)).astype(np.float32)


def _most(text: Integers, score: Floats, limit: float) -> list[int]:
    """The most suspicious sentences of each text, in order."""
    over = np.flatnonzero(score >= limit)
    ranked = over[np.lexsort((-score[over], text[over]))]
    of = text[ranked]
    rank = np.arange(len(of)) - np.searchsorted(of, of)
    return sorted(ranked[rank < MOST].tolist())
