"""The real encoder against the reference implementation, and the errors if an encoder is unavailable."""

from __future__ import annotations

from pathlib import Path

import pytest

from mixguard.config import EncodeConfig
from mixguard.errors import UsageError
from mixguard.vectors.load import load_encoder


def test_the_fast_runtime_matches_the_reference_vectors(cache: Path) -> None:
    reference = load_encoder(EncodeConfig(cache=cache, device="cpu", precision="float32"), overlap=32)
    fast = load_encoder(EncodeConfig(cache=cache, device="cpu"), overlap=32)
    assert fast.weights == reference.weights
    texts = [
        "How do I return a parcel?",
        "",
        "naïve café ☕ 漢字",
        "def f(x):\n    return x",
        "refund please",
    ]
    assert (fast.encode(texts).vectors * reference.encode(texts).vectors).sum(1).min() > 0.999


def test_a_missing_model_is_reported(cache: Path) -> None:
    with pytest.raises(UsageError, match="nobody/nothing"):
        load_encoder(
            EncodeConfig(model="nobody/nothing", offline=True, cache=cache, device="cpu"), overlap=32
        )


def test_cuda_without_a_gpu_is_reported() -> None:
    import torch

    if torch.cuda.is_available():
        pytest.skip("this machine has a GPU")
    with pytest.raises(UsageError, match="--device cpu"):
        load_encoder(EncodeConfig(device="cuda"), overlap=32)
