"""Shipped vectors: nothing is embedded or fitted at a first start, and rounding them changes little."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from mixguard.config import Config
from mixguard.detectors import Recipe
from mixguard.files import bundled
from mixguard.library.taxonomy import Taxonomy
from mixguard.vectors.hashed import HashEncoder
from mixguard.vectors.shipped import ship, shipped_file, shipped_vectors
from mixguard.vectors.store import VectorStore, text_id

TEXTS = ["one two three", "four five", "six " * 9]


@pytest.fixture
def first_start(cache: Path, tmp_path: Path) -> Config:
    """A cache that holds the converted encoders and nothing else."""
    (tmp_path / "encoders").symlink_to(cache / "encoders", target_is_directory=True)
    return Config.from_tree({"encode": {"cache": tmp_path}}, origin="test")


def test_a_first_start_embeds_and_fits_nothing(worker: object, first_start: Config, tmp_path: Path) -> None:
    made = Recipe(first_start, bank=True).worker()
    assert [stage.name for stage in made.stages] == ["fast", "careful"]
    assert made.embedded == 0
    assert not (tmp_path / "models").exists()


def test_the_shipped_vectors_are_those_of_the_encoder(cache: Path) -> None:
    worker = Recipe(Config.from_tree({"encode": {"cache": cache}}, origin="test")).worker()
    texts = Taxonomy.load("mixguard").exemplars["text"].gather_every(900).to_list()
    for stage in worker.stages:
        known = shipped_vectors(stage.store.encoder)
        fresh = stage.store.encoder.encode(texts)
        stored = np.concatenate([np.frombuffer(known[text_id(text)], np.float16) for text in texts])
        found = stored.astype(np.float32).reshape(-1, stage.store.encoder.dimension)
        assert (found * fresh.vectors).sum(1).min() > 0.999


def test_what_is_shipped_is_read_back_window_by_window(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    encoder = HashEncoder(words_per_window=3)
    encoder.fingerprint = "hash-3-0"
    store = VectorStore.open(tmp_path, encoder)
    ship(
        bundled("taxonomies", "stance"), VectorStore.open(tmp_path, encoder), []
    )  # an empty folder's vectors
    file = shipped_file(bundled("taxonomies", "stance"), encoder.weights)
    try:
        ship(bundled("taxonomies", "stance"), store, TEXTS)
        known = shipped_vectors(encoder)
        assert set(known) == {text_id(text) for text in TEXTS}
        again = VectorStore.open(tmp_path / "other", encoder, known)
        assert np.allclose(again.vectors(TEXTS).in_order, store.vectors(TEXTS).in_order, atol=0.01)
        assert again.embedded == 0
        encoder.fingerprint = "hash-4-0"  # windows cut otherwise
        assert shipped_vectors(encoder) == {}
    finally:
        file.unlink()
