"""Fit the shipped models: `models/WEIGHTS.json`, `map.json` and the adapter, stored with the exemplars."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from mixguard.annotate import assertions, resemblance
from mixguard.annotate.exemplars import exemplar_vectors
from mixguard.annotate.hazard_model import HazardModel
from mixguard.annotate.models import model_file
from mixguard.annotate.refused_first import RefusedFirst
from mixguard.annotate.sentence_screen import FILE
from mixguard.annotate.stance_grammar import Grammar
from mixguard.annotate.stance_model import StanceModel, load_exemplars, opening_texts
from mixguard.annotate.stance_text import plain_text
from mixguard.annotate.wording import Wording
from mixguard.config import Config
from mixguard.files import bundled, cache_folder
from mixguard.fit import stance as stance_fit
from mixguard.fit.exemplar_map import fit_map
from mixguard.fit.hazard import fit_stages
from mixguard.fit.rounding import calibrate
from mixguard.fit.screen import fit as fit_screen
from mixguard.fit.screen import words_of
from mixguard.library.taxonomy import Taxonomy
from mixguard.progress import Progress
from mixguard.vectors.adapter import bundled_adapter
from mixguard.vectors.base import Encoder
from mixguard.vectors.bundled import BUNDLED, VOCABULARY, bundled_model
from mixguard.vectors.careful import is_installed
from mixguard.vectors.load import load_careful, load_encoder
from mixguard.vectors.quantise import keep, shipped
from mixguard.vectors.shipped import ship, shipped_vectors
from mixguard.vectors.store import VectorStore


def build(name: str, config: Config) -> dict[str, Any]:
    """Fit the models of all stages, write them with vectors and map next to the exemplars; return left-out figures.

    Raises:
        TaxonomyError: the exemplars are invalid.
    """
    if name in OTHERS:
        return OTHERS[name](config)
    taxonomy = Taxonomy.load(name)
    texts = taxonomy.exemplars.get_column("text").to_list()
    encoders = [load_encoder(config.encode, overlap=config.judge.window_overlap)]
    if is_installed():
        encoders.append(load_careful(config.encode, overlap=config.judge.window_overlap))
    stores = [_shipping(taxonomy.folder, config, encoder, texts) for encoder in encoders]
    vectors = [exemplar_vectors(taxonomy, store) for store in stores]
    models = fit_stages(taxonomy, vectors, [store.encoder.weights for store in stores])
    for model in models:
        _ship(model, taxonomy.folder)
    screen = fit_screen(taxonomy, words_of(bundled_model() / VOCABULARY, stores[0]))
    screen.save(model_file(taxonomy.folder, FILE))
    first = np.flatnonzero(np.diff(vectors[0].owner, prepend=-1))
    layout = fit_map(taxonomy, vectors[0].vectors[first])
    layout.map.save(taxonomy.folder)
    figures = {
        "limit": models[-1].limit,
        "doubted": models[-1].doubted,
        "proximity_limit": models[0].proximity_limit,
        "map_agreement": layout.agreement,
    }
    return {**models[-1].error._asdict(), **figures}


def _build_stance(config: Config) -> dict[str, Any]:
    folder = bundled("taxonomies", "stance")
    texts = opening_texts(plain_text(load_exemplars(folder).get_column("text"))).to_list()
    encoder = load_encoder(config.encode, overlap=config.judge.window_overlap)
    store = _shipping(folder, config, encoder, texts)
    model = stance_fit.fit(folder, store)
    _ship(model, folder)
    return model.error._asdict()


def _build_signals(config: Config) -> dict[str, Any]:
    """Vectors of the sentences that signals compare others with, and the votes fitted on them."""
    encoder = load_encoder(config.encode, overlap=config.judge.window_overlap)
    grammar = Grammar.load(bundled("taxonomies", "stance"))
    refused = RefusedFirst(grammar, VectorStore.open(cache_folder(config.encode.cache), encoder))
    every = (assertions.labelled(), refused.first, refused.beside)
    texts = [text for labelled in every for text in labelled.every]
    store = _shipping(bundled("taxonomies", "signals"), config, encoder, texts)
    for labelled in every:
        found = resemblance.fit(store.first_windows(labelled.every), Wording.of(labelled.every), labelled)
        found.save(resemblance.shipped_votes(store, labelled))
    return {labelled.name: len(labelled.every) for labelled in every}


def _shipping(folder: Path, config: Config, encoder: Encoder, texts: list[str]) -> VectorStore:
    """Write the vectors of these texts beside them, if the folder is bundled; the store that reads them from there."""
    cache = cache_folder(config.encode.cache)
    if folder.parent == bundled("taxonomies", ""):
        ship(folder, VectorStore.open(cache, encoder), texts)
    return VectorStore.open(cache, encoder, shipped_vectors(encoder))


def _ship(model: HazardModel | StanceModel, folder: Path) -> None:
    """Save a model next to its exemplars, named after the encoder weights it was fitted with."""
    model.save(model_file(folder, model.encoder))


def _build_rounding(config: Config) -> dict[str, Any]:
    """How the fast encoder is rounded to eight bits; the careful one decides what is doubted, and stays in float."""
    texts = [
        *Taxonomy.load("mixguard").exemplars.get_column("text"),
        *load_exemplars(bundled("taxonomies", "stance")).get_column("text"),
    ]
    found = calibrate(BUNDLED, cache_folder(config.encode.cache), texts)
    keep(shipped(BUNDLED.weights), found.roundings)
    return {BUNDLED.name: found.worst}


OTHERS = {"stance": _build_stance, "signals": _build_signals, "rounding": _build_rounding}
"""What is built beside taxonomies."""


def build_adapter(progress: Progress) -> None:
    """Fit and ship the bundled encoder's adapter; every model must be rebuilt afterwards."""
    from mixguard.fit.adapter import fit_adapter

    fit_adapter(Taxonomy.load("mixguard"), bundled_adapter(), progress)
