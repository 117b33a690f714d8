"""A published encoder by torch, beside sentence-transformers and on what a corpus may hold."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from mixguard.errors import UsageError
from mixguard.vectors import torch as own
from mixguard.vectors.adapter import merge_adapter
from mixguard.vectors.bundled import BUNDLED, bundled_model
from mixguard.vectors.torch import TorchEncoder

TEXTS = [
    "How do I return a parcel?",
    "",
    "naïve café ☕ 漢字",
    *(f"line {number} " * number for number in range(20)),
]


@pytest.fixture(scope="module")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> TorchEncoder:
    return TorchEncoder.load(BUNDLED, tmp_path_factory.mktemp("cache"), device="cpu", half=False, overlap=32)


def test_its_vectors_are_those_of_sentence_transformers(encoder: TorchEncoder) -> None:
    from sentence_transformers import SentenceTransformer

    model = SentenceTransformer(str(bundled_model()), device="cpu", local_files_only=True)
    assert BUNDLED.adapter is not None
    merge_adapter(model[0].auto_model, BUNDLED.adapter)
    expected = model.encode(TEXTS, normalize_embeddings=True, show_progress_bar=False)
    found = encoder.encode(TEXTS)
    assert found.counts.tolist() == [1] * len(TEXTS)
    assert (found.vectors * expected).sum(1).min() > 0.99999


def test_batches_and_chunks_change_no_vector(encoder: TorchEncoder, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = encoder.encode(TEXTS).vectors
    monkeypatch.setattr(own, "BATCH_TOKENS", 64)
    monkeypatch.setattr(own, "TOKENISED_AT_ONCE", 3)
    np.testing.assert_allclose(encoder.encode(TEXTS).vectors, whole, atol=1e-5)


def test_a_long_text_has_overlapping_windows(encoder: TorchEncoder) -> None:
    words = ["parcel"] * 500
    found = encoder.encode([" ".join(words), "short"])
    # 254 words fit a window, and every later one begins 32 before the end of the one before it.
    assert found.counts.tolist() == [3, 1]
    assert found.vectors.shape == (4, 384)


def test_no_texts_have_no_vectors(encoder: TorchEncoder) -> None:
    assert encoder.encode([]).vectors.shape == (0, 384)


def test_a_gpu_that_is_not_there_is_refused(tmp_path: Path) -> None:
    import torch

    if torch.cuda.is_available():
        pytest.skip("this machine has a GPU")
    with pytest.raises(UsageError, match="--device cpu"):
        TorchEncoder.load(BUNDLED, tmp_path, device="cuda:1", half=True, overlap=32)
