"""Find problems in a taxonomy's exemplars, using only the exemplars themselves.

Label errors are found by confident learning (Northcutt et al. 2021, arXiv 1911.00068): an exemplar is
doubtful if its left-out prediction gives the other label more probability than that label's own exemplars get
on average. Its nearest neighbours must disagree as well, since look-alikes are meant to lie close to what
they resemble.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import polars as pl

from mixguard.annotate.exemplars import ExemplarVectors, exemplar_vectors
from mixguard.config import Config
from mixguard.curate.likeness import Alike, Texts, alike, repeated_in
from mixguard.fit.hazard import folds, left_out_probability
from mixguard.library.taxonomy import Taxonomy
from mixguard.vectors.base import Vectors
from mixguard.vectors.store import VectorStore

SAME = 0.97
"""Cosine above which two texts count as duplicates."""
THIN = 20
"""Exemplars per label below which a sub-hazard is thin."""
NEIGHBOURS = 10
OPPOSED = 8
"""How many of the nearest neighbours in other groups must have the other label."""


class Doubt(NamedTuple):
    """An exemplar whose label the others contradict."""

    id: str
    label: str
    text: str
    probability: float
    """Of violating any hazard, according to exemplars of other groups."""


class Thin(NamedTuple):
    """A sub-hazard with few exemplars."""

    hazard: str
    sub: str
    violating: int
    benign: int


class TaxonomyReport(NamedTuple):
    """What to review, worst first."""

    exemplars: int
    doubts: tuple[Doubt, ...]
    duplicates: tuple[Alike, ...]
    thin: tuple[Thin, ...]
    contamination: tuple[Alike, ...]
    """Exemplars repeated in the corpora they were compared with."""


def check_taxonomy(
    taxonomy: Taxonomy, store: VectorStore, against: Sequence[str] = (), config: Config | None = None
) -> TaxonomyReport:
    """Look for label errors, near-duplicates, thin sub-hazards, and overlap with the corpora in `against`."""
    own = Texts.of(taxonomy.exemplars, "text", store)
    found = exemplar_vectors(taxonomy, store)
    return TaxonomyReport(
        exemplars=taxonomy.exemplars.height,
        doubts=tuple(_doubts(taxonomy, own.vectors, found)),
        duplicates=tuple(alike(own, SAME)),
        thin=tuple(thin_subs(taxonomy)),
        contamination=tuple(repeated_in(own, against, SAME, store, config or Config())),
    )


def _doubts(taxonomy: Taxonomy, vectors: Vectors, found: ExemplarVectors) -> list[Doubt]:
    similarity = vectors @ vectors.T
    violating = (taxonomy.exemplars.get_column("label") == "violating").to_numpy()
    probability = left_out_probability(taxonomy, found)
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


def thin_subs(taxonomy: Taxonomy) -> list[Thin]:
    """Sub-hazards with fewer than `THIN` exemplars of a label."""
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
