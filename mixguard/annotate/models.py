"""Where fitted models are stored: one file per encoder, so that several encoders can judge side by side."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from mixguard.annotate.hazard_model import HazardModel
from mixguard.annotate.stance_model import StanceModel

Model = TypeVar("Model", HazardModel, StanceModel)


def model_file(folder: Path, weights: str) -> Path:
    """The model stored with a folder's exemplars and fitted with these encoder weights."""
    return folder / "models" / f"{weights}.json"


def fitted(
    kind: type[Model], shipped: Path, cache: Path, exemplars: str, weights: str, fit: Callable[[], Model]
) -> Model:
    """The model for these exemplars and weights: shipped, cached, or fitted now and cached.

    Args:
        kind: model class.
        shipped: folder of the exemplars.
        cache: the cache folder.
        exemplars: digest of the exemplars; a file with a different digest is skipped.
        weights: the encoder's weights.
        fit: fits the model.
    """
    kept = cache / "models" / f"{kind.name}-{exemplars}-{weights}.json"
    for file in (model_file(shipped, weights), kept):
        if file.is_file():
            model = kind.load(file)
            if (model.exemplars, model.encoder) == (exemplars, weights):
                return model
    fit().save(kept)
    return kind.load(kept)  # rounded, as later runs will read it
