"""The fitted models: the shipped ones where they fit, else fitted once and kept in the cache.

A shipped `model.json` belongs to certain exemplars and to an encoder's weights. Other exemplars (a team's own) or another
encoder get a model of their own, fitted on first use.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

from mixguard.annotate import hazard_fit, stance_fit
from mixguard.annotate.hazard_model import HazardModel
from mixguard.annotate.map_fit import fit_map
from mixguard.annotate.stance_model import StanceModel, exemplars_digest
from mixguard.annotate.taxonomy_check import TaxonomyReport, check_taxonomy
from mixguard.config import Config
from mixguard.progress import Progress
from mixguard.resources import bundled, cache_folder
from mixguard.taxonomy import Taxonomy
from mixguard.vectors.adapter import bundled_adapter
from mixguard.vectors.encoder import Vectors, load_encoder
from mixguard.vectors.store import VectorStore

MODEL = "model.json"
_Model = TypeVar("_Model", HazardModel, StanceModel)


def hazard_model(taxonomy: Taxonomy, vectors: Vectors, weights: str, cache: Path) -> HazardModel:
    """The model fitted on a taxonomy's exemplars, whose vectors are given, with an encoder of these weights."""
    digest = taxonomy.digest()

    def fits(model: HazardModel) -> bool:
        return (model.taxonomy, model.encoder) == (digest, weights)

    kept = cache / "models" / f"hazard-{digest}-{weights}.json"
    return _first(
        HazardModel, (taxonomy.folder / MODEL, kept), fits, lambda: hazard_fit.fit(taxonomy, vectors, weights)
    )


def stance_model(folder: Path, store: VectorStore, cache: Path) -> StanceModel:
    """The model fitted on a stance folder's exemplars and grammar with the store's encoder."""
    digest, weights = exemplars_digest(folder), store.encoder.weights

    def fits(model: StanceModel) -> bool:
        return (model.exemplars, model.encoder) == (digest, weights)

    kept = cache / "models" / f"stance-{digest}-{weights}.json"
    return _first(StanceModel, (folder / MODEL, kept), fits, lambda: stance_fit.fit(folder, store))


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


def build(name: str, config: Config) -> dict[str, Any]:
    """Fit and ship: write `model.json` and `map.json` beside the exemplars; return the left-out figures.

    Raises:
        TaxonomyError: the exemplars break the rules.
    """
    store = _store(config)
    if name == "stance":
        folder = bundled("taxonomies", "stance")
        stance = stance_fit.fit(folder, store)
        stance.save(folder / MODEL)
        return stance.error._asdict()
    taxonomy = Taxonomy.load(name)
    vectors = hazard_fit.exemplar_vectors(taxonomy, store)
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
    from mixguard.annotate.adapter_fit import fit_adapter

    fit_adapter(Taxonomy.load("mixguard"), bundled_adapter(), progress)


def check_named(name: str, config: Config, against: Sequence[str]) -> TaxonomyReport:
    """Check a taxonomy's exemplars; see `check_taxonomy`."""
    return check_taxonomy(Taxonomy.load(name), _store(config), against, offline=config.encode.offline)


def _store(config: Config) -> VectorStore:
    encoder = load_encoder(config.encode, overlap=config.judge.window_overlap)
    return VectorStore.open(cache_folder(config.encode.cache), encoder)
