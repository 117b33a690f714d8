from __future__ import annotations

from importlib.metadata import PackageNotFoundError
from typing import Any

import numpy as np
import pytest

from mixguard.errors import UsageError
from mixguard.vectors import index
from mixguard.vectors.base import Vectors
from mixguard.vectors.index import ExemplarIndex, NumpyIndex


def made(rows: int, seed: int) -> Vectors:
    vectors = np.random.default_rng(seed).standard_normal((rows, 16)).astype(np.float32)
    unit: Vectors = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return unit


@pytest.mark.parametrize("k", [1, 5, 40, 100])
def test_numpy_finds_the_neighbours_that_faiss_finds(k: int) -> None:
    pytest.importorskip("faiss")
    exemplars, queries = made(40, 1), made(9, 2)
    by_faiss = ExemplarIndex.build(exemplars).search(queries, k)
    by_numpy = ExemplarIndex(NumpyIndex(exemplars)).search(queries, k)
    assert by_faiss.row.shape == (9, min(k, 40))
    np.testing.assert_array_equal(by_numpy.row, by_faiss.row)
    np.testing.assert_allclose(by_numpy.similarity, by_faiss.similarity, atol=1e-6)
    np.testing.assert_array_equal(by_faiss.row[:, 0], (queries @ exemplars.T).argmax(1))


def test_numpy_searches_where_faiss_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(index, "find_spec", lambda _: None)
    monkeypatch.setattr(index, "_faiss_index", lambda _: pytest.fail("faiss was asked"))
    exemplars = made(5, 1)
    assert ExemplarIndex.build(exemplars).search(exemplars, 1).row[:, 0].tolist() == [0, 1, 2, 3, 4]


def test_both_packages_of_faiss_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("faiss")
    monkeypatch.setattr(index, "distribution", lambda _: None)
    with pytest.raises(UsageError, match=r"faiss-cpu and faiss-gpu are both installed.*pip uninstall"):
        ExemplarIndex.build(made(3, 1))


def test_one_package_of_faiss_is_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("faiss")

    def only_gpu(name: str) -> Any:
        if name != "faiss-gpu":
            raise PackageNotFoundError(name)

    monkeypatch.setattr(index, "distribution", only_gpu)
    assert ExemplarIndex.build(made(3, 1)).search(made(3, 1), 1).row[:, 0].tolist() == [0, 1, 2]
