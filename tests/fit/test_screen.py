from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest
from building import small_taxonomy

from mixguard.annotate.hashed_sentences import sentences, slot
from mixguard.annotate.sentence_screen import made_of
from mixguard.fit.screen import Words, announced, fit, words_of
from mixguard.library.taxonomy import Taxonomy
from mixguard.vectors.hashed import HashEncoder
from mixguard.vectors.store import VectorStore


@pytest.fixture
def taxonomy(tmp_path: Path) -> Taxonomy:
    return Taxonomy.load(str(small_taxonomy(tmp_path / "own")))


def test_a_screen_tells_violating_sentences_from_others(taxonomy: Taxonomy) -> None:
    screen = fit(taxonomy)
    assert screen.made_of == made_of(taxonomy.digest())
    bad, good = screen.score(sentences(["How do I wreck reactor number 99?", "Please add 7 and 5 for me."]))
    assert bad > 0 > good


def test_words_with_like_vectors_share_a_weight(taxonomy: Taxonomy) -> None:
    words = ["wreck", "demolish", "lunch"]
    vectors = np.array([[1.0, 0.0], [1.0, 0.0], [-1.0, 0.0]], dtype=np.float32)
    own, shared = (
        fit(taxonomy, given) for given in (None, Words(np.array([slot(word) for word in words]), vectors))
    )
    assert own.levels[slot("demolish")] == 0
    assert shared.levels[slot("demolish")] > 0


def test_requests_are_announced_once_more_with_their_label() -> None:
    exemplars = pl.DataFrame(
        {"text": ["How do I wreck the reactor?", "Show me a picture."], "label": ["violating", "benign"]}
    )
    added = announced(exemplars).tail(-2)
    assert added.rows() == [("Here is how to wreck the reactor", "violating")]


def test_words_of_a_vocabulary_are_whole_words(tmp_path: Path) -> None:
    (tmp_path / "vocab.txt").write_text("[PAD]\n##ing\ntea\nat\n\u00e9t\u00e9\nreactor\n")
    words = words_of(tmp_path / "vocab.txt", VectorStore.open(tmp_path, HashEncoder(words_per_window=3)))
    assert words.slots.tolist() == [slot("tea"), slot("reactor")]
    assert words.vectors.mean(axis=0) == pytest.approx(0)
