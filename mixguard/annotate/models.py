"""Where fitted models are stored: one file per encoder, so that several encoders can judge side by side.

Those in the cache are sealed with its secret, and fitted again if they were changed.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import orjson

from mixguard.annotate.hazard_model import HazardModel
from mixguard.annotate.sentence_screen import SentenceScreen
from mixguard.annotate.stance_model import StanceModel
from mixguard.errors import CacheWarning
from mixguard.files import cannot_keep, seal, trusted, write_atomically

Model = TypeVar("Model", HazardModel, StanceModel, SentenceScreen)
SEAL = "seal"
"""Key of the seal in a cached file."""


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
    file = model_file(shipped, weights)
    if file.is_file():
        model = kind.load(file)
        if model.made_of == made_of and getattr(model, "after", "") == after:
            return model
    name = "-".join(filter(None, (kind.name, exemplars, weights, str(vectors), after)))
    kept = cache / "models" / f"{name}.json"
    if kept.is_file():
        try:
            model = kind.of(unsealed(kept))
        except (OSError, ValueError, TypeError, KeyError, AttributeError):
            what = f"{kept}: changed or damaged, so the model is fitted again"
            warnings.warn(what, CacheWarning, stacklevel=2)
        else:
            if model.made_of == made_of and getattr(model, "after", "") == after:
                return model
    tree = fit().tree()
    _keep(kept, tree)
    return kind.of(orjson.loads(orjson.dumps(tree)))  # rounded, as later runs will read it


def unsealed(file: Path) -> dict[str, Any]:
    """What was kept.

    Raises:
        ValueError: it was changed or damaged since, or others could have written it.
    """
    tree = orjson.loads(file.read_bytes()) if trusted(file) else None
    if not isinstance(tree, dict) or tree.pop(SEAL, None) != _sealed(file, tree):
        raise ValueError(file)
    return tree


def _keep(file: Path, tree: dict[str, Any]) -> None:
    tree = orjson.loads(orjson.dumps(tree))
    try:
        file.unlink(missing_ok=True)  # with its mode
        write_atomically(file, orjson.dumps({SEAL: _sealed(file, tree), **tree}) + b"\n")
    except OSError as error:
        cannot_keep(file.parent.parent, error)


def _sealed(file: Path, tree: dict[str, Any]) -> str:
    return seal(file.parent.parent, orjson.dumps([file.name, tree], option=orjson.OPT_SORT_KEYS))
