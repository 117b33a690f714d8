"""Fit a taxonomy's map: t-SNE of its exemplars (van der Maaten and Hinton 2008), pulled together by hazard.

On vectors alone, t-SNE gives one cloud: a sentence encoder groups by topic, and hazards share topics with
harmless requests. Readers look for hazards, so each hazard gets its own dimension, and so does violating
versus benign.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import polars as pl

from mixguard.columns import NEIGHBOUR
from mixguard.library.exemplar_map import ExemplarMap
from mixguard.library.taxonomy import Taxonomy
from mixguard.vectors.base import Vectors

HAZARD_PULL, LABEL_PULL = 0.5, 0.3
"""Distance added by a different hazard and a different label. Judged by eye: islands that still touch."""
PERPLEXITY = 30.0
NEIGHBOURS = 5
SEED = 7


class Fitted(NamedTuple):
    """A map, and how well it places new texts."""

    map: ExemplarMap
    agreement: float
    """Share of violating exemplars that, placed by their neighbours, land next to one of their own hazard."""


def fit_map(taxonomy: Taxonomy, vectors: Vectors) -> Fitted:
    """Lay out a taxonomy's exemplars in the plane.

    Args:
        taxonomy: the taxonomy.
        vectors: unit vectors of its exemplars, in the same order.
    """
    from sklearn.decomposition import PCA
    from sklearn.manifold import TSNE

    exemplars = taxonomy.exemplars
    drawn = _drawn(taxonomy, vectors)
    count = len(drawn)
    parts = min(50, count, drawn.shape[1])
    reduced = PCA(parts, random_state=SEED).fit_transform(drawn)
    # One thread, since a different summation order would give a different map.
    tsne = TSNE(2, init="pca", perplexity=min(PERPLEXITY, (count - 1) / 3), random_state=SEED, n_jobs=1)
    places = tsne.fit_transform(reduced).astype(np.float64)
    low, high = places.min(axis=0), places.max(axis=0)
    places = (places - low) / np.maximum(high - low, 1e-9)
    positions = pl.DataFrame({"exemplar": exemplars["id"], "x": places[:, 0], "y": places[:, 1]})
    fitted = ExemplarMap(positions)
    return Fitted(fitted, _agreement(taxonomy, vectors, fitted))


def _drawn(taxonomy: Taxonomy, vectors: Vectors) -> Vectors:
    hazards = taxonomy.exemplars["hazard"].fill_null("").cast(pl.Categorical).to_physical().to_numpy()
    own = np.zeros((len(vectors), int(hazards.max()) + 1), np.float32)
    own[np.arange(len(vectors)), hazards] = HAZARD_PULL / np.sqrt(2)
    label = (taxonomy.exemplars["label"] == "violating").to_numpy()[:, None] * np.float32(LABEL_PULL)
    return np.hstack([vectors, own, label]).astype(np.float32)


def _agreement(taxonomy: Taxonomy, vectors: Vectors, fitted: ExemplarMap) -> float:
    from sklearn.neighbors import NearestNeighbors

    exemplars = taxonomy.exemplars
    violating = np.flatnonzero((exemplars["label"] == "violating").to_numpy())
    if len(exemplars) <= NEIGHBOURS or not len(violating):
        return 0.0
    found = NearestNeighbors(n_neighbors=NEIGHBOURS + 1).fit(vectors).kneighbors(vectors[violating])
    ids = exemplars["id"].to_list()
    neighbours = [
        [{"exemplar": ids[j], "similarity": 1 - d * d / 2} for d, j in zip(*pair, strict=True) if j != own][
            :NEIGHBOURS
        ]
        for own, *pair in zip(violating, *found, strict=True)
    ]
    asked = pl.DataFrame(
        {"sample_id": [f"{n:016x}" for n in range(len(violating))], "neighbours": neighbours},
        schema={"sample_id": pl.String, "neighbours": pl.List(NEIGHBOUR)},
    )
    placed = fitted.place(asked).select("x", "y").to_numpy()
    near = (
        NearestNeighbors(n_neighbors=2)
        .fit(fitted.positions.select("x", "y").to_numpy())
        .kneighbors(placed)[1]
    )
    nearest = np.where(near[:, 0] == violating, near[:, 1], near[:, 0])
    hazards = exemplars["hazard"].fill_null("").to_numpy()
    return float(np.mean(hazards[nearest] == hazards[violating]))
