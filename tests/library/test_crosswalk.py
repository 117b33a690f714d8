from __future__ import annotations

from pathlib import Path

import pytest

from mixguard.errors import TaxonomyError
from mixguard.library.crosswalk import load_crosswalk
from mixguard.library.taxonomy import Taxonomy

SCHEME = """
[[scheme]]
id = "other"
name = "Other"
source = "https://example.org"
categories = { A = "Apples", B = "Bees", C = "Cars" }
map = { xyz = ["A"] }
partial = { xyz = ["B"] }
"""


def test_it_maps_both_ways(tmp_path: Path) -> None:
    file = tmp_path / "crosswalk.toml"
    file.write_text(SCHEME)
    (scheme,) = load_crosswalk(file, {"xyz", "abc"})
    assert (scheme.theirs("xyz"), scheme.theirs("abc")) == ("A, ~B", "-")
    assert scheme.ours == {"A": ("xyz",), "B": ("~xyz",), "C": ()}


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('map = { xyz = ["A"] }', 'map = { abc = ["A"] }', "no hazard 'abc'"),
        ('partial = { xyz = ["B"] }', 'partial = { xyz = ["D"] }', "no category 'D'"),
        ('name = "Other"\n', "", "name"),
        ("[[scheme]]", "[[scheme", "not valid TOML"),
    ],
)
def test_a_mistake_is_reported(tmp_path: Path, old: str, new: str, message: str) -> None:
    file = tmp_path / "crosswalk.toml"
    file.write_text(SCHEME.replace(old, new))
    with pytest.raises(TaxonomyError, match=rf"crosswalk\.toml: .*{message}"):
        load_crosswalk(file, {"xyz"})


def test_the_bundled_one_has_a_name_for_every_ailuminate_hazard() -> None:
    taxonomy = Taxonomy.load("mixguard")
    (llama_guard,) = [scheme for scheme in taxonomy.crosswalk if scheme.id == "llama-guard-3"]
    assert [llama_guard.theirs(code) for code in ("vcr", "ncr", "sxc")] == ["S1", "S2, ~S14", "S12"]
    assert all(llama_guard.theirs(code) != "-" for code in taxonomy.codes)
    assert len(taxonomy.crosswalk) == 6
