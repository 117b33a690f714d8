"""Turn a picklable recipe into the worker that judges: models are shipped, cached, or fitted on the spot."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import polars as pl

from mixguard.annotate.base import Annotator, Batch, ordered
from mixguard.annotate.exemplars import Exemplars, exemplar_arrays, exemplar_vectors
from mixguard.annotate.hazard import HazardAnnotator
from mixguard.annotate.hazard_model import HazardModel
from mixguard.annotate.known import KnownAnnotator, known
from mixguard.annotate.models import fitted
from mixguard.annotate.neighbours import NeighbourAnnotator
from mixguard.annotate.stance import StanceAnnotator
from mixguard.annotate.stance_grammar import Grammar
from mixguard.annotate.stance_model import StanceModel, exemplars_digest, load_exemplars, opening_vectors
from mixguard.annotate.stance_text import plain_text
from mixguard.columns import EXCHANGE, TEXT
from mixguard.config import Config
from mixguard.files import bundled, cache_folder
from mixguard.fit.hazard import fit as fit_hazard
from mixguard.fit.stance import fit as fit_stance
from mixguard.library.bank import Bank
from mixguard.library.taxonomy import Taxonomy
from mixguard.run.provenance import Detectors
from mixguard.signals import SIGNALS
from mixguard.vectors.base import Encoder
from mixguard.vectors.load import open_store
from mixguard.vectors.store import VectorStore


@dataclass(frozen=True)
class Recipe:
    """What a worker is built from: small and picklable, so it can be sent to where the work is done."""

    config: Config
    encoder: Encoder | None = None
    """Replaces the configured encoder."""
    bank: bool = False
    """Whether pairs of the configured bank are trusted as labelled."""

    def worker(self) -> Worker:
        """Load encoder, store, models and annotators: the slow part of startup.

        Raises:
            UsageError: an encoder, taxonomy or bank cannot be used.
        """
        judge = self.config.judge
        taxonomy = Taxonomy.load(judge.taxonomy)
        pairs = known(Bank.load(self.config.rebalance.bank, taxonomy) if self.bank else None)
        store, cache = open_store(self.config, self.encoder), cache_folder(self.config.encode.cache)
        vectors = exemplar_vectors(taxonomy, store)
        weights = store.encoder.weights
        hazard = fitted(
            HazardModel, taxonomy.folder, cache, taxonomy.digest(), weights,
            lambda: fit_hazard(taxonomy, vectors, weights),
        )  # fmt: skip
        stance = _stance(store, cache, pairs)
        annotators = ordered(
            (
                KnownAnnotator(pairs),
                HazardAnnotator(taxonomy, hazard, pairs),
                NeighbourAnnotator(taxonomy, judge.neighbours, pairs),
                stance,
                *(signal.annotator for signal in SIGNALS if signal.annotator is not None),
            ),
            given=[*EXCHANGE, *TEXT],
        )
        detectors = _detectors(taxonomy, store, hazard, stance.model)
        return Worker(annotators, store, exemplar_arrays(taxonomy, vectors), taxonomy, detectors)


@dataclass(frozen=True)
class Worker:
    """Runs the annotators over a batch in order; each sees the columns of those before it."""

    annotators: tuple[Annotator, ...]
    store: VectorStore
    exemplars: Exemplars
    taxonomy: Taxonomy
    detectors: Detectors
    """The detectors with their limits and measured errors, for the record."""

    def __call__(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Annotate a frame of schema `EXCHANGE` + `TEXT`; the result holds no text."""
        batch = Batch(frame, self.store, self.exemplars)
        for annotator in self.annotators:
            batch.add(annotator(batch))
        return batch.frame.drop(TEXT.names())

    @property
    def columns(self) -> pl.Schema:
        """The schema of its output."""
        added = {name: kind for annotator in self.annotators for name, kind in annotator.writes.items()}
        return pl.Schema({**EXCHANGE, **added})


def _stance(store: VectorStore, cache: Path, pairs: pl.DataFrame) -> StanceAnnotator:
    folder = bundled("taxonomies", "stance")
    vectors = opening_vectors(plain_text(load_exemplars(folder).get_column("text")), store)
    digest, weights = exemplars_digest(folder), store.encoder.weights
    model = fitted(StanceModel, folder, cache, digest, weights, lambda: fit_stance(folder, store))
    return StanceAnnotator(Grammar.load(folder), model, vectors, pairs)


def _detectors(taxonomy: Taxonomy, store: VectorStore, hazard: HazardModel, stance: StanceModel) -> Detectors:
    return Detectors(
        taxonomy=taxonomy.id,
        taxonomy_version=taxonomy.version,
        taxonomy_digest=taxonomy.digest(),
        language=taxonomy.language,
        hazards={hazard.code: hazard.name for hazard in taxonomy.hazards},
        crosswalk={
            scheme.id: {code: scheme.theirs(code) for code in taxonomy.codes} for scheme in taxonomy.crosswalk
        },
        encoder=store.encoder.fingerprint,
        hazard_limit=hazard.limit,
        hazard_error=hazard.error,
        proximity_limit=hazard.proximity_limit,
        proximity_expected=hazard.proximity_expected,
        stance_digest=stance.exemplars,
        stance_error=stance.error,
    )
