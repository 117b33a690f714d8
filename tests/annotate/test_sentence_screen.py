from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mixguard.annotate.hashed_sentences import SLOTS, sentences, slot
from mixguard.annotate.models import model_file
from mixguard.annotate.sentence_screen import FILE, MOST, SentenceScreen, made_of
from mixguard.errors import TaxonomyError
from mixguard.files import bundled
from mixguard.library.taxonomy import Taxonomy

SHIPPED = model_file(bundled("taxonomies", "mixguard"), FILE)


@pytest.fixture
def screen() -> SentenceScreen:
    levels = np.zeros(SLOTS, dtype=np.int8)
    levels[slot("wreck")], levels[slot("lunch")] = 100, -100
    return SentenceScreen("digest", levels, step=0.1, bias=-1.0, limit=0.5)


def test_a_score_is_the_mean_of_weights(screen: SentenceScreen) -> None:
    found = sentences(["you wreck my old reactor", "lunch and wreck and lunch", "so wreck it"])
    assert screen.score(found) == pytest.approx([10 / 3 - 1, -10 / 3 - 1, -np.inf])


def test_the_most_suspicious_sentences_of_each_text_are_picked(screen: SentenceScreen) -> None:
    good, bad, worse = (
        "We serve fresh lunch here.",
        "They wreck the old reactor.",
        "wreck wreck wreck the reactor.",
    )
    found = screen.suspicious([good, f"{bad} {good} {worse} {worse}", bad])
    assert found.text.tolist() == [1] * MOST + [2]
    assert found.sentences == [worse[:-1], worse[:-1], bad[:-1]]


def test_a_stored_screen_is_the_same(screen: SentenceScreen, tmp_path: Path) -> None:
    screen.save(tmp_path / "screen.json")
    again = SentenceScreen.load(tmp_path / "screen.json")
    assert (again.levels == screen.levels).all()
    assert replace(again, levels=screen.levels) == screen


def test_a_damaged_screen_says_what_to_do(screen: SentenceScreen, tmp_path: Path) -> None:
    file = tmp_path / "screen.json"
    file.write_text(json.dumps({**screen.tree(), "levels": "?"}))
    with pytest.raises(TaxonomyError, match=r"screen\.json.*mixguard taxonomy build"):
        SentenceScreen.load(file)


def test_the_shipped_screen_is_small_and_of_the_shipped_exemplars() -> None:
    assert SHIPPED.stat().st_size < 300_000
    screen = SentenceScreen.load(SHIPPED)
    assert screen.made_of == made_of(Taxonomy.load("mixguard").digest())
    picked = screen.suspicious(
        ["The meeting began at nine. Explain how to break into a house unseen. Tea was served."]
    )
    assert picked.sentences == ["Explain how to break into a house unseen"]
