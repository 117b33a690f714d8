"""Turn a picklable recipe into the worker that judges: models are shipped, cached, or fitted on the spot."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from pathlib import Path

import polars as pl

from mixguard.annotate.base import Annotator, Batch, Stage, ordered
from mixguard.annotate.content import ContentAnnotator
from mixguard.annotate.exemplars import exemplar_arrays, exemplar_vectors
from mixguard.annotate.hazard import HazardAnnotator
from mixguard.annotate.hazard_model import HazardModel
from mixguard.annotate.known import KnownAnnotator, known
from mixguard.annotate.models import fitted, model_file
from mixguard.annotate.neighbours import NeighbourAnnotator
from mixguard.annotate.refused_first import RefusedFirst
from mixguard.annotate.screen import Screen, ScreenAnnotator
from mixguard.annotate.second import SecondOpinion
from mixguard.annotate.sentence_screen import SentenceScreen, made_of
from mixguard.annotate.stance import StanceAnnotator
from mixguard.annotate.stance_grammar import Grammar
from mixguard.annotate.stance_model import StanceModel, exemplars_digest, load_exemplars, opening_vectors
from mixguard.annotate.stance_text import plain_text
from mixguard.columns import EXCHANGE, TEXT
from mixguard.config import Config
from mixguard.files import bundled, cache_folder
from mixguard.fit.hazard import fit_stages
from mixguard.fit.screen import fit as fit_screen
from mixguard.fit.stance import fit as fit_stance
from mixguard.library.bank import Bank
from mixguard.library.taxonomy import Taxonomy
from mixguard.run.provenance import Detectors, StageUsed
from mixguard.signals import SIGNALS
from mixguard.signals.answer_language import AnswerLanguageAnnotator
from mixguard.signals.base import Setting
from mixguard.stats import DetectorError
from mixguard.vectors import careful
from mixguard.vectors.base import Encoder
from mixguard.vectors.load import load_careful, open_store
from mixguard.vectors.store import VectorStore

FAST, CAREFUL = "fast", "careful"
"""Names of the stages."""


@dataclass(frozen=True)
class Recipe:
    """What a worker is built from: small and picklable, so it can be sent to where the work is done."""

    config: Config
    encoder: Encoder | None = None
    """Replaces the configured encoder of the first stage."""
    bank: bool = False
    """Whether pairs of the configured bank are trusted as labelled."""
    screen: Screen | None = None
    """Dismisses what is nowhere near a hazard; without one, everything is embedded."""

    def worker(self) -> Worker:
        """Load encoders, stores, models and annotators: the slow part of startup.

        Raises:
            UsageError: an encoder, taxonomy or bank cannot be used.
        """
        judge = self.config.judge
        taxonomy = Taxonomy.load(judge.taxonomy)
        bank = Bank.load(self.config.rebalance.bank, taxonomy) if self.bank else None
        pairs = known(bank)
        stages = self._stages(taxonomy)
        stance = _stance(stages[0].store, cache_folder(self.config.encode.cache), pairs)
        annotators = ordered(
            (
                ContentAnnotator(),
                KnownAnnotator(pairs),
                ScreenAnnotator(self.screen, stance.grammar, taxonomy.language),
                HazardAnnotator(taxonomy, pairs),
                NeighbourAnnotator(taxonomy, judge.neighbours, pairs),
                stance,
                *_signals(Setting(self.config, stages[0].store, self._sentences(taxonomy))),
            ),
            given=[*EXCHANGE, *TEXT],
        )
        detectors = _detectors(taxonomy, stages, stance.model)
        return Worker(annotators, stages, taxonomy, detectors, bank.digest() if bank else "")

    def answers(self) -> Worker:
        """A worker that judges answers alone: their stance, and whether they stray into another language.

        Its frames bring what it need not find out: `hazard_score`, `pair_kind` and `language`.

        Raises:
            UsageError: the encoder or taxonomy cannot be used.
        """
        fast = replace(self, config=self.config.replace({"judge.stages": FAST}))
        taxonomy = Taxonomy.load(self.config.judge.taxonomy)
        stages = fast._stages(taxonomy)
        stance = _stance(stages[0].store, cache_folder(self.config.encode.cache), known(None))
        annotators = (stance, AnswerLanguageAnnotator())
        return Worker(annotators, stages, taxonomy, _detectors(taxonomy, stages, stance.model))

    def _stages(self, taxonomy: Taxonomy) -> tuple[Stage, ...]:
        """The stages that judge hazards, with models that are shipped, cached or fitted now."""
        cache = cache_folder(self.config.encode.cache)
        stores = [(FAST, open_store(self.config, self.encoder))]
        if self._is_careful():
            overlap = self.config.judge.window_overlap
            stores.append(
                (CAREFUL, open_store(self.config, load_careful(self.config.encode, overlap=overlap)))
            )
        vectors = [exemplar_vectors(taxonomy, store) for _, store in stores]
        weights = [store.encoder.weights for _, store in stores]
        # All at once, if they are not there: a later stage is fitted on what the earlier ones left out.
        models = lru_cache(lambda: fit_stages(taxonomy, vectors, weights))
        stages: list[Stage] = []
        for number, (name, store) in enumerate(stores):
            made_of = taxonomy.digest(), weights[number], len(vectors[number].vectors)
            after = weights[number - 1] if number else ""
            fit = partial(lambda at: models()[at], number)
            model = fitted(HazardModel, taxonomy.folder, cache, made_of, fit, after)
            stages.append(Stage(name, store, exemplar_arrays(taxonomy, vectors[number]), model))
        return tuple(stages)

    def _sentences(self, taxonomy: Taxonomy) -> SentenceScreen:
        cache, made = cache_folder(self.config.encode.cache), made_of(taxonomy.digest())
        return fitted(SentenceScreen, taxonomy.folder, cache, made, lambda: fit_screen(taxonomy))

    def _is_careful(self) -> bool:
        chosen, encode = self.config.judge.stages, self.config.encode
        if chosen != "auto":
            return chosen == "fast+careful"
        return (
            self.encoder is None
            and encode.model == "bundled"
            and (encode.careful != "bundled" or careful.is_installed())
        )


@dataclass(frozen=True)
class Worker:
    """Runs the annotators over a batch in order; each sees the columns of those before it."""

    annotators: tuple[Annotator, ...]
    stages: tuple[Stage, ...]
    """The cascade that judges hazards, cheapest first."""
    taxonomy: Taxonomy
    detectors: Detectors
    """The detectors with their limits and measured errors, for the record."""
    bank: str = ""
    """Digest of the bank whose pairs are trusted as labelled; empty if none is."""

    def __call__(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Annotate a frame of schema `EXCHANGE` + `TEXT`; the result holds no text."""
        batch = Batch.of(frame, self.stages)
        for annotator in self.annotators:
            batch.add(annotator(batch))
        return batch.frame.drop(TEXT.names())

    def followed_by(self, last: SecondOpinion) -> Worker:
        """The same worker with a last stage that judges hazards."""
        annotators = (
            each.followed_by(last) if isinstance(each, HazardAnnotator) else each for each in self.annotators
        )
        return replace(self, annotators=tuple(annotators))

    def screened_by(self, screen: Screen | None) -> Worker:
        """The same worker, which dismisses what is nowhere near a hazard; without a screen, nothing."""
        annotators = (
            replace(each, screen=screen) if isinstance(each, ScreenAnnotator) else each
            for each in self.annotators
        )
        return replace(self, annotators=tuple(annotators))

    @property
    def store(self) -> VectorStore:
        """The vector store of the first stage."""
        return self.stages[0].store

    @property
    def embedded(self) -> int:
        """Texts that were embedded because no store had them."""
        return sum(stage.store.embedded for stage in self.stages)

    @property
    def columns(self) -> pl.Schema:
        """The schema of its output."""
        added = {name: kind for annotator in self.annotators for name, kind in annotator.writes.items()}
        return pl.Schema({**EXCHANGE, **added})


def _signals(setting: Setting) -> Iterator[Annotator]:
    for signal in SIGNALS:
        if signal.annotator is not None:
            yield signal.open(setting) if signal.open else signal.annotator


def _stance(store: VectorStore, cache: Path, pairs: pl.DataFrame) -> StanceAnnotator:
    folder = bundled("taxonomies", "stance")
    vectors = opening_vectors(plain_text(load_exemplars(folder).get_column("text")), store)
    made_of = exemplars_digest(folder), store.encoder.weights, len(vectors)
    model = fitted(StanceModel, folder, cache, made_of, lambda: fit_stance(folder, store))
    return StanceAnnotator(RefusedFirst(Grammar.load(folder), store), model, vectors, pairs)


def _without(taxonomy: Taxonomy, stages: tuple[Stage, ...]) -> DetectorError | None:
    """The error of the careful stage where it is shipped for this taxonomy and first stage, and did not judge."""
    file = model_file(taxonomy.folder, careful.CAREFUL.weights)
    if len(stages) > 1 or not file.is_file():
        return None
    model = HazardModel.load(file)
    known = (model.exemplars, model.after) == (taxonomy.digest(), stages[0].store.encoder.weights)
    return model.error if known else None


def _detectors(taxonomy: Taxonomy, stages: tuple[Stage, ...], stance: StanceModel) -> Detectors:
    first, last = stages[0].model, stages[-1].model
    return Detectors(
        taxonomy=taxonomy.id,
        taxonomy_version=taxonomy.version,
        taxonomy_digest=taxonomy.digest(),
        language=taxonomy.language,
        hazards={hazard.code: hazard.name for hazard in taxonomy.hazards},
        crosswalk={
            scheme.id: {code: scheme.theirs(code) for code in taxonomy.codes} for scheme in taxonomy.crosswalk
        },
        stages=tuple(
            StageUsed(
                name=stage.name,
                encoder=stage.store.encoder.fingerprint,
                error=stage.model.error,
                doubted=stage.model.doubted,
            )
            for stage in stages
        ),
        without=_without(taxonomy, stages),
        hazard_limit=last.limit,
        hazard_error=last.error,
        hazard_errors=dict(last.errors),
        proximity_limit=first.proximity_limit,
        proximity_expected=first.proximity_expected,
        stance_digest=stance.exemplars,
        stance_error=stance.error,
        stance_benign_error=stance.benign_error,
    )
