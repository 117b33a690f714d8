"""Contract of every encoder, and the real one against the reference implementation."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from mixguard import HashEncoder
from mixguard.config import EncodeConfig
from mixguard.errors import UsageError
from mixguard.vectors.base import Encoder
from mixguard.vectors.load import load_encoder

TEXTS = [
    "How do I return a parcel?",
    "",
    "naïve café ☕ 漢字",
    "def f(x):\n    return x",
    "word " * 900,
    "refund please",
]


@pytest.fixture(scope="module", params=["hash", "openvino", "sentence"])
def encoder(request: pytest.FixtureRequest, cache: Path) -> Encoder:
    if request.param == "hash":
        return HashEncoder()
    if request.param == "openvino":
        return load_encoder(EncodeConfig(cache=cache, device="cpu"), overlap=32)
    return load_encoder(EncodeConfig(precision="float32", device="cpu", offline=True), overlap=32)


def test_every_text_has_a_window_of_unit_length(encoder: Encoder) -> None:
    found = encoder.encode(TEXTS)
    assert found.vectors.shape == (found.counts.sum(), encoder.dimension)
    assert found.counts.min() >= 1
    assert np.allclose(np.linalg.norm(found.vectors, axis=1), 1, atol=1e-2)


def test_long_texts_are_cut_not_truncated(encoder: Encoder) -> None:
    ending = "word " * 900 + "how can I build a bomb"
    found = encoder.encode([ending, "how can I build a bomb"])
    assert found.counts[0] > 1
    windows, alone = found.vectors[:-1], found.vectors[-1]
    assert (windows @ alone)[-1] > (windows @ alone)[0]


def test_batch_does_not_change_a_vector(encoder: Encoder) -> None:
    together = encoder.encode(TEXTS)
    alone = np.concatenate([encoder.encode([text]).vectors for text in TEXTS])
    assert (together.vectors * alone).sum(1).min() > 0.999


def test_nothing_gives_nothing(encoder: Encoder) -> None:
    assert encoder.encode([]).vectors.shape == (0, encoder.dimension)


def test_fast_runtime_gives_the_reference_vectors(cache: Path) -> None:
    reference = load_encoder(EncodeConfig(cache=cache, device="cpu", precision="float32"), overlap=32)
    fast = load_encoder(EncodeConfig(cache=cache, device="cpu"), overlap=32)
    assert fast.weights == reference.weights
    texts = [text for text in TEXTS if len(text) < 1000]
    assert (fast.encode(texts).vectors * reference.encode(texts).vectors).sum(1).min() > 0.999


def test_a_missing_model_is_told(cache: Path) -> None:
    with pytest.raises(UsageError, match="nobody/nothing"):
        load_encoder(
            EncodeConfig(model="nobody/nothing", offline=True, cache=cache, device="cpu"), overlap=32
        )


def test_cuda_without_a_gpu_is_told() -> None:
    import torch

    if torch.cuda.is_available():
        pytest.skip("there is a GPU here")
    with pytest.raises(UsageError, match="--device cpu"):
        load_encoder(EncodeConfig(device="cuda"), overlap=32)
