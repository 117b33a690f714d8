"""What is wrong with a taxonomy's exemplars, as far as they can tell by themselves.

Label errors are found as confident learning does (Northcutt et al. 2021, arXiv 1911.00068): an exemplar is doubtful where
left-out exemplars give the other label more probability than that label's own exemplars get on average. Its nearest
neighbours have to disagree as well, since look-alikes are meant to lie close to what they look like.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import polars as pl

from mixguard.config import Config
from mixguard.curate.likeness import Alike, Texts, alike, repeated_in
from mixguard.fit.hazard import folds, left_out_probability
from mixguard.library.taxonomy import Taxonomy
from mixguard.vectors.base import Vectors
from mixguard.vectors.store import VectorStore

SAME = 0.97
"""Cosine above which two texts say the same thing."""
THIN = 20
"""Exemplars of a label below which a sub-hazard is thin."""
NEIGHBOURS = 10
OPPOSED = 8
"""Of the nearest neighbours in other groups, how many have to have the other label."""


class Doubt(NamedTuple):
    """An exemplar whose label the others do not bear out."""

    id: str
    label: str
    text: str
    probability: float
    """Of violating any hazard, by exemplars of other groups."""


class Thin(NamedTuple):
    """A sub-hazard with few exemplars."""

    hazard: str
    sub: str
    violating: int
    benign: int


class TaxonomyReport(NamedTuple):
    """What to look at, worst first."""

    exemplars: int
    doubts: tuple[Doubt, ...]
    duplicates: tuple[Alike, ...]
    thin: tuple[Thin, ...]
    contamination: tuple[Alike, ...]
    """Exemplars that a text they were compared against repeats."""


def check_taxonomy(
    taxonomy: Taxonomy, store: VectorStore, against: Sequence[str] = (), config: Config | None = None
) -> TaxonomyReport:
    """Look for label errors, near-duplicates, thin sub-hazards, and texts shared with the corpora of `against`."""
    own = Texts.of(taxonomy.exemplars, "text", store)
    return TaxonomyReport(
        exemplars=taxonomy.exemplars.height,
        doubts=tuple(_doubts(taxonomy, own.vectors)),
        duplicates=tuple(alike(own, SAME)),
        thin=tuple(_thin(taxonomy)),
        contamination=tuple(repeated_in(own, against, SAME, store, config or Config())),
    )


def _doubts(taxonomy: Taxonomy, vectors: Vectors) -> list[Doubt]:
    similarity = vectors @ vectors.T
    violating = (taxonomy.exemplars.get_column("label") == "violating").to_numpy()
    probability = left_out_probability(taxonomy, vectors)
    looks_violating = probability >= probability[violating].mean()
    looks_benign = probability <= probability[~violating].mean()
    group = folds(taxonomy.exemplars)
    others = np.where(group[:, None] == group[None, :], -1.0, similarity)
    nearest = np.argpartition(-others, NEIGHBOURS, axis=1)[:, :NEIGHBOURS]
    opposed = (violating[nearest] != violating[:, None]).sum(1) >= OPPOSED
    doubtful = np.flatnonzero(opposed & np.where(violating, looks_benign, looks_violating))
    sure = np.where(violating, probability, 1 - probability)
    ids, labels, texts = (taxonomy.exemplars[name].to_list() for name in ("id", "label", "text"))
    return [
        Doubt(ids[n], labels[n], texts[n], round(float(probability[n]), 3))
        for n in doubtful[np.argsort(sure[doubtful])]
    ]


def _thin(taxonomy: Taxonomy) -> list[Thin]:
    counts = taxonomy.exemplars.group_by("hazard", "sub").agg(
        violating=(pl.col("label") == "violating").sum(), benign=(pl.col("label") == "benign").sum()
    )
    known = {(hazard, sub): (violating, benign) for hazard, sub, violating, benign in counts.iter_rows()}
    every = [
        Thin(hazard.code, sub, *known.get((hazard.code, sub), (0, 0)))
        for hazard in taxonomy.hazards
        for sub in hazard.sub
    ]
    return sorted((thin for thin in every if min(thin[2:]) < THIN), key=lambda thin: min(thin[2:]))
