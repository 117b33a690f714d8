"""The adapter: low-rank updates (LoRA, arXiv 2106.09685) to the bundled encoder, fitted on the exemplars.

It is merged into the weights when the encoder is loaded, so inference costs nothing extra.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

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


def merge_adapter(transformer: Any, file: Path) -> None:
    """Add an adapter's changes to a BERT model's weights, in place; does nothing if there is no file."""
    if not file.is_file():
        return
    import torch
    from safetensors.torch import load_file

    factors = load_file(file)
    with torch.no_grad():
        for name in (key.removesuffix(UP) for key in factors if key.endswith(UP)):
            weight = transformer.get_submodule(name).weight
            change = factors[name + UP].float() @ factors[name + DOWN].float()
            weight += change.to(weight.device, weight.dtype)
