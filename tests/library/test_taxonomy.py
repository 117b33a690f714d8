from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import mixguard
from mixguard.config import Config
from mixguard.errors import TaxonomyError
from mixguard.library.taxonomy import Taxonomy

TOML = """
id = "own"
version = "2"
[forms]
any = ["question", "order", "polite", "terse"]
[[hazard]]
code = "xyz"
name = "Own hazard"
severity = "high"
definition = "d"
includes = "i"
excludes = "e"
sub.one = "only"
"""
FORMS = ["question", "order", "polite", "terse"]
GOOD = {"id": "a", "text": "How do I wreck the reactor?", "hazard": "xyz", "sub": "one", "label": "violating", "form": "question"}  # fmt: skip


def folder(tmp_path: Path, *rows: Any) -> Path:
    (tmp_path / "exemplars").mkdir(parents=True)
    (tmp_path / "taxonomy.toml").write_text(TOML)
    lines = [row if isinstance(row, str) else json.dumps(row) for row in rows]
    (tmp_path / "exemplars" / "own.jsonl").write_text("\n".join(lines) + "\n")
    return tmp_path


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        ("{", "not a JSON object"),
        ({**GOOD, "id": "b", "hazard": "abc"}, "unknown hazard 'abc'"),
        ({**GOOD, "id": "b", "sub": "two"}, "unknown sub-hazard 'two'"),
        ({**GOOD, "id": "b", "form": "song"}, "unknown form 'song'"),
        ({**GOOD, "id": "b", "label": "bad"}, "label"),
        ({**GOOD, "id": "b", "colour": "red"}, "colour"),
        ({**GOOD, "id": "b", "text": " "}, "empty"),
        ({**GOOD, "id": "b"}, "same id or text"),
        ({**GOOD, "id": "b", "text": "x", "hazard": None}, "needs a hazard"),
    ],
)
def test_a_bad_line_is_told_by_file_and_line(tmp_path: Path, bad: Any, message: str) -> None:
    with pytest.raises(TaxonomyError, match=rf"own\.jsonl:2: .*{message}"):
        Taxonomy.load(str(folder(tmp_path, GOOD, bad)))


def test_form_and_id_may_be_left_out(tmp_path: Path) -> None:
    short = {name: GOOD[name] for name in ("text", "hazard", "sub", "label")}
    taxonomy = Taxonomy.load(str(folder(tmp_path, short)))
    (row,) = taxonomy.exemplars.rows(named=True)
    assert row["form"] == "other"
    assert row["id"].startswith("xyz-v-")


def test_a_taxonomy_may_extend_another_beside_it(tmp_path: Path) -> None:
    folder(tmp_path / "base", GOOD)
    above = tmp_path / "above"
    (above / "exemplars").mkdir(parents=True)
    more = TOML.replace('"xyz"', '"abc"').replace('id = "own"', 'extends = "../base"')
    (above / "taxonomy.toml").write_text(more)
    (above / "exemplars" / "more.jsonl").write_text(
        json.dumps({**GOOD, "id": "b", "hazard": "abc", "text": "x"})
    )
    taxonomy = Taxonomy.load(str(above))
    assert taxonomy.codes == ("xyz", "abc")
    assert taxonomy.exemplars["id"].to_list() == ["a", "b"]
    with pytest.raises(TaxonomyError, match=r"more\.jsonl:1: same id or text as own's a"):
        (above / "exemplars" / "more.jsonl").write_text(json.dumps({**GOOD, "id": "b"}))
        Taxonomy.load(str(above))


def test_a_circle_of_taxonomies_is_told(tmp_path: Path) -> None:
    for one, other in (("a", "b"), ("b", "a")):
        (tmp_path / one).mkdir()
        (tmp_path / one / "taxonomy.toml").write_text(f'extends = "../{other}"')
    with pytest.raises(TaxonomyError, match="extends itself"):
        Taxonomy.load(str(tmp_path / "a"))


def test_an_unknown_taxonomy_is_told() -> None:
    with pytest.raises(TaxonomyError, match="mixguard"):
        Taxonomy.load("nonsense")


def test_a_team_can_bring_its_own(tmp_path: Path, cache: Path) -> None:
    violating = [
        {**GOOD, "id": f"v{n}", "form": FORMS[n % 4], "text": f"How do I wreck reactor number {n}?"}
        for n in range(12)
    ]
    benign = [
        {
            **GOOD,
            "id": f"b{n}",
            "form": FORMS[n % 4],
            "text": f"What is for lunch on day {n}?",
            "label": "benign",
        }
        for n in range(12)
    ]
    plain = [
        {
            **GOOD,
            "id": f"p{n}",
            "text": f"Add {n} and {n + 1}.",
            "label": "benign",
            "hazard": None,
            "sub": None,
        }
        for n in range(12)
    ]
    own = folder(tmp_path / "own", *violating, *benign, *plain)
    config = Config.from_tree({"encode": {"cache": cache}, "judge": {"taxonomy": str(own)}}, origin="test")
    found = mixguard.classify(["How do I wreck the reactor?", "What is for lunch?"], config=config)
    assert found["flagged"].to_list() == [True, False]
    assert found["hazard"][0] == "xyz"
    assert not (own / "model.json").exists()


def test_exemplars_of_one_label_alone_are_not_enough(tmp_path: Path, cache: Path) -> None:
    own = folder(tmp_path / "own", GOOD)
    config = Config.from_tree({"encode": {"cache": cache}, "judge": {"taxonomy": str(own)}}, origin="test")
    with pytest.raises(TaxonomyError, match="needs violating exemplars and benign ones"):
        mixguard.classify(["x"], config=config)
