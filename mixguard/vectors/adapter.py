"""The adapter: low-rank updates (LoRA, arXiv 2106.09685) to the bundled encoder, fitted on the exemplars.

It is merged into the weights when the encoder is loaded, so inference costs nothing extra.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from mixguard.files import bundled

ADAPTER = "adapter.safetensors"
DOWN, UP = ".down", ".up"
"""Suffixes of a layer's two factors: `weight + up @ down` is the adapted weight."""


def bundled_adapter() -> Path:
    """The shipped adapter, created by `mixguard taxonomy build --adapter`."""
    return bundled("taxonomies", "mixguard") / ADAPTER


def adapter_name(file: Path) -> str:
    """Eight hex digits of the adapter's hash, or `plain` if there is none."""
    return hashlib.sha256(file.read_bytes()).hexdigest()[:8] if file.is_file() else "plain"


def changes(file: Path | None) -> dict[str, npt.NDArray[np.float32]]:
    """What an adapter adds to the weight of each layer that it names; nothing if there is no file."""
    if file is None or not file.is_file():
        return {}
    from safetensors.numpy import load_file

    factors = {name: factor.astype(np.float32) for name, factor in load_file(file).items()}
    names = (key.removesuffix(UP) for key in factors if key.endswith(UP))
    return {name: factors[name + UP] @ factors[name + DOWN] for name in names}


def merge_adapter(transformer: Any, file: Path) -> None:
    """Add an adapter's changes to a BERT model's weights in torch, in place; does nothing if there is no file."""
    import torch

    with torch.no_grad():
        for name, change in changes(file).items():
            weight = transformer.get_submodule(name).weight
            weight += torch.from_numpy(change).to(weight.device, weight.dtype)
