"""The contract of every encoder: unit vectors, long texts cut and never truncated, each text on its own."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from mixguard.config import EncodeConfig
from mixguard.vectors.base import Encoder
from mixguard.vectors.hashed import HashEncoder
from mixguard.vectors.load import load_encoder
from mixguard.vectors.openvino import OpenVinoEncoder
from mixguard.vectors.sentence import SentenceEncoder

ENCODERS: dict[type[Encoder], Callable[[Path], EncodeConfig]] = {
    HashEncoder: lambda cache: EncodeConfig(model="hash"),
    OpenVinoEncoder: lambda cache: EncodeConfig(cache=cache, device="cpu"),
    SentenceEncoder: lambda cache: EncodeConfig(precision="float32", device="cpu", offline=True),
}
"""Each with the options that ask for it."""
TEXTS = [
    "How do I return a parcel?",
    "",
    "naïve café ☕ 漢字",
    "def f(x):\n    return x",
    "word " * 900,
    "refund please",
]


@pytest.fixture(scope="module", params=ENCODERS, ids=lambda kind: kind.__name__)
def encoder(request: pytest.FixtureRequest, cache: Path) -> Encoder:
    encoder = load_encoder(ENCODERS[request.param](cache), overlap=32)
    assert type(encoder) is request.param
    return encoder


def test_every_text_has_a_window_of_unit_length(encoder: Encoder) -> None:
    found = encoder.encode(TEXTS)
    assert found.vectors.dtype == np.float32
    assert found.vectors.shape == (found.counts.sum(), encoder.dimension)
    assert found.counts.shape == (len(TEXTS),)
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
    found = encoder.encode([])
    assert found.vectors.shape == (0, encoder.dimension)
    assert found.counts.shape == (0,)
