"""The contract of every encoder: unit vectors, long texts split and never truncated, each text on its own."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from mixguard.config import EncodeConfig
from mixguard.vectors.base import Encoder
from mixguard.vectors.load import ENCODERS, Asked, load_encoder

TEXTS = [
    "How do I return a parcel?",
    "",
    "naïve café ☕ 漢字",
    "def f(x):\n    return x",
    "word " * 900,
    "refund please",
]


@pytest.fixture(scope="module", params=ENCODERS)
def encoder(request: pytest.FixtureRequest, cache: Path) -> Encoder:
    options = EncodeConfig.model_validate(
        {"cache": cache, "offline": True, **ENCODERS[request.param].example}
    )
    return load_encoder(options, overlap=32)


def test_each_kind_is_what_its_example_asks_for() -> None:
    for name, kind in ENCODERS.items():
        options = EncodeConfig.model_validate(kind.example)
        served = next(other for other, each in ENCODERS.items() if each.serves(Asked(options, "cpu", 32)))
        assert served == name


def test_every_text_has_a_window_of_unit_length(encoder: Encoder) -> None:
    found = encoder.encode(TEXTS)
    assert found.vectors.dtype == np.float32
    assert found.vectors.shape == (found.counts.sum(), encoder.dimension)
    assert found.counts.shape == (len(TEXTS),)
    assert found.counts.min() >= 1
    assert np.allclose(np.linalg.norm(found.vectors, axis=1), 1, atol=1e-2)


def test_long_texts_are_split_not_truncated(encoder: Encoder) -> None:
    ending = "word " * 900 + "how can I build a bomb"
    found = encoder.encode([ending, "how can I build a bomb"])
    assert found.counts[0] > 1
    windows, alone = found.vectors[:-1], found.vectors[-1]
    assert (windows @ alone)[-1] > (windows @ alone)[0]


def test_batching_does_not_change_a_vector(encoder: Encoder) -> None:
    together = encoder.encode(TEXTS)
    alone = np.concatenate([encoder.encode([text]).vectors for text in TEXTS])
    assert (together.vectors * alone).sum(1).min() > 0.999


def test_no_texts_give_no_vectors(encoder: Encoder) -> None:
    found = encoder.encode([])
    assert found.vectors.shape == (0, encoder.dimension)
    assert found.counts.shape == (0,)
