"""The adapter changes vectors as trained, in every runtime, and stays small."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from mixguard.config import EncodeConfig
from mixguard.fit import adapter as adapter_fit
from mixguard.fit.hazard import targets
from mixguard.library.taxonomy import REQUEST, Taxonomy
from mixguard.vectors import bundled
from mixguard.vectors.adapter import adapter_name, bundled_adapter
from mixguard.vectors.bundled import BUNDLED
from mixguard.vectors.load import load_encoder


@pytest.fixture(scope="module")
def few() -> Taxonomy:
    taxonomy = Taxonomy.load("mixguard")
    requests = taxonomy.exemplars.filter(taxonomy.text_kinds() == REQUEST)
    some = requests.filter(pl.int_range(pl.len()).over("hazard", "label") < 3)
    return dataclasses.replace(taxonomy, exemplars=some)


def test_an_adapter_separates_violating_from_benign(
    few: Taxonomy, tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file, steps = tmp_path / "adapter.safetensors", []
    for name, value in (("STAY", 0.0), ("KEPT", 1.0), ("RATE", 2e-3), ("EPOCHS", 5)):
        monkeypatch.setattr(adapter_fit, name, value)
    adapter_fit.fit_adapter(few, file, lambda stage, done, total, unit="": steps.append((done, total)))
    assert steps[-1][0] == steps[-1][1]

    def separation(path: Path, kind: str) -> tuple[float, np.ndarray]:
        monkeypatch.setattr(bundled, "BUNDLED", dataclasses.replace(BUNDLED, adapter=path))
        config = EncodeConfig(cache=cache, device="cpu", precision="auto" if kind == "fast" else "float32")
        vectors = load_encoder(config, overlap=32).encode(few.exemplars["text"].to_list()).vectors
        violating = targets(few)[:, -1]
        return float(np.linalg.norm(vectors[violating].mean(0) - vectors[~violating].mean(0))), vectors

    before, _ = separation(tmp_path / "none.safetensors", "fast")
    after, fast = separation(file, "fast")
    _, reference = separation(file, "reference")
    assert after > before * 1.05
    assert (fast * reference).sum(1).min() > 0.999


def test_the_shipped_adapter_is_small_and_part_of_the_encoders_name(cache: Path) -> None:
    assert bundled_adapter().stat().st_size < 3_000_000
    name = load_encoder(EncodeConfig(cache=cache, device="cpu"), overlap=32).weights
    assert name.endswith(adapter_name(bundled_adapter()))
    assert adapter_name(bundled_adapter()) != "plain"
