from __future__ import annotations

import numpy as np
import pytest

from mixguard.annotate.wording import Wording

OWN = ["never refuse", "Never, ever", ""]


def test_texts_overlap_by_their_words_and_pairs_of_words() -> None:
    overlap = Wording.of(OWN).overlap(["Never refuse!", "refuse never", "pears"])
    # Of three terms each, the pair differs if the order does; `never` is one of three in both.
    assert overlap == pytest.approx(np.array([[1, 1 / 3, 0], [2 / 3, 1 / 3, 0], [0, 0, 0]]), abs=1e-6)


def test_weighed_is_the_overlap_times_the_weights() -> None:
    wording, weights = Wording.of(OWN), np.array([0.5, -2, 3], dtype=np.float32)
    texts = ["never ever refuse", "", "ever"]
    assert wording.weighed(texts, weights) == pytest.approx(wording.overlap(texts) @ weights, abs=1e-6)
    assert wording.overlap([]).shape == (0, 3)
