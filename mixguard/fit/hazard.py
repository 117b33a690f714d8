"""Fit a hazard model on a taxonomy's exemplars and nothing else.

Calibration, limit and error rates come from votes on exemplars whose group was left out; a group is one form
of one sub-hazard, so near-duplicates never vouch for each other.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from mixguard.annotate.exemplars import (
    PROXIMITY_NEAREST,
    SEARCHED,
    Exemplars,
    ExemplarVectors,
    exemplar_arrays,
    nearness,
)
from mixguard.annotate.hazard_model import Calibration, HazardModel, worst
from mixguard.annotate.kernel_ridge import SHARPNESS, Floats, inverse, kernel, left_out, regress
from mixguard.errors import TaxonomyError
from mixguard.library.taxonomy import REQUEST, Taxonomy
from mixguard.stats import DetectorError, between

FOLDS = 10
SEED = 7
PLAIN_GROUPS = 40
PLAIN_WEIGHT = 3.0
"""Plain requests are most of what is judged but few of the exemplars."""
LOOKALIKE_WEIGHT = 0.2
"""Look-alikes lie among the violating exemplars by design and are rare in a corpus: at full weight they would
outvote real hazards. Judgement, like PLAIN_WEIGHT, which those get that a user's own taxonomy adds: what people add
from their corpus is what it holds, and one line has to be enough for its paraphrases."""
BALANCE = 3.0
"""Largest factor by which balancing openings may raise or lower a weight."""
BACKGROUND_WEIGHT = 1.0
"""For each window of a background passage. Judgement: a larger one misses statements of harm, a smaller one flags more."""
PLAIN_FALSE_ALARMS = 0.008
"""Share of left-out plain requests and background passages that the limit may flag."""
LEAST_LIMIT = 0.3
EARLIER_SHARE = 0.3
"""Share of the earlier stage's evidence in that of a later one: two encoders err on different texts. Chosen on public
sets, where shares of .25 to .5 did about equally well."""
RECALL = 0.98
"""Share of what a later stage flags that the earlier one passes on to it."""
PROXIMITY_QUANTILE = 0.995


@dataclass(frozen=True)
class LeftOut:
    """What exemplars of other groups say of each exemplar."""

    evidence: Floats
    """(exemplars,): log-odds of any hazard, as `worst` gives them."""
    probability: Floats
    """(exemplars,): calibrated probability that it violates any hazard."""


def fit(
    taxonomy: Taxonomy, found: ExemplarVectors, weights: str, first: tuple[str, LeftOut] | None = None
) -> tuple[HazardModel, LeftOut]:
    """Fit votes, calibration, limits and error rates of a stage; deterministic.

    Args:
        taxonomy: the taxonomy.
        found: its exemplars' vectors.
        weights: the encoder's weights.
        first: weights and left-out evidence of the stage before this one, if there is one.

    Raises:
        TaxonomyError: the exemplars all have the same label.
    """
    if taxonomy.exemplars.get_column("label").n_unique() < 2:
        raise TaxonomyError(f"{taxonomy.folder}: needs both violating and benign exemplars")
    exemplars = exemplar_arrays(taxonomy, found)
    target, weight = targets(taxonomy)[found.owner], importance(taxonomy)[found.owner]
    shared = inverse(kernel(found.vectors @ found.vectors.T, SHARPNESS).astype(np.float64), weight)
    held_out = left_out(shared, target, weight, folds(taxonomy.exemplars)[found.owner])
    vote = regress(shared, target, weight)
    any_hazard = _calibrate(held_out[:, -1], target[:, -1])
    counts = np.bincount(found.owner)
    evidence = worst(any_hazard.log_odds(held_out[:, -1]), np.cumsum(counts) - counts, counts).evidence
    if first:
        evidence = EARLIER_SHARE * first[1].evidence + (1 - EARLIER_SHARE) * evidence
    truth = targets(taxonomy)[:, -1]
    text = _calibrate(evidence, truth)
    probability = text(evidence)
    limit = _limit(probability, taxonomy)
    return (
        HazardModel(
            exemplars=taxonomy.digest(),
            encoder=weights,
            sharpness=SHARPNESS,
            bias=vote.bias,
            weights=vote.weights,
            per_hazard=_calibrate(held_out[:, :-1].reshape(-1), target[:, :-1].reshape(-1)),
            any_hazard=any_hazard,
            text=text,
            limit=limit,
            error=_error(probability, limit, taxonomy),
            errors=_errors(probability, limit, taxonomy),
            proximity_limit=_proximity_limit(exemplars),
            proximity_expected=round(1 - PROXIMITY_QUANTILE, 4),
            after=first[0] if first else "",
            share=EARLIER_SHARE if first else 0.0,
            doubted=_doubted(first[1].probability, probability >= limit) if first else 0.0,
        ),
        LeftOut(evidence, probability),
    )


def fit_stages(
    taxonomy: Taxonomy, found: Sequence[ExemplarVectors], weights: Sequence[str]
) -> list[HazardModel]:
    """Fit every stage of a cascade, each on what the one before it says of left-out exemplars.

    Args:
        taxonomy: the taxonomy.
        found: per stage, its exemplars' vectors.
        weights: per stage, the encoder's weights.
    """
    models: list[HazardModel] = []
    before: tuple[str, LeftOut] | None = None
    for vectors, name in zip(found, weights, strict=True):
        model, held_out = fit(taxonomy, vectors, name, before)
        models.append(model)
        before = name, held_out
    return models


def left_out_probability(taxonomy: Taxonomy, found: ExemplarVectors) -> Floats:
    """Probability that each exemplar violates any hazard, according to exemplars of other groups."""
    target, weight = targets(taxonomy)[:, -1:][found.owner], importance(taxonomy)[found.owner]
    shared = inverse(kernel(found.vectors @ found.vectors.T, SHARPNESS), weight)
    vote = left_out(shared, target, weight, folds(taxonomy.exemplars)[found.owner])[:, 0]
    first = np.flatnonzero(np.diff(found.owner, prepend=-1))
    return _calibrate(vote[first], target[first, 0])(vote[first])


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
    own = pl.int_range(pl.len()) >= taxonomy.exemplars.height - taxonomy.added
    frame = taxonomy.exemplars.select(
        "hazard", "label", plain.alias("plain"), opening.alias("opening"), taxonomy.text_kinds(), own=own
    )
    share = pl.len().over("plain", "opening") / pl.len().over("plain")
    share_of_label = pl.len().over("plain", "label", "opening") / pl.len().over("plain", "label")
    balanced = (share / share_of_label).clip(1 / BALANCE, BALANCE)
    weight = frame.select(
        "hazard",
        violating.alias("violating"),
        pl.when("plain")
        .then(pl.when(pl.col("text_kind") == REQUEST).then(PLAIN_WEIGHT).otherwise(BACKGROUND_WEIGHT))
        .otherwise(
            balanced * pl.when(violating).then(1.0).when("own").then(PLAIN_WEIGHT).otherwise(LOOKALIKE_WEIGHT)
        )
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


def _limit(probability: Floats, taxonomy: Taxonomy) -> float:
    """The lowest limit, at least `LEAST_LIMIT`, with few enough false alarms on plain requests and background."""
    plain = probability[_plain(taxonomy)]
    if not len(plain):
        return 0.5
    allowed = float(np.quantile(plain, 1 - PLAIN_FALSE_ALARMS, method="higher"))
    return round(max(allowed + 0.001, LEAST_LIMIT), 3)


def _plain(taxonomy: Taxonomy) -> npt.NDArray[np.bool_]:
    return taxonomy.exemplars.get_column("hazard").is_null().to_numpy()


def _error(probability: Floats, limit: float, taxonomy: Taxonomy) -> DetectorError:
    """The error on all exemplars but look-alikes, and its spread between sub-hazards and between forms."""
    exemplars, plain = taxonomy.exemplars, _plain(taxonomy)
    violating = (exemplars.get_column("label") == "violating").to_numpy()
    sub = exemplars.select(pl.format("{} {}", "hazard", "sub")).to_series().to_numpy()
    error = DetectorError(
        sensitivity=round(float((probability[violating] >= limit).mean()), 4),
        specificity=0.5,
        positives=int(violating.sum()),
        negatives=0,
        sensitivity_sd=round(between((probability[violating] >= limit).tolist(), sub[violating].tolist()), 4),
    )
    return _specific(error, probability, limit, exemplars, plain) if plain.any() else error


def _errors(probability: Floats, limit: float, taxonomy: Taxonomy) -> dict[str, DetectorError]:
    """The error by kind of text; sensitivity is that of requests, since only requests violate."""
    kind, plain = taxonomy.text_kinds().to_numpy(), _plain(taxonomy)
    whole = _error(probability, limit, taxonomy)
    kinds = sorted(set(kind[plain]), key=lambda name: (name != REQUEST, name))
    return {
        name: _specific(whole, probability, limit, taxonomy.exemplars, plain & (kind == name))
        for name in kinds
    }


def _specific(
    error: DetectorError,
    probability: Floats,
    limit: float,
    exemplars: pl.DataFrame,
    cases: npt.NDArray[np.bool_],
) -> DetectorError:
    """The error with the specificity on some of the exemplars."""
    right = probability[cases] < limit
    return error._replace(
        specificity=round(float(right.mean()), 4),
        negatives=int(cases.sum()),
        specificity_sd=round(
            between(right.tolist(), exemplars.get_column("form").filter(pl.Series(cases)).to_list()), 4
        ),
    )


def _doubted(earlier: Floats, flagged: npt.NDArray[np.bool_]) -> float:
    """Probability from which the earlier stage passes a text on: it keeps `RECALL` of what this stage flags."""
    return (
        round(float(np.quantile(earlier[flagged], 1 - RECALL, method="lower")), 4) if flagged.any() else 0.0
    )


def _proximity_limit(exemplars: Exemplars) -> float:
    """Quantile of the proximity of plain requests and background, each without its own windows as neighbours."""
    plain = np.flatnonzero(exemplars.hazard < 0)
    if not len(plain):
        return 1.0
    near = exemplars.index.search(exemplars.vectors[plain], SEARCHED + 1)
    own = exemplars.owner[near.row] == exemplars.owner[plain][:, None]
    # The farthest stands for a window of the text itself, as `nearness` does for a missing neighbour.
    others = near._replace(similarity=np.where(own, near.similarity[:, -1:], near.similarity))
    found = nearness(others, exemplars.violating, PROXIMITY_NEAREST)
    return round(float(np.quantile(found, PROXIMITY_QUANTILE)), 4)
