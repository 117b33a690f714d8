"""The nearest exemplars, from similarities."""

from __future__ import annotations

import numpy as np
import pytest

from mixguard.annotate.exemplars import nearest


@pytest.mark.parametrize("exemplars", [5, 64, 600, 3000])
def test_they_are_the_most_similar_nearest_first_and_each_once(exemplars: int) -> None:
    similarity = np.random.default_rng(exemplars).standard_normal((3, exemplars)).astype(np.float32)
    similarity[:, -3:] = similarity[:, :3]  # equals
    found = nearest(similarity, 64)
    assert found.similarity.tolist() == np.sort(similarity, axis=1)[:, ::-1][:, :64].tolist()
    assert np.take_along_axis(similarity, found.row, axis=1).tolist() == found.similarity.tolist()
    assert all(len(set(row)) == len(row) for row in found.row.tolist())


def test_no_texts_have_no_neighbours() -> None:
    assert nearest(np.empty((0, 3000), dtype=np.float32), 64).row.shape == (0, 64)
