"""What is wrong with a taxonomy's exemplars, as far as they can tell by themselves.

Label errors are found as confident learning does (Northcutt et al. 2021, arXiv 1911.00068): an exemplar is doubtful where
left-out exemplars give the other label more probability than that label's own exemplars get on average. Its nearest
neighbours have to disagree as well, since look-alikes are meant to lie close to what they look like.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl

from mixguard.annotate.exemplars import exemplar_vectors
from mixguard.config import Config, ReadConfig
from mixguard.corpus.corpus import Corpus
from mixguard.fit.hazard import folds, left_out_probability
from mixguard.library.taxonomy import Taxonomy
from mixguard.vectors.base import Vectors
from mixguard.vectors.load import open_store
from mixguard.vectors.store import VectorStore

SAME = 0.97
"""Cosine above which two texts say the same thing."""
THIN = 20
"""Exemplars of a label below which a sub-hazard is thin."""
NEIGHBOURS = 10
OPPOSED = 8
"""Of the nearest neighbours in other groups, how many have to have the other label."""
READ_AT_ONCE = 2048


class Doubt(NamedTuple):
    """An exemplar whose label the others do not bear out."""

    id: str
    label: str
    text: str
    probability: float
    """Of violating any hazard, by exemplars of other groups."""


class Pair(NamedTuple):
    """Two texts that say the same thing."""

    id: str
    text: str
    other: str
    """Id of the other exemplar, or source:line of a text it must not contain."""
    similarity: float


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
    duplicates: tuple[Pair, ...]
    thin: tuple[Thin, ...]
    contamination: tuple[Pair, ...]
    """Exemplars that a text they were compared against repeats."""


def check_named(name: str, config: Config, against: Sequence[str]) -> TaxonomyReport:
    """Check a taxonomy's exemplars; see `check_taxonomy`."""
    return check_taxonomy(Taxonomy.load(name), open_store(config), against, offline=config.encode.offline)


def check_taxonomy(
    taxonomy: Taxonomy, store: VectorStore, against: Sequence[str] = (), *, offline: bool = False
) -> TaxonomyReport:
    """Look for label errors, near-duplicates, thin sub-hazards, and texts shared with the files of `against`."""
    corpus = Corpus.open(list(against), ReadConfig(), offline=offline) if against else None
    vectors = exemplar_vectors(taxonomy, store)
    similarity = vectors @ vectors.T
    return TaxonomyReport(
        exemplars=taxonomy.exemplars.height,
        doubts=tuple(_doubts(taxonomy, vectors, similarity)),
        duplicates=tuple(_duplicates(taxonomy, similarity)),
        thin=tuple(_thin(taxonomy)),
        contamination=tuple(_contamination(taxonomy, vectors, store, corpus)) if corpus else (),
    )


def _doubts(taxonomy: Taxonomy, vectors: Vectors, similarity: Vectors) -> list[Doubt]:
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


def _duplicates(taxonomy: Taxonomy, similarity: Vectors) -> list[Pair]:
    first, second = np.nonzero(np.triu(similarity > SAME, 1))
    ids, texts = (taxonomy.exemplars[name].to_list() for name in ("id", "text"))
    pairs = [
        Pair(ids[a], texts[a], ids[b], _cosine(similarity[a, b])) for a, b in zip(first, second, strict=True)
    ]
    return sorted(pairs, key=lambda pair: -pair.similarity)


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


def _contamination(taxonomy: Taxonomy, vectors: Vectors, store: VectorStore, corpus: Corpus) -> list[Pair]:
    """Exemplars that say what some prompt of the files says: the same letters and digits, or nearly the same vector."""
    ids, texts = (taxonomy.exemplars[name].to_list() for name in ("id", "text"))
    by_letters = {letters: number for number, letters in enumerate(_letters(taxonomy.exemplars["text"]))}
    found: dict[int, Pair] = {}
    for batch, *_ in corpus.parts(READ_AT_ONCE):
        prompts = batch.get_column("prompt")
        theirs = store.vectors(prompts.to_list())
        similarity = theirs.vectors[theirs.starts] @ vectors.T
        nearest = similarity.argmax(1)
        closest = similarity[np.arange(len(prompts)), nearest]
        for number, letters in enumerate(_letters(prompts)):
            same = by_letters.get(letters)
            row = same if same is not None else int(nearest[number])
            cosine = 1.0 if same is not None else float(closest[number])
            if cosine > SAME and (row not in found or found[row].similarity < cosine):
                source, line = batch["source"][number], batch["line"][number]
                found[row] = Pair(ids[row], texts[row], f"{source}:{line}", _cosine(cosine))
    return sorted(found.values(), key=lambda pair: -pair.similarity)


def _letters(texts: pl.Series) -> pl.Series:
    """Letters and digits alone: what is left when case, spacing and marks are taken away."""
    return (
        texts.str.normalize("NFKC")
        .str.to_lowercase()
        .str.replace_all(r"[^\p{L}\p{N}]+", " ")
        .str.strip_chars()
    )


def _cosine(value: float | npt.NDArray[np.float32]) -> float:
    return round(min(float(value), 1.0), 3)
