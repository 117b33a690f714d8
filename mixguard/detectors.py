"""The map: a batch of exchanges in, the batch's annotations out."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import polars as pl

from mixguard.annotate.base import Annotator, Batch
from mixguard.annotate.hazard import HazardAnnotator
from mixguard.annotate.hazard_model import HazardModel, exemplar_arrays, exemplar_vectors
from mixguard.annotate.language import LanguageAnnotator
from mixguard.annotate.stance import StanceAnnotator
from mixguard.annotate.stance_grammar import Grammar
from mixguard.annotate.stance_model import StanceModel, exemplars_digest, load_exemplars, opening_vectors
from mixguard.annotate.stance_text import plain_text
from mixguard.columns import TEXT
from mixguard.config import Config
from mixguard.files import bundled, cache_folder
from mixguard.fit.hazard import fit as fit_hazard
from mixguard.fit.stance import fit as fit_stance
from mixguard.library.bank import Bank
from mixguard.library.taxonomy import Taxonomy
from mixguard.run.provenance import Detectors
from mixguard.vectors.base import Vectors
from mixguard.vectors.load import open_store
from mixguard.vectors.store import VectorStore

MODEL = "model.json"
_Model = TypeVar("_Model", HazardModel, StanceModel)


class Worker:
    """Runs the annotators over a batch in order; a later one sees the columns of those before it."""

    def __init__(self, hazard: HazardAnnotator, stance: StanceAnnotator, store: VectorStore) -> None:
        self.annotators: tuple[Annotator, ...] = (LanguageAnnotator(), hazard, stance)
        self.store = store
        self._hazard = hazard.model
        self._stance = stance.model

    @classmethod
    def from_config(cls, config: Config, taxonomy: Taxonomy, bank: Bank | None = None) -> Worker:
        """Load the encoder, its store and the annotators: the slow part of a run's start.

        Args:
            config: encoder, store and how many neighbours are kept.
            taxonomy: what is looked for.
            bank: whose pairs are taken at their word where a corpus holds them.
        """
        store, cache = open_store(config), cache_folder(config.encode.cache)
        known = None if bank is None else bank.known()
        hazard = _hazard(taxonomy, store, cache, config.judge.neighbours, known)
        return cls(hazard, _stance(store, cache, known), store)

    def __call__(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Annotate a frame of schema `EXCHANGE` + `TEXT`; the result holds no text."""
        for annotator in self.annotators:
            frame = frame.hstack(annotator(Batch(frame, self.store)))
        return frame.drop(TEXT.names())

    def detectors(self, taxonomy: Taxonomy) -> Detectors:
        """What judged, with its limits and measured errors, for the record."""
        return Detectors(
            taxonomy=taxonomy.id,
            taxonomy_version=taxonomy.version,
            taxonomy_digest=taxonomy.digest(),
            language=taxonomy.language,
            hazards={hazard.code: hazard.name for hazard in taxonomy.hazards},
            crosswalk={
                scheme.id: {code: scheme.theirs(code) for code in taxonomy.codes}
                for scheme in taxonomy.crosswalk
            },
            encoder=self.store.encoder.fingerprint,
            hazard_limit=self._hazard.limit,
            hazard_error=self._hazard.error,
            proximity_limit=self._hazard.proximity_limit,
            proximity_expected=self._hazard.proximity_expected,
            stance_digest=self._stance.exemplars,
            stance_error=self._stance.error,
        )


def _hazard(
    taxonomy: Taxonomy, store: VectorStore, cache: Path, neighbours: int, known: pl.DataFrame | None
) -> HazardAnnotator:
    vectors = exemplar_vectors(taxonomy, store)
    model = hazard_model(taxonomy, vectors, store.encoder.weights, cache)
    return HazardAnnotator(taxonomy, model, exemplar_arrays(taxonomy, vectors), neighbours, known)


def _stance(store: VectorStore, cache: Path, known: pl.DataFrame | None) -> StanceAnnotator:
    folder = bundled("taxonomies", "stance")
    exemplars = load_exemplars(folder)
    vectors = opening_vectors(plain_text(exemplars.get_column("text")), store)
    model = stance_model(folder, store, cache)
    return StanceAnnotator(Grammar.load(folder), model, vectors, known)


def hazard_model(taxonomy: Taxonomy, vectors: Vectors, weights: str, cache: Path) -> HazardModel:
    """The model fitted on a taxonomy's exemplars, whose vectors are given, with an encoder of these weights."""
    digest = taxonomy.digest()

    def fits(model: HazardModel) -> bool:
        return (model.taxonomy, model.encoder) == (digest, weights)

    kept = cache / "models" / f"hazard-{digest}-{weights}.json"
    return _first(
        HazardModel, (taxonomy.folder / MODEL, kept), fits, lambda: fit_hazard(taxonomy, vectors, weights)
    )


def stance_model(folder: Path, store: VectorStore, cache: Path) -> StanceModel:
    """The model fitted on a stance folder's exemplars and grammar with the store's encoder."""
    digest, weights = exemplars_digest(folder), store.encoder.weights

    def fits(model: StanceModel) -> bool:
        return (model.exemplars, model.encoder) == (digest, weights)

    kept = cache / "models" / f"stance-{digest}-{weights}.json"
    return _first(StanceModel, (folder / MODEL, kept), fits, lambda: fit_stance(folder, store))


def _first(
    kind: type[_Model], files: tuple[Path, Path], fits: Callable[[_Model], bool], fit: Callable[[], _Model]
) -> _Model:
    for file in files:
        if file.is_file():
            model = kind.load(file)
            if fits(model):
                return model
    model = fit()
    model.save(files[-1])
    return model
