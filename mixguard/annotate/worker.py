"""The map: a batch of exchanges in, the batch's annotations out."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from mixguard.annotate.base import Annotator, Batch
from mixguard.annotate.build import hazard_model, stance_model
from mixguard.annotate.hazard import HazardAnnotator
from mixguard.annotate.hazard_fit import exemplar_arrays, exemplar_vectors
from mixguard.annotate.language import LanguageAnnotator
from mixguard.annotate.stance import StanceAnnotator
from mixguard.annotate.stance_grammar import Grammar
from mixguard.annotate.stance_model import load_exemplars, opening_vectors
from mixguard.annotate.stance_text import plain_text
from mixguard.bank import Bank
from mixguard.columns import TEXT
from mixguard.config import Config
from mixguard.provenance import Detectors
from mixguard.resources import bundled, cache_folder
from mixguard.taxonomy import Taxonomy
from mixguard.vectors.encoder import load_encoder
from mixguard.vectors.store import VectorStore


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
        encoder = load_encoder(config.encode, overlap=config.judge.window_overlap)
        cache = cache_folder(config.encode.cache)
        store = VectorStore.open(cache, encoder)
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
