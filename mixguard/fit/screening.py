"""Fit the stage `screen`: on the exemplars, and on rows of the corpus that the exact stages found harmless.

Exemplars alone do not say what a corpus is about: a screen fitted on them alone keeps several times as many of its rows for the
same recall (`benchmarks/screening.py --prompts`). The limit is that of left-out groups of exemplars.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from mixguard.annotate.hashed_sentences import SLOTS, sentences
from mixguard.annotate.kernel_ridge import Floats
from mixguard.annotate.screen import Screen, Share, words_of
from mixguard.fit.hazard import folds, importance
from mixguard.library.taxonomy import REQUEST, Taxonomy

PENALTY = 10.0
"""Inverse strength of the L2 penalty."""
RECALL = 0.97
"""Share of left-out violating exemplars that must pass: about .995 of those that the fast stage flags when they are left
out, for it misses the hardest itself."""
MAY = 0.05
"""Probability from which nothing is dismissed, whatever the recall."""
PASSAGE, PASSAGE_WEIGHT = 2, 0.3
"""Sentences of a piece of a background passage, and its weight. Judgement."""
OWN_WEIGHT = 3.0
"""Weight of a row of the corpus. Judgement: what is like it is most of what is read."""
LEVELS = 127
FOLDS = 3


class _Read(NamedTuple):
    counts: Any
    """(texts, slots): sparse."""
    hazardous: npt.NDArray[np.bool_]
    weight: npt.NDArray[np.float64]
    fold: npt.NDArray[np.int64]
    """-1 for the corpus's own rows, which are never left out."""
    violating: npt.NDArray[np.bool_]
    """Which are violating exemplars."""


def fit(taxonomy: Taxonomy, harmless: Sequence[str], sampled: Share) -> Screen:
    """Fit weights and limit; deterministic.

    Args:
        taxonomy: the taxonomy.
        harmless: prompts of the corpus that were judged to be far from any hazard.
        sampled: rows that are judged though they are dismissed.
    """
    read = _read(taxonomy, harmless)
    held = np.zeros(len(read.fold))
    for fold in range(FOLDS):
        out = read.fold == fold
        table, bias = _weights(read, ~out)
        held[out] = read.counts[out] @ table + bias
    slope, shift = _calibrated(held, read)
    table, bias = _weights(read, np.ones(len(held), dtype=bool))
    step = float(np.abs(table).max() / LEVELS) or 1.0
    least = float(np.quantile(held[read.violating], 1 - RECALL, method="lower"))
    limit = min(slope * least + shift, float(np.log(MAY / (1 - MAY))))
    levels = np.round(table / step).astype(np.int8)
    return Screen(levels, slope * step, slope * bias + shift, limit, sampled)


def _read(taxonomy: Taxonomy, harmless: Sequence[str]) -> _Read:
    exemplars = taxonomy.exemplars.with_columns(kind=taxonomy.text_kinds(), fold=folds(taxonomy.exemplars))
    texts, violating = exemplars["text"].to_list(), (exemplars["label"] == "violating").to_numpy()
    passages = (exemplars["kind"] != REQUEST).to_numpy()
    pieces, of = _pieces([texts[number] for number in np.flatnonzero(passages).tolist()])
    fold = exemplars["fold"].to_numpy() % FOLDS
    extra = len(pieces) + len(harmless)
    return _Read(
        _counts([*texts, *pieces, *harmless]),
        np.concatenate([violating, np.zeros(extra, dtype=bool)]),
        np.concatenate([
            importance(taxonomy), np.full(len(pieces), PASSAGE_WEIGHT), np.full(len(harmless), OWN_WEIGHT),
        ]),
        np.concatenate([fold, fold[passages][of], np.full(len(harmless), -1)]),
        np.concatenate([violating, np.zeros(extra, dtype=bool)]),
    )  # fmt: skip


def _pieces(passages: Sequence[str]) -> tuple[list[str], npt.NDArray[np.int64]]:
    """Some sentences of a passage at a time, and which passage each is of."""
    found = sentences(passages)
    place = np.arange(len(found.text)) - np.searchsorted(found.text, found.text)
    first = np.flatnonzero(place % PASSAGE == 0)
    last = np.append(first[1:], len(found.text)) - 1
    texts = [
        found.content[found.start[begin] : found.end[end]].decode("utf-8", "replace")
        for begin, end in zip(first.tolist(), last.tolist(), strict=True)
    ]
    return texts, found.text[first]


def _counts(texts: Sequence[str]) -> Any:
    """(texts, slots): counts of words and pairs by the root of their number, sparse."""
    from scipy.sparse import csr_matrix

    found = words_of(texts)
    count = np.bincount(found.text, minlength=len(texts))
    value = 1 / np.sqrt(np.maximum(count, 1))[found.text]
    return csr_matrix((value, (found.text, found.slot.astype(np.int64))), shape=(len(texts), SLOTS))


def _weights(read: _Read, chosen: npt.NDArray[np.bool_]) -> tuple[Floats, float]:
    from sklearn.linear_model import LogisticRegression

    model = LogisticRegression(C=PENALTY, max_iter=200, solver="liblinear", random_state=0)
    model.fit(read.counts[chosen], read.hazardous[chosen], sample_weight=read.weight[chosen])
    return model.coef_[0].astype(np.float32), float(model.intercept_[0])


def _calibrated(held: npt.NDArray[np.float64], read: _Read) -> tuple[float, float]:
    """Slope and shift from left-out scores to log-odds, weighted as texts weigh."""
    from sklearn.linear_model import LogisticRegression

    out = read.fold >= 0
    model = LogisticRegression(C=100.0)
    model.fit(held[out, None], read.hazardous[out], sample_weight=read.weight[out])
    return float(model.coef_[0, 0]), float(model.intercept_[0])
