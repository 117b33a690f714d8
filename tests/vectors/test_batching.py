from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from mixguard.vectors.batching import batches, padded

WINDOWS = st.lists(st.lists(st.integers(1, 9), min_size=1, max_size=40), max_size=30)


@given(WINDOWS, st.integers(1, 200), st.sampled_from([1, 8, 16]))
def test_every_window_is_in_one_batch_that_fits(ids: list[list[int]], most: int, step: int) -> None:
    made = list(batches(ids, most=most, step=step))
    assert sorted(row for batch in made for row in batch.rows) == list(range(len(ids)))
    for rows, length in made:
        assert length % step == 0
        assert max(len(ids[row]) for row in rows) <= length < max(len(ids[row]) for row in rows) + step
        assert len(rows) == 1 or len(rows) * length <= most


def test_padding_is_masked() -> None:
    ids, mask = padded([[5, 6, 7], [8]], 4, pad=1)
    assert ids.tolist() == [[5, 6, 7, 1], [8, 1, 1, 1]]
    assert mask.tolist() == [[1, 1, 1, 0], [1, 0, 0, 0]]
