"""Fit the shipped models: `models/WEIGHTS.json`, `map.json` and the adapter, stored with the exemplars."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from mixguard.annotate.exemplars import exemplar_vectors
from mixguard.annotate.hazard_model import HazardModel
from mixguard.annotate.models import model_file
from mixguard.annotate.stance_model import StanceModel
from mixguard.config import Config
from mixguard.files import bundled
from mixguard.fit import hazard as hazard_fit
from mixguard.fit import stance as stance_fit
from mixguard.fit.exemplar_map import fit_map
from mixguard.library.taxonomy import Taxonomy
from mixguard.progress import Progress
from mixguard.vectors.adapter import bundled_adapter
from mixguard.vectors.load import open_store


def build(name: str, config: Config) -> dict[str, Any]:
    """Fit the models, write them with the map next to the exemplars, and return the left-out figures.

    Raises:
        TaxonomyError: the exemplars are invalid.
    """
    store = open_store(config)
    if name == "stance":
        folder = bundled("taxonomies", "stance")
        stance = stance_fit.fit(folder, store)
        _ship(stance, folder)
        return stance.error._asdict()
    taxonomy = Taxonomy.load(name)
    vectors = exemplar_vectors(taxonomy, store)
    hazard = hazard_fit.fit(taxonomy, vectors, store.encoder.weights)
    _ship(hazard, taxonomy.folder)
    layout = fit_map(taxonomy, vectors)
    layout.map.save(taxonomy.folder)
    figures = {
        "limit": hazard.limit,
        "proximity_limit": hazard.proximity_limit,
        "map_agreement": layout.agreement,
    }
    return {**hazard.error._asdict(), **figures}


def _ship(model: HazardModel | StanceModel, folder: Path) -> None:
    """Save a model next to its exemplars, named after the encoder weights it was fitted with."""
    model.save(model_file(folder, model.encoder))


def build_adapter(progress: Progress) -> None:
    """Fit and ship the bundled encoder's adapter; every model must be rebuilt afterwards."""
    from mixguard.fit.adapter import fit_adapter

    fit_adapter(Taxonomy.load("mixguard"), bundled_adapter(), progress)
