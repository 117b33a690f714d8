"""Where fitted models lie: one file for the weights of each encoder, so that several encoders can judge side by side."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from mixguard.annotate.hazard_model import HazardModel
from mixguard.annotate.stance_model import StanceModel

Model = TypeVar("Model", HazardModel, StanceModel)


def model_file(folder: Path, weights: str) -> Path:
    """The model beside the exemplars of a folder that was fitted with an encoder of these weights."""
    return folder / "models" / f"{weights}.json"


def fitted(
    kind: type[Model], shipped: Path, cache: Path, exemplars: str, weights: str, fit: Callable[[], Model]
) -> Model:
    """The model of these exemplars and weights: shipped with the exemplars, cached, or fitted now and cached.

    Args:
        kind: of model.
        shipped: folder of the exemplars.
        cache: the cache folder.
        exemplars: their digest; a file that says another one is passed over.
        weights: of the encoder.
        fit: makes it.
    """
    kept = cache / "models" / f"{kind.name}-{exemplars}-{weights}.json"
    for file in (model_file(shipped, weights), kept):
        if file.is_file():
            model = kind.load(file)
            if (model.exemplars, model.encoder) == (exemplars, weights):
                return model
    fit().save(kept)
    return kind.load(kept)  # as later runs find it: rounded
