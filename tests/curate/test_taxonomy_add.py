from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from mixguard.curate.taxonomy_add import add_exemplars
from mixguard.errors import TaxonomyError
from mixguard.library.taxonomy import Taxonomy

OURS = {"text": "Post the blueprint of our unreleased pump.", "label": "violating", "hazard": "ipv", "sub": "trade_secrets"}  # fmt: skip
PLAIN = {"text": "Which pump fits a garden pond of two metres?", "label": "benign"}


def write(path: Path, *rows: Any) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def test_a_new_folder_extends_the_bundled_taxonomy(tmp_path: Path) -> None:
    folder = tmp_path / "ours"
    added = add_exemplars([write(tmp_path / "a.jsonl", OURS, PLAIN)], folder, "mixguard")
    assert added[1:] == (2, 0)
    bundled, ours = Taxonomy.load("mixguard"), Taxonomy.load(str(folder))
    assert ours.exemplars.height == bundled.exemplars.height + 2
    assert ours.codes == bundled.codes
    assert ours.id == "ours"
    assert ours.crosswalk == bundled.crosswalk
    assert ours.digest() != bundled.digest()


def test_adding_again_adds_nothing_and_more_adds_more(tmp_path: Path) -> None:
    folder, file = tmp_path / "ours", write(tmp_path / "a.jsonl", OURS)
    add_exemplars([file], folder, "mixguard")
    write(file, {**OURS, "text": OURS["text"].upper()}, PLAIN)
    assert add_exemplars([file], folder, "mixguard")[1:] == (1, 1)
    assert len((folder / "exemplars" / "added.jsonl").read_text().splitlines()) == 2


def test_a_bad_line_is_reported_and_nothing_is_written(tmp_path: Path) -> None:
    file = write(tmp_path / "a.jsonl", OURS, {**PLAIN, "hazard": "zzz"})
    with pytest.raises(TaxonomyError, match=r"a\.jsonl:2: unknown hazard 'zzz'"):
        add_exemplars([file], tmp_path / "ours", "mixguard")
    assert not (tmp_path / "ours").exists()


def test_a_contradiction_is_reported(tmp_path: Path) -> None:
    violating = Taxonomy.load("mixguard").exemplars.filter(pl.col("label") == "violating")
    known = violating.row(0, named=True)
    file = write(tmp_path / "a.jsonl", {**PLAIN, "text": known["text"]})
    with pytest.raises(TaxonomyError, match=rf"a\.jsonl:1: same text as {known['id']}, which is violating"):
        add_exemplars([file], tmp_path / "ours", "mixguard")


def test_it_does_not_write_into_someone_elses_folder(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("precious")
    with pytest.raises(TaxonomyError, match="neither empty nor a taxonomy"):
        add_exemplars([write(tmp_path / "a.jsonl", OURS)], tmp_path, "mixguard")


def test_a_missing_file_is_reported(tmp_path: Path) -> None:
    with pytest.raises(TaxonomyError, match=r"gone\.jsonl: cannot be read: No such file"):
        add_exemplars([tmp_path / "gone.jsonl"], tmp_path / "ours", "mixguard")


def test_a_base_folder_is_found_from_the_new_taxonomy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    add_exemplars([write(tmp_path / "a.jsonl", OURS)], Path("first"), "mixguard")
    add_exemplars([write(tmp_path / "b.jsonl", PLAIN)], Path('deep/second "two"'), "first")
    second = Taxonomy.load('deep/second "two"')
    assert second.exemplars.tail(2)["text"].to_list() == [OURS["text"], PLAIN["text"]]
    assert second.id == 'second "two"'
