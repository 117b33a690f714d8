"""Positions of exemplars and exchanges on the map."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from mixguard.columns import NEIGHBOUR
from mixguard.errors import TaxonomyError
from mixguard.fit.exemplar_map import fit_map
from mixguard.library.exemplar_map import MAP, ExemplarMap
from mixguard.library.taxonomy import Taxonomy


@pytest.fixture(scope="module")
def taxonomy() -> Taxonomy:
    return Taxonomy.load("mixguard")


@pytest.fixture(scope="module")
def shipped(taxonomy: Taxonomy) -> ExemplarMap:
    found = ExemplarMap.load(taxonomy)
    assert found is not None
    return found


def near(*pairs: tuple[str, float], sample: int = 0) -> pl.DataFrame:
    neighbours = [{"exemplar": name, "similarity": similarity} for name, similarity in pairs]
    schema = pl.Schema({"sample_id": pl.String(), "neighbours": pl.List(NEIGHBOUR)})
    return pl.DataFrame({"sample_id": [f"{sample:016x}"], "neighbours": [neighbours]}, schema=schema)


def test_every_exemplar_has_a_position(taxonomy: Taxonomy, shipped: ExemplarMap) -> None:
    assert shipped.positions["exemplar"].to_list() == taxonomy.exemplars["id"].to_list()
    places = shipped.positions.select("x", "y").to_numpy()
    assert places.min() == 0
    assert places.max() == 1


def test_hazards_are_islands(taxonomy: Taxonomy, shipped: ExemplarMap) -> None:
    """Violating exemplars are closer to their own hazard's centre than to any other's."""
    placed = taxonomy.exemplars.join(shipped.positions, left_on="id", right_on="exemplar")
    violating = placed.filter(pl.col("label") == "violating")
    middles = violating.group_by("hazard").agg(pl.col("x", "y").median()).sort("hazard")
    to_each = violating.select("x", "y").to_numpy()[:, None] - middles.select("x", "y").to_numpy()
    nearest = np.linalg.norm(to_each, axis=2).argmin(axis=1)
    own = [middles["hazard"][int(place)] for place in nearest]
    assert np.mean([a == b for a, b in zip(own, violating["hazard"], strict=True)]) > 0.9


def test_an_exchange_is_placed_next_to_its_nearest_exemplar(taxonomy: Taxonomy, shipped: ExemplarMap) -> None:
    first, second = taxonomy.exemplars["id"][0], taxonomy.exemplars["id"][-1]
    places = {name: (x, y) for name, x, y in shipped.positions.iter_rows()}
    x, y = shipped.place(near((first, 0.95), (second, 0.4))).select("x", "y").row(0)
    assert abs(x - places[first][0]) + abs(y - places[first][1]) < 0.03


def test_positions_depend_on_the_exchange_alone(taxonomy: Taxonomy, shipped: ExemplarMap) -> None:
    ids = taxonomy.exemplars["id"].sample(60, seed=1).to_list()
    rows = pl.concat([near((a, 0.7), (b, 0.65), sample=n * 7919) for n, (a, b) in enumerate(pairwise(ids))])
    placed = shipped.place(rows)
    again = shipped.place(rows.reverse()).reverse()
    assert np.allclose(placed.select("x", "y").to_numpy(), again.select("x", "y").to_numpy())
    assert placed.columns == ["sample_id", "neighbours", "x", "y"]
    assert placed.select("x", "y").to_numpy().min() >= 0
    assert placed.select("x", "y").to_numpy().max() <= 1


def test_similar_exchanges_do_not_hide_each_other(taxonomy: Taxonomy, shipped: ExemplarMap) -> None:
    name = taxonomy.exemplars["id"][0]
    rows = pl.concat([near((name, 0.6), sample=n * 0x0123456789ABC) for n in range(1, 30)])
    assert shipped.place(rows).select("x", "y").unique().height == rows.height


def test_an_exemplar_without_a_position_gives_no_position(shipped: ExemplarMap) -> None:
    assert shipped.place(near(("ours-1", 0.9))).select("x", "y").row(0) == (None, None)
    assert shipped.place(near()).select("x", "y").row(0) == (None, None)


def test_a_taxonomy_that_extends_another_has_its_map(tmp_path: Path, shipped: ExemplarMap) -> None:
    (tmp_path / "taxonomy.toml").write_text('extends = "mixguard"\n')
    (tmp_path / "exemplars").mkdir()
    found = ExemplarMap.load(Taxonomy.load(str(tmp_path)))
    assert found is not None
    assert found.positions.equals(shipped.positions)


def test_a_map_is_fitted_saved_and_read_back(taxonomy: Taxonomy, tmp_path: Path) -> None:
    few = (
        taxonomy.exemplars.filter(pl.col("hazard").is_in(["vcr", "prv"])).group_by("hazard", "label").head(12)
    )
    small = Taxonomy(**{**vars(taxonomy), "exemplars": few, "folders": (tmp_path,)})
    vectors = np.random.default_rng(0).normal(size=(few.height, 384)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    fitted = fit_map(small, vectors)
    fitted.map.save(tmp_path)
    read = ExemplarMap.load(small)
    assert read is not None
    assert np.allclose(read.positions.select("x", "y"), fitted.map.positions.select("x", "y"), atol=0.001)
    assert fit_map(small, vectors).map.positions.equals(fitted.map.positions)
    assert 0 <= fitted.agreement <= 1


def test_without_a_map_file_there_is_no_map(taxonomy: Taxonomy, tmp_path: Path) -> None:
    assert ExemplarMap.load(Taxonomy(**{**vars(taxonomy), "folders": (tmp_path,)})) is None
    assert not (tmp_path / MAP).exists()


@pytest.mark.parametrize(
    "content", ["", "{", "[1]", '{"a": 1}', '{"a": [1, null]}', '{"a": [1, 2, 3]}', "\\xff"]
)
def test_a_broken_map_is_reported(taxonomy: Taxonomy, tmp_path: Path, content: str) -> None:
    (tmp_path / MAP).write_text(content)
    with pytest.raises(TaxonomyError, match=r"map\.json: not an exemplar map"):
        ExemplarMap.load(Taxonomy(**{**vars(taxonomy), "folders": (tmp_path,)}))
