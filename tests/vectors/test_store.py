from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mixguard import HashEncoder
from mixguard.vectors.base import Windows
from mixguard.vectors.store import VectorStore, text_id


class CountingEncoder(HashEncoder):
    """Records the texts it was asked to embed."""

    def __init__(self) -> None:
        super().__init__(words_per_window=3)
        self.asked: list[str] = []

    def encode(self, texts: Sequence[str]) -> Windows:
        self.asked.extend(texts)
        return super().encode(texts)


def test_each_distinct_text_is_embedded_only_once(tmp_path: Path) -> None:
    encoder = CountingEncoder()
    texts = ["one", "two", "one", "a b c d e f g"]
    first = VectorStore.open(tmp_path, encoder).vectors(texts)
    assert sorted(encoder.asked) == sorted(set(texts))
    store = VectorStore.open(tmp_path, encoder)
    second = store.vectors(texts[::-1])
    assert store.embedded == 0
    assert first.counts.tolist() == [1, 1, 1, 3]
    for row, other in zip(range(4), range(3, -1, -1), strict=True):
        start, again = first.starts[row], second.starts[other]
        assert np.array_equal(first.vectors[start : start + 1], second.vectors[again : again + 1])


@settings(max_examples=25, deadline=None)
@given(texts=st.lists(st.text(max_size=40), max_size=30))
def test_stored_vectors_match_the_encoder(tmp_path_factory: pytest.TempPathFactory, texts: list[str]) -> None:
    encoder = HashEncoder(words_per_window=2)
    found = VectorStore.open(tmp_path_factory.mktemp("store"), encoder).vectors(texts)
    for text, start, count in zip(texts, found.starts, found.counts, strict=True):
        own = encoder.encode([text])
        assert count == own.counts[0]
        assert np.allclose(found.vectors[start : start + count], own.vectors, atol=1e-3)


def test_two_encoders_never_share_vectors(tmp_path: Path) -> None:
    one, other = HashEncoder(), HashEncoder()
    other.fingerprint = "hash-64-other"
    VectorStore.open(tmp_path, one).vectors(["text"])
    store = VectorStore.open(tmp_path, other)
    store.vectors(["text"])
    assert store.embedded == 1


def test_a_killed_write_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    encoder = HashEncoder()
    store = VectorStore.open(tmp_path, encoder)
    file = next((tmp_path / "vectors").glob("*.sqlite"))
    database = sqlite3.connect(file, isolation_level=None)
    database.execute("BEGIN IMMEDIATE")
    database.execute("INSERT INTO texts VALUES (?, ?, ?)", (text_id("half"), b"\0" * 128, b""))
    database.close()  # no COMMIT
    assert store.vectors(["half"]).vectors.any()


def test_a_text_of_an_earlier_batch_is_not_embedded_again(tmp_path: Path) -> None:
    encoder = CountingEncoder()
    store = VectorStore.open(tmp_path, encoder)
    for batch in (["a system prompt", "one"], ["a system prompt", "two"], ["two", "one"]):
        store.vectors(batch)
    assert encoder.asked == ["a system prompt", "one", "two"]
    assert store.embedded == 3
