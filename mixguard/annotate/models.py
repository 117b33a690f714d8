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
    kind: type[Model],
    shipped: Path,
    cache: Path,
    made_of: tuple[str, str, int],
    fit: Callable[[], Model],
    after: str = "",
) -> Model:
    """The model for these exemplars and weights: shipped, cached, or fitted now and cached.

    Args:
        kind: model class.
        shipped: folder of the exemplars.
        cache: the cache folder.
        made_of: digest of the exemplars, the encoder's weights, and the number of exemplar vectors; a file made of
            anything else is skipped.
        fit: fits the model.
        after: weights of the stage before it.
    """
    exemplars, weights, vectors = made_of
    name = "-".join(filter(None, (kind.name, exemplars, weights, str(vectors), after)))
    kept = cache / "models" / f"{name}.json"
    for file in (model_file(shipped, weights), kept):
        if file.is_file():
            model = kind.load(file)
            if model.made_of == made_of and getattr(model, "after", "") == after:
                return model
    fit().save(kept)
    return kind.load(kept)  # rounded, as later runs will read it
