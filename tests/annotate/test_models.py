"""Fitted models in the cache are used only as they were written."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from mixguard import files
from mixguard.annotate.hazard_model import HazardModel
from mixguard.annotate.models import fitted, model_file
from mixguard.errors import CacheWarning, TaxonomyError
from mixguard.files import bundled
from mixguard.vectors.bundled import BUNDLED

SHIPPED = model_file(bundled("taxonomies", "mixguard"), BUNDLED.weights)


class Fits:
    """Counts how often a model is fitted."""

    def __init__(self, cache: Path) -> None:
        self.cache, self.count, self.made = cache, 0, HazardModel.load(SHIPPED)

    def __call__(self) -> HazardModel:
        return fitted(HazardModel, self.cache / "none shipped", self.cache, self.made.made_of, self._fit)

    def _fit(self) -> HazardModel:
        self.count += 1
        return self.made


def change(key: str, value: object) -> Callable[[Path], object]:
    def spoil(file: Path) -> None:
        tree = json.loads(file.read_bytes())
        tree[key] = value
        file.write_text(json.dumps(tree))

    return spoil


def digit(file: Path) -> None:
    tree = json.loads(file.read_bytes())
    tree["any_hazard"]["slope"] *= -1
    file.write_text(json.dumps(tree))


SPOIL: dict[str, Callable[[Path], object]] = {
    "truncated": lambda file: os.truncate(file, 3000),
    "empty": lambda file: os.truncate(file, 0),
    "not JSON": lambda file: file.write_bytes(b"\xff\xfe"),
    "a list": lambda file: file.write_text("[]"),
    "an unknown key": change("x", 1),
    "a changed number": digit,
    "another limit": change("limit", 1.0),
    "no seal": change("sha256", None),
    "writable by others": lambda file: file.chmod(0o666),
}


@pytest.mark.parametrize("kind", SPOIL)
def test_a_changed_model_is_fitted_again(tmp_path: Path, kind: str) -> None:
    fits = Fits(tmp_path)
    first, again = fits(), fits()
    assert fits.count == 1
    (file,) = (tmp_path / "models").iterdir()
    SPOIL[kind](file)
    with pytest.warns(CacheWarning, match="changed or damaged, so the model is fitted again"):
        mended = fits()
    assert fits.count == 2
    assert fits().tree() == mended.tree() == again.tree() == first.tree()
    assert fits.count == 2


def test_another_layout_of_the_same_numbers_is_the_same_model(tmp_path: Path) -> None:
    fits = Fits(tmp_path)
    fits()
    (file,) = (tmp_path / "models").iterdir()
    file.write_text(json.dumps(json.loads(file.read_bytes()), indent=1))
    fits()
    assert fits.count == 1


def test_a_cache_that_cannot_be_written_costs_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "_TOLD", set())
    (tmp_path / "file").write_text("")
    fits = Fits(tmp_path / "file" / "cache")
    with pytest.warns(CacheWarning, match="cannot be used as the cache") as told:
        fits()
        fits()
    assert (fits.count, len(told)) == (2, 1)


@pytest.mark.parametrize("content", [b"", b"{}", b"[1]", b'{"bias": []}'])
def test_a_damaged_model_beside_its_exemplars_is_a_sentence(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "m.json").write_bytes(content)
    with pytest.raises(TaxonomyError, match=r"m\.json: not a model this version can read .*taxonomy build"):
        HazardModel.load(tmp_path / "m.json")
