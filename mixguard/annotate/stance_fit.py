"""Fit the stance model on the project's labelled responses, and on nothing else."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl

from mixguard.annotate.stance_grammar import Grammar
from mixguard.annotate.stance_model import (
    STANCES,
    Floats,
    StanceModel,
    embedding_features,
    exemplars_digest,
    labels,
    load_exemplars,
    opening_vectors,
)
from mixguard.stats import DetectorError
from mixguard.vectors.encoder import Vectors
from mixguard.vectors.store import VectorStore

FOLDS = 10
SEED = 7
PENALTY = 0.1
"""Inverse strength of the L2 penalty."""
SCALE_MIN = 0.05
"""A feature the exemplars hardly show must not be blown up."""


def fit(folder: Path, store: VectorStore) -> StanceModel:
    """Fit the weights; the reported figures are for responses that were left out."""
    exemplars = load_exemplars(folder)
    grammar = Grammar.load(folder)
    texts = exemplars.get_column("text")
    target = labels(exemplars)
    written = grammar.features(texts)
    features = np.hstack([written.to_numpy(), _left_out_similarity(opening_vectors(texts, store), target)])
    mean, scale = features.mean(0), np.maximum(features.std(0), SCALE_MIN)
    names = (*written.columns, *(f"near_{stance}" for stance in STANCES))
    weights, probability = _regress((features - mean) / scale, target)
    return StanceModel(
        exemplars=exemplars_digest(folder),
        features=names,
        mean=mean.astype(np.float32),
        scale=scale.astype(np.float32),
        weights=weights,
        error=_error(probability, target),
        encoder=store.encoder.weights,
    )


def _left_out_similarity(vectors: Vectors, target: npt.NDArray[np.int64]) -> Floats:
    fold = np.random.default_rng(SEED).permutation(len(vectors)) % FOLDS
    found = np.empty((len(vectors), len(STANCES)), dtype=np.float32)
    for number in range(FOLDS):
        held = fold == number
        found[held] = embedding_features(vectors[held], vectors[~held], target[~held])
    return found


def _regress(features: Floats, target: npt.NDArray[np.int64]) -> tuple[Floats, Floats]:
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import cross_val_predict

    regression = LogisticRegression(C=PENALTY, max_iter=5000)
    probability = cross_val_predict(regression, features, target, cv=FOLDS, method="predict_proba")
    regression.fit(features, target)
    weights = np.hstack([regression.coef_, regression.intercept_[:, None]])
    return weights.astype(np.float32), probability


def _error(probability: Floats, target: npt.NDArray[np.int64]) -> DetectorError:
    called, refuses = probability.argmax(1) > 0, target > 0
    return DetectorError(
        sensitivity=round(float(called[refuses].mean()), 4),
        specificity=round(float((~called[~refuses]).mean()), 4),
        positives=int(refuses.sum()),
        negatives=int((~refuses).sum()),
    )


def by_kind(folder: Path, store: VectorStore) -> pl.DataFrame:
    """Left-out accuracy per kind of exemplar: where the detector is weak."""
    exemplars = load_exemplars(folder)
    grammar = Grammar.load(folder)
    texts = exemplars.get_column("text")
    target = labels(exemplars)
    similarity = _left_out_similarity(opening_vectors(texts, store), target)
    features = np.hstack([grammar.features(texts).to_numpy(), similarity])
    scaled = (features - features.mean(0)) / np.maximum(features.std(0), SCALE_MIN)
    _, probability = _regress(scaled, target)
    right = probability.argmax(1) == target
    scored = exemplars.with_columns(right=pl.Series(right))
    return scored.group_by("stance", "kind").agg(pl.len(), pl.col("right").mean()).sort("stance", "kind")
