"""Fit the models that are shipped: `model.json`, `map.json` and the adapter, beside the exemplars they are fitted on."""

from __future__ import annotations

from typing import Any

from mixguard.annotate.hazard_model import exemplar_vectors
from mixguard.config import Config
from mixguard.files import bundled
from mixguard.fit import hazard as hazard_fit
from mixguard.fit import stance as stance_fit
from mixguard.fit.exemplar_map import fit_map
from mixguard.library.taxonomy import Taxonomy
from mixguard.progress import Progress
from mixguard.vectors.adapter import bundled_adapter
from mixguard.vectors.load import open_store

MODEL = "model.json"


def build(name: str, config: Config) -> dict[str, Any]:
    """Fit and ship: write `model.json` and `map.json` beside the exemplars; return the left-out figures.

    Raises:
        TaxonomyError: the exemplars break the rules.
    """
    store = open_store(config)
    if name == "stance":
        folder = bundled("taxonomies", "stance")
        stance = stance_fit.fit(folder, store)
        stance.save(folder / MODEL)
        return stance.error._asdict()
    taxonomy = Taxonomy.load(name)
    vectors = exemplar_vectors(taxonomy, store)
    hazard = hazard_fit.fit(taxonomy, vectors, store.encoder.weights)
    hazard.save(taxonomy.folder / MODEL)
    layout = fit_map(taxonomy, vectors)
    layout.map.save(taxonomy.folder)
    figures = {
        "limit": hazard.limit,
        "proximity_limit": hazard.proximity_limit,
        "map_agreement": layout.agreement,
    }
    return {**hazard.error._asdict(), **figures}


def build_adapter(progress: Progress) -> None:
    """Fit and ship the bundled encoder's adapter; every model has to be built again upon it."""
    from mixguard.fit.adapter import fit_adapter

    fit_adapter(Taxonomy.load("mixguard"), bundled_adapter(), progress)
