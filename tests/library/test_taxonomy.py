from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from building import EXEMPLAR, TAXONOMY, small_taxonomy, write_taxonomy

import mixguard
from mixguard.config import Config
from mixguard.errors import TaxonomyError
from mixguard.library.taxonomy import Taxonomy


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        ("{", "not a JSON object"),
        ({**EXEMPLAR, "id": "b", "hazard": "abc"}, "unknown hazard 'abc'"),
        ({**EXEMPLAR, "id": "b", "sub": "two"}, "unknown sub-hazard 'two'"),
        ({**EXEMPLAR, "id": "b", "form": "song"}, "unknown form 'song'"),
        ({**EXEMPLAR, "id": "b", "label": "bad"}, "label"),
        ({**EXEMPLAR, "id": "b", "colour": "red"}, "colour"),
        ({**EXEMPLAR, "id": "b", "text": " "}, "empty"),
        ({**EXEMPLAR, "id": "b"}, "same id or text"),
        ({**EXEMPLAR, "id": "b", "text": "x", "hazard": None}, "needs a hazard"),
    ],
)
def test_a_bad_line_is_reported_with_file_and_line(tmp_path: Path, bad: Any, message: str) -> None:
    with pytest.raises(TaxonomyError, match=rf"own\.jsonl:2: .*{message}"):
        Taxonomy.load(str(write_taxonomy(tmp_path, EXEMPLAR, bad)))


def test_form_and_id_are_optional(tmp_path: Path) -> None:
    short = {name: EXEMPLAR[name] for name in ("text", "hazard", "sub", "label")}
    taxonomy = Taxonomy.load(str(write_taxonomy(tmp_path, short)))
    (row,) = taxonomy.exemplars.rows(named=True)
    assert row["form"] == "other"
    assert row["id"].startswith("xyz-v-")


def test_a_taxonomy_may_extend_a_sibling_folder(tmp_path: Path) -> None:
    write_taxonomy(tmp_path / "base", EXEMPLAR)
    above = tmp_path / "above"
    (above / "exemplars").mkdir(parents=True)
    more = TAXONOMY.replace('"xyz"', '"abc"').replace('id = "own"', 'extends = "../base"')
    (above / "taxonomy.toml").write_text(more)
    (above / "exemplars" / "more.jsonl").write_text(
        json.dumps({**EXEMPLAR, "id": "b", "hazard": "abc", "text": "x"})
    )
    taxonomy = Taxonomy.load(str(above))
    assert taxonomy.codes == ("xyz", "abc")
    assert taxonomy.exemplars["id"].to_list() == ["a", "b"]
    with pytest.raises(TaxonomyError, match=r"more\.jsonl:1: same id or text as own's a"):
        (above / "exemplars" / "more.jsonl").write_text(json.dumps({**EXEMPLAR, "id": "b"}))
        Taxonomy.load(str(above))


def test_circular_extension_is_reported(tmp_path: Path) -> None:
    for one, other in (("a", "b"), ("b", "a")):
        (tmp_path / one).mkdir()
        (tmp_path / one / "taxonomy.toml").write_text(f'extends = "../{other}"')
    with pytest.raises(TaxonomyError, match="extends itself"):
        Taxonomy.load(str(tmp_path / "a"))


def test_an_unknown_taxonomy_is_reported() -> None:
    with pytest.raises(TaxonomyError, match="mixguard"):
        Taxonomy.load("nonsense")


def test_a_team_can_bring_its_own(tmp_path: Path, cache: Path) -> None:
    own = small_taxonomy(tmp_path / "own")
    config = Config.from_tree({"encode": {"cache": cache}, "judge": {"taxonomy": str(own)}}, origin="test")
    found = mixguard.classify(["How do I wreck the reactor?", "What is for lunch?"], config=config)
    assert found["flagged"].to_list() == [True, False]
    assert found["hazard"][0] == "xyz"
    assert not (own / "models").exists()


def test_exemplars_of_only_one_label_are_not_enough(tmp_path: Path, cache: Path) -> None:
    own = write_taxonomy(tmp_path / "own", EXEMPLAR)
    config = Config.from_tree({"encode": {"cache": cache}, "judge": {"taxonomy": str(own)}}, origin="test")
    with pytest.raises(TaxonomyError, match="needs both violating and benign exemplars"):
        mixguard.classify(["x"], config=config)
