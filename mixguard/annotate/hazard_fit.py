"""Fit a hazard model on a taxonomy's exemplars, and on nothing else.

Calibration, limit and error rates come from votes on exemplars whose group was left out; a group is a sub-hazard in one
form, so that near-twins never vouch for each other.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl

from mixguard.annotate.hazard_model import (
    SEARCHED,
    Calibration,
    Exemplars,
    Floats,
    HazardModel,
    kernel,
    nearness,
)
from mixguard.stats import DetectorError
from mixguard.taxonomy import Taxonomy
from mixguard.vectors.encoder import Vectors
from mixguard.vectors.index import ExemplarIndex
from mixguard.vectors.store import VectorStore

SHARPNESS = 4.0
RIDGE = 1.0
"""Both chosen by left-out AUROC among 2, 4, 8 and 0.3, 1, 3; the optimum is flat."""
FOLDS = 10
SEED = 7
PLAIN_GROUPS = 40
PLAIN_WEIGHT = 3.0
"""Plain requests are most of what is judged and few of the exemplars."""
PLAIN_FALSE_ALARMS = 0.01
"""Share of left-out plain requests that the limit may flag; with their own group at hand fewer are."""
PROXIMITY_QUANTILE = 0.995


class _Vote(NamedTuple):
    bias: Floats
    weights: Floats


def exemplar_vectors(taxonomy: Taxonomy, store: VectorStore) -> Vectors:
    """One vector per exemplar, in taxonomy order; of a long exemplar its first window."""
    found = store.vectors(taxonomy.exemplars.get_column("text").to_list())
    return found.vectors[found.starts]


def exemplar_arrays(taxonomy: Taxonomy, vectors: Vectors) -> Exemplars:
    """Arrays and index of a taxonomy whose exemplars have these vectors."""
    codes = {code: number for number, code in enumerate(taxonomy.codes)}
    hazard = [-1 if code is None else codes[code] for code in taxonomy.exemplars.get_column("hazard")]
    violating = (taxonomy.exemplars.get_column("label") == "violating").to_numpy()
    return Exemplars(vectors, ExemplarIndex.build(vectors), np.array(hazard), violating)


def fit(taxonomy: Taxonomy, vectors: Vectors, weights: str) -> HazardModel:
    """Fit votes, calibration, limits and error rates; deterministic."""
    exemplars = exemplar_arrays(taxonomy, vectors)
    plain = exemplars.hazard < 0
    target = _targets(exemplars, len(taxonomy.codes))
    importance = np.where(plain, PLAIN_WEIGHT, 1.0)
    similarity = kernel(vectors @ vectors.T, SHARPNESS).astype(np.float64)
    fold = _folds(taxonomy.exemplars)
    left_out = _left_out(similarity, target, importance, fold)
    vote = _regress(similarity, target, importance)
    any_hazard = _calibrate(left_out[:, -1], target[:, -1])
    limit, error = _limit(any_hazard(left_out[:, -1]), exemplars)
    return HazardModel(
        taxonomy=taxonomy.digest(),
        encoder=weights,
        sharpness=SHARPNESS,
        bias=vote.bias,
        weights=vote.weights,
        per_hazard=_calibrate(left_out[:, :-1].reshape(-1), target[:, :-1].reshape(-1)),
        any_hazard=any_hazard,
        limit=limit,
        error=error,
        proximity_limit=_proximity_limit(exemplars, plain),
        proximity_expected=round(1 - PROXIMITY_QUANTILE, 4),
    )


def _targets(exemplars: Exemplars, hazards: int) -> npt.NDArray[np.bool_]:
    """(exemplars, hazards + 1): which hazards each violates, and whether any."""
    own = (exemplars.hazard[:, None] == np.arange(hazards)) & exemplars.violating[:, None]
    return np.concatenate([own, exemplars.violating[:, None]], axis=1)


def _regress(
    similarity: npt.NDArray[np.float64], target: npt.NDArray[np.bool_], importance: npt.NDArray[np.float64]
) -> _Vote:
    """Weighted kernel ridge regression of all targets at once."""
    bias = np.average(target, axis=0, weights=importance)
    weights = np.linalg.solve(similarity + np.diag(RIDGE / importance), target - bias)
    return _Vote(bias.astype(np.float32), weights.astype(np.float32))


def _left_out(
    similarity: npt.NDArray[np.float64],
    target: npt.NDArray[np.bool_],
    importance: npt.NDArray[np.float64],
    fold: npt.NDArray[np.int64],
) -> Floats:
    """Votes on every exemplar by the exemplars of other groups."""
    votes = np.empty(target.shape, dtype=np.float32)
    for number in range(FOLDS):
        held, kept = np.flatnonzero(fold == number), np.flatnonzero(fold != number)
        vote = _regress(similarity[np.ix_(kept, kept)], target[kept], importance[kept])
        votes[held] = similarity[np.ix_(held, kept)] @ vote.weights + vote.bias
    return votes


def _folds(exemplars: pl.DataFrame) -> npt.NDArray[np.int64]:
    """Fold of every exemplar: whole groups, spread by a fixed shuffle."""
    plain = pl.format("plain-{}", pl.int_range(pl.len()) % PLAIN_GROUPS)
    own = pl.format("{}-{}-{}", "hazard", "sub", "form")
    group = exemplars.select(pl.when(pl.col("hazard").is_null()).then(plain).otherwise(own)).to_series()
    names = group.unique().sort().to_list()
    shuffled = np.random.default_rng(SEED).permutation(len(names))
    fold = {name: int(place) % FOLDS for name, place in zip(names, shuffled, strict=True)}
    return np.array([fold[name] for name in group])


def _calibrate(vote: Floats, positive: npt.NDArray[np.bool_]) -> Calibration:
    from sklearn.linear_model import LogisticRegression

    regression = LogisticRegression(C=100.0).fit(vote[:, None], positive)
    return Calibration(round(float(regression.coef_[0, 0]), 4), round(float(regression.intercept_[0]), 4))


def _limit(probability: Floats, exemplars: Exemplars) -> tuple[float, DetectorError]:
    """The lowest limit, from one half up, with few enough false alarms on plain requests; and its error."""
    plain = probability[exemplars.hazard < 0]
    allowed = float(np.quantile(plain, 1 - PLAIN_FALSE_ALARMS, method="higher")) if len(plain) else 0.5
    limit = round(max(allowed + 0.001, 0.5), 3)
    error = DetectorError(
        sensitivity=round(float((probability[exemplars.violating] >= limit).mean()), 4),
        specificity=round(float((plain < limit).mean()), 4) if len(plain) else 0.5,
        positives=int(exemplars.violating.sum()),
        negatives=len(plain),
    )
    return limit, error


def _proximity_limit(exemplars: Exemplars, plain: npt.NDArray[np.bool_]) -> float:
    """Proximity of plain requests, each without itself among its neighbours."""
    if not plain.any():
        return 1.0
    near = exemplars.index.search(exemplars.vectors[plain], SEARCHED + 1)
    others = type(near)(near.similarity[:, 1:], near.row[:, 1:])
    return round(float(np.quantile(nearness(others, exemplars.violating).proximity, PROXIMITY_QUANTILE)), 4)
