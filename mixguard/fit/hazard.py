"""Fit a hazard model on a taxonomy's exemplars and nothing else.

Calibration, limit and error rates come from votes on exemplars whose group was left out; a group is one form
of one sub-hazard, so near-duplicates never vouch for each other.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import polars as pl

from mixguard.annotate.exemplars import PROXIMITY_NEAREST, SEARCHED, Exemplars, exemplar_arrays, nearness
from mixguard.annotate.hazard_model import Calibration, HazardModel
from mixguard.annotate.kernel_ridge import SHARPNESS, Floats, kernel, left_out, regress
from mixguard.errors import TaxonomyError
from mixguard.library.taxonomy import Taxonomy
from mixguard.stats import DetectorError
from mixguard.vectors.base import Vectors

FOLDS = 10
SEED = 7
PLAIN_GROUPS = 40
PLAIN_WEIGHT = 3.0
"""Plain requests are most of what is judged but few of the exemplars."""
LOOKALIKE_WEIGHT = 0.2
"""Look-alikes lie among the violating exemplars by design and are rare in a corpus: at full weight they would
outvote real hazards. Judgement, like PLAIN_WEIGHT."""
BALANCE = 3.0
"""Largest factor by which balancing openings may raise or lower a weight."""
PLAIN_FALSE_ALARMS = 0.008
"""Share of left-out plain requests that the limit may flag. The target is 1 in 100 on unseen text; the
adapter has seen these."""
PROXIMITY_QUANTILE = 0.995


def fit(taxonomy: Taxonomy, vectors: Vectors, weights: str) -> HazardModel:
    """Fit votes, calibration, limits and error rates; deterministic.

    Raises:
        TaxonomyError: the exemplars all have the same label.
    """
    if taxonomy.exemplars.get_column("label").n_unique() < 2:
        raise TaxonomyError(f"{taxonomy.folder}: needs both violating and benign exemplars")
    exemplars = exemplar_arrays(taxonomy, vectors)
    plain = exemplars.hazard < 0
    target = targets(taxonomy)
    weight = importance(taxonomy)
    similarity = kernel(vectors @ vectors.T, SHARPNESS).astype(np.float64)
    held_out = left_out(similarity, target, weight, folds(taxonomy.exemplars))
    vote = regress(similarity, target, weight)
    any_hazard = _calibrate(held_out[:, -1], target[:, -1])
    limit, error = _limit(any_hazard(held_out[:, -1]), exemplars)
    return HazardModel(
        exemplars=taxonomy.digest(),
        encoder=weights,
        sharpness=SHARPNESS,
        bias=vote.bias,
        weights=vote.weights,
        per_hazard=_calibrate(held_out[:, :-1].reshape(-1), target[:, :-1].reshape(-1)),
        any_hazard=any_hazard,
        limit=limit,
        error=error,
        proximity_limit=_proximity_limit(exemplars, plain),
        proximity_expected=round(1 - PROXIMITY_QUANTILE, 4),
    )


def left_out_probability(taxonomy: Taxonomy, vectors: Vectors) -> Floats:
    """Probability that each exemplar violates any hazard, according to exemplars of other groups."""
    target = targets(taxonomy)[:, -1:]
    similarity = kernel(vectors @ vectors.T, SHARPNESS).astype(np.float64)
    vote = left_out(similarity, target, importance(taxonomy), folds(taxonomy.exemplars))[:, 0]
    return _calibrate(vote, target[:, 0])(vote)


def targets(taxonomy: Taxonomy) -> npt.NDArray[np.bool_]:
    """(exemplars, hazards + 1): which hazards each exemplar violates, and whether it violates any."""
    violating = pl.col("label") == "violating"
    each = [(pl.col("hazard").eq_missing(pl.lit(code)) & violating).alias(code) for code in taxonomy.codes]
    return taxonomy.exemplars.select(*each, violating.alias("any hazard")).to_numpy()


def importance(taxonomy: Taxonomy) -> npt.NDArray[np.float64]:
    """Weight of each exemplar: balanced over openings within violating and look-alike, and over hazards."""
    opening = (
        pl.col("text").str.to_lowercase().str.replace("\u2019", "'").str.extract(r"^\W*([\w']+)")
        .replace_strict(dict(taxonomy.openings), default=None, return_dtype=pl.String)
        .fill_null(pl.when(pl.col("text").str.ends_with("?")).then(pl.lit("other?")).otherwise(pl.lit("other")))
    )  # fmt: skip
    plain, violating = pl.col("hazard").is_null(), pl.col("label") == "violating"
    frame = taxonomy.exemplars.select("hazard", "label", plain.alias("plain"), opening.alias("opening"))
    share = pl.len().over("plain", "opening") / pl.len().over("plain")
    share_of_label = pl.len().over("plain", "label", "opening") / pl.len().over("plain", "label")
    balanced = (share / share_of_label).clip(1 / BALANCE, BALANCE)
    weight = frame.select(
        "hazard",
        violating.alias("violating"),
        pl.when("plain")
        .then(PLAIN_WEIGHT)
        .otherwise(balanced * pl.when(violating).then(1.0).otherwise(LOOKALIKE_WEIGHT))
        .alias("weight"),
    )
    per_hazard = pl.col("violating").sum() / pl.col("hazard").filter("violating").n_unique()
    even = pl.col("weight") * per_hazard / pl.col("weight").sum().over("hazard", "violating")
    return weight.select(pl.when("violating").then(even).otherwise("weight")).to_series().to_numpy()


def folds(exemplars: pl.DataFrame) -> npt.NDArray[np.int64]:
    """Fold of every exemplar: whole groups, assigned by a fixed shuffle."""
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
    """The lowest limit, at least 0.5, with few enough false alarms on plain requests, and its error."""
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
    """Quantile of the proximity of plain requests, each excluded from its own neighbours."""
    if not plain.any():
        return 1.0
    near = exemplars.index.search(exemplars.vectors[plain], SEARCHED + 1)
    others = type(near)(near.similarity[:, 1:], near.row[:, 1:])
    return round(
        float(np.quantile(nearness(others, exemplars.violating, PROXIMITY_NEAREST), PROXIMITY_QUANTILE)), 4
    )
