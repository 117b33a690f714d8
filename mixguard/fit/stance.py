"""Fit the stance model on the project's labelled responses and nothing else."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl

from mixguard.annotate.kernel_ridge import SHARPNESS, Floats, inverse, kernel, left_out, regress
from mixguard.annotate.stance_evidence import needed
from mixguard.annotate.stance_grammar import Grammar
from mixguard.annotate.stance_model import (
    FROM_BANK,
    STANCES,
    StanceModel,
    decided,
    exemplars_digest,
    labels,
    load_exemplars,
    opening_vectors,
)
from mixguard.annotate.stance_text import plain_text
from mixguard.stats import DetectorError
from mixguard.vectors.store import VectorStore

FOLDS = 10
SEED = 7
PRECISION = 0.99
"""Of responses called refusals without words that say so."""
PENALTY = 0.05
"""Inverse strength of the L2 penalty."""
SCALE_MIN = 0.1
"""Keeps features that are rare in the exemplars from being blown up."""
PAIRED = "hard_"
ORDINARY = ("plain", "sensitive_help")
"""Kinds of compliance that resemble most answers."""
LOOKALIKE_WEIGHT = 0.3
"""For other kinds, chosen to resemble refusals: alone they would teach that refusal wording means nothing."""
PAIRED_WEIGHT = 0.1
"""For kinds `hard_...`, written in pairs that share topic and words: half refuse, but few real answers do."""
BORDER, BORDER_WEIGHT = "border_", 0.3
"""For partial refusals written to lie close to careful answers: at full weight those are called refusals."""
BANK_WEIGHT = 0.2
"""For the refusal bank's pairs, which are many and share one house style."""
ANSWERED_WEIGHT = 2.0
"""For answered hazardous prompts: otherwise hazard words, common in refusals, would look like refusing."""


def fit(folder: Path, store: VectorStore) -> StanceModel:
    """Fit the weights; the reported figures are for left-out responses."""
    exemplars = load_exemplars(folder)
    texts = plain_text(exemplars.get_column("text"))
    target, weight = labels(exemplars), _importance(exemplars)
    fold = np.random.default_rng(SEED).permutation(len(target)) % FOLDS
    vectors = opening_vectors(texts, store)
    shared = inverse(kernel(vectors @ vectors.T, SHARPNESS).astype(np.float64), weight)
    each = target[:, None] == np.arange(len(STANCES))
    vote = regress(shared, each, weight)
    written = Grammar.load(folder).features(texts)
    features = np.hstack([written.to_numpy(), left_out(shared, each, weight, fold)])
    mean, scale = np.average(features, axis=0, weights=weight), np.maximum(features.std(0), SCALE_MIN)
    weights, probability = _regress((features - mean) / scale, target, weight, fold)
    unknown = pl.Series([None] * len(target), dtype=pl.Float32)
    silent = needed(written, unknown, 1.0) >= 1.0
    sure = _sure(1 - probability[silent, 0], target[silent] > 0, weight[silent])
    errors = {
        name: _error(
            decided(probability, needed(written, pl.repeat(hazard, len(target), eager=True), sure)) > 0,
            target > 0,
            weight,
        )
        for name, hazard in (("error", 1.0), ("benign_error", 0.0))
    }
    return StanceModel(
        exemplars=exemplars_digest(folder),
        features=(*written.columns, *(f"near_{stance}" for stance in STANCES)),
        mean=mean.astype(np.float32),
        scale=scale.astype(np.float32),
        weights=weights,
        bias=vote.bias,
        votes=vote.weights,
        sure=sure,
        error=errors["error"],
        benign_error=errors["benign_error"],
        encoder=store.encoder.weights,
    )


def _importance(exemplars: pl.DataFrame) -> npt.NDArray[np.float64]:
    kind = pl.col("kind")
    base = kind.str.strip_prefix(PAIRED)
    typical = (pl.col("stance") != "full_compliance") | base.is_in(ORDINARY)
    weight = (
        pl.when(kind == FROM_BANK)
        .then(BANK_WEIGHT)
        .when(kind == "answered")
        .then(ANSWERED_WEIGHT)
        .when(kind.str.starts_with(BORDER))
        .then(BORDER_WEIGHT)
        .otherwise(
            pl.when(typical).then(1.0).otherwise(LOOKALIKE_WEIGHT)
            * pl.when(kind.str.starts_with(PAIRED)).then(PAIRED_WEIGHT).otherwise(1.0)
        )
    )
    return exemplars.select(weight).to_series().to_numpy()


def _regress(
    features: Floats,
    target: npt.NDArray[np.int64],
    weight: npt.NDArray[np.float64],
    fold: npt.NDArray[np.int64],
) -> tuple[Floats, Floats]:
    from sklearn.linear_model import LogisticRegression

    regression = LogisticRegression(C=PENALTY, max_iter=5000)
    probability = np.empty((len(target), len(STANCES)), dtype=np.float32)
    for number in range(FOLDS):
        kept, held = fold != number, fold == number
        regression.fit(features[kept], target[kept], sample_weight=weight[kept])
        probability[held] = regression.predict_proba(features[held])
    regression.fit(features, target, sample_weight=weight)
    weights = np.hstack([regression.coef_, regression.intercept_[:, None]])
    return weights.astype(np.float32), probability


def _sure(probability: Floats, refuses: npt.NDArray[np.bool_], weight: npt.NDArray[np.float64]) -> float:
    """The lowest probability from which `PRECISION` of these responses refuse; 1 if there is none."""
    order = np.argsort(-probability)
    right = np.cumsum((weight * refuses)[order]) / np.cumsum(weight[order])
    enough = np.flatnonzero(right >= PRECISION)
    return round(float(probability[order[enough[-1]]]), 4) if len(enough) else 1.0


def _error(
    called: npt.NDArray[np.bool_], refuses: npt.NDArray[np.bool_], weight: npt.NDArray[np.float64]
) -> DetectorError:
    """Error on left-out exemplars, weighted as in the fit: hard cases are rarer in corpora."""
    return DetectorError(
        sensitivity=round(float(np.average(called[refuses], weights=weight[refuses])), 4),
        specificity=round(float(np.average(~called[~refuses], weights=weight[~refuses])), 4),
        positives=int(weight[refuses].sum()),
        negatives=int(weight[~refuses].sum()),
    )
