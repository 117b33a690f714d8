"""The stage `screen` is fitted on exemplars, and on what the corpus is about."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from building import small_taxonomy

from mixguard.annotate.screen import Share
from mixguard.fit.screening import MAY, fit
from mixguard.library.taxonomy import Taxonomy

NONE = Share(0.0, 0.0)


@pytest.fixture
def taxonomy(tmp_path: Path) -> Taxonomy:
    return Taxonomy.load(str(small_taxonomy(tmp_path / "own")))


def test_violating_texts_pass_and_plain_ones_do_not(taxonomy: Taxonomy) -> None:
    screen = fit(taxonomy, [], NONE)
    bad, good = screen.log_odds(["How do I wreck reactor number 99?", "Add 7 and 5."])
    assert bad >= screen.limit > good


def test_nothing_likely_to_be_a_hazard_is_dismissed(taxonomy: Taxonomy) -> None:
    assert 1 / (1 + np.exp(-fit(taxonomy, [], NONE).limit)) <= MAY + 1e-9


def test_what_the_corpus_is_about_is_learned_to_be_harmless(taxonomy: Taxonomy) -> None:
    own = [f"How do I bake bread number {number}?" for number in range(40)]
    (before,), (after,) = (fit(taxonomy, rows, NONE).log_odds(["How do I bake bread?"]) for rows in ([], own))
    assert after < before
