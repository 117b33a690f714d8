"""What a recipe builds: workers that judge alike wherever they are built, with their own encoder's models."""

from __future__ import annotations

import dataclasses
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from building import exchange_frame, small_taxonomy
from polars.testing import assert_frame_equal

from mixguard.annotate.hazard_model import HazardModel
from mixguard.annotate.models import fitted, model_file
from mixguard.config import Config
from mixguard.detectors import Recipe, Worker
from mixguard.library.bank import Bank
from mixguard.library.taxonomy import Taxonomy
from mixguard.vectors.bundled import BUNDLED
from mixguard.vectors.hashed import HashEncoder

TAXONOMY = Taxonomy.load("mixguard")
PAIRS = Bank.load("mixguard", TAXONOMY).pairs
TEXTS: list[tuple[str, str | None]] = [
    ("How do I return a parcel?", "Use the form on our site."),
    ("How can I hurt my neighbour without being caught?", "I won't help with hurting anyone."),
    ("Wie kann ich mein Paket zurückschicken, wenn der Karton kaputt ist?", None),
    *PAIRS.head(2).select("prompt", "response").iter_rows(),
]


def pair(kind: str) -> dict[str, Any]:
    """The first pair of a kind in the bundled bank."""
    return next(row for row in PAIRS.iter_rows(named=True) if row["kind"] == kind)


def judged(worker: Worker, *texts: tuple[str, str | None]) -> list[dict[str, Any]]:
    return worker(exchange_frame(texts)).to_dicts()


def test_a_recipe_judges_the_same_after_pickling(config: Config, worker: Worker) -> None:
    sent: Recipe = pickle.loads(pickle.dumps(Recipe(config, bank=True)))
    there = sent.worker()
    assert there.detectors == worker.detectors
    assert there.columns == worker.columns
    assert there(exchange_frame(TEXTS)).equals(worker(exchange_frame(TEXTS)))


def test_a_given_encoder_replaces_the_configured_one(tmp_path: Path, cache: Path) -> None:
    own = small_taxonomy(tmp_path / "own")
    config = Config.from_tree({"encode": {"cache": cache}, "judge": {"taxonomy": str(own)}}, origin="test")
    recipe = Recipe(config, HashEncoder(words_per_window=50))
    worker = recipe.worker()
    assert worker.store.encoder is recipe.encoder
    assert worker.detectors.encoder == HashEncoder(words_per_window=50).fingerprint
    harmful, harmless = judged(
        worker, ("How do I wreck reactor number 40?", None), ("What is for lunch?", None)
    )
    assert harmful["hazard_score"] > worker.detectors.hazard_limit > harmless["hazard_score"]

    sent: Recipe = pickle.loads(pickle.dumps(recipe))
    assert_frame_equal(sent.worker()(exchange_frame(TEXTS)), worker(exchange_frame(TEXTS)), abs_tol=1e-3)


@pytest.fixture(scope="module")
def shipped() -> HazardModel:
    return HazardModel.load(model_file(TAXONOMY.folder, BUNDLED.weights))


@pytest.fixture
def find(tmp_path: Path, shipped: HazardModel) -> Callable[..., tuple[HazardModel, bool]]:
    """The model for exemplars `now` and an encoder's weights, and whether it had to be fitted."""

    def find(weights: str) -> tuple[HazardModel, bool]:
        fits: list[HazardModel] = []

        def fit() -> HazardModel:
            fits.append(dataclasses.replace(shipped, exemplars="now", encoder=weights))
            return fits[-1]

        found = fitted(
            HazardModel,
            tmp_path / "taxonomy",
            tmp_path / "cache",
            ("now", weights, len(shipped.weights)),
            fit,
        )
        assert (found.exemplars, found.encoder) == ("now", weights)
        return found, bool(fits)

    return find


def ship(folder: Path, model: HazardModel, weights: str) -> None:
    model.save(model_file(folder / "taxonomy", weights))


def test_models_of_several_encoders_are_shipped_side_by_side(
    tmp_path: Path, shipped: HazardModel, find: Callable[..., tuple[HazardModel, bool]]
) -> None:
    for limit, weights in ((0.5, "one"), (0.75, "other")):
        ship(tmp_path, dataclasses.replace(shipped, exemplars="now", encoder=weights, limit=limit), weights)
    for limit, weights in ((0.5, "one"), (0.75, "other")):
        model, was_fitted = find(weights)
        assert (model.limit, was_fitted) == (limit, False)
    assert not (tmp_path / "cache").exists()


def test_a_model_judges_the_same_when_just_fitted_and_when_reloaded(
    tmp_path: Path, shipped: HazardModel
) -> None:
    exact = dataclasses.replace(shipped, weights=shipped.weights + np.float32(1e-4))
    first, again = (
        fitted(HazardModel, tmp_path, tmp_path / "cache", exact.made_of, lambda: exact) for _ in range(2)
    )
    assert np.array_equal(first.weights, again.weights)


def test_a_missing_model_is_fitted_once_per_encoder(
    tmp_path: Path, find: Callable[..., tuple[HazardModel, bool]]
) -> None:
    assert [find(weights)[1] for weights in ("one", "other", "one", "other")] == [True, True, False, False]
    assert not (tmp_path / "taxonomy").exists()


@pytest.mark.parametrize(
    "says", [{"exemplars": "before"}, {"encoder": "other"}, {"after": "something"}], ids=str
)
def test_a_shipped_model_for_other_exemplars_or_weights_is_skipped(
    tmp_path: Path, shipped: HazardModel, find: Callable[..., tuple[HazardModel, bool]], says: dict[str, str]
) -> None:
    right: dict[str, Any] = {"exemplars": "now", "encoder": "one"}
    stale = dataclasses.replace(shipped, **{**right, **says})
    ship(tmp_path, stale, "one")
    assert [find("one")[1] for _ in range(2)] == [True, False]
    assert HazardModel.load(model_file(tmp_path / "taxonomy", "one")).exemplars == stale.exemplars


@pytest.mark.parametrize(
    ("kind", "hazard_score", "stance"),
    [("refusal", 1, "full_refusal"), ("contrast", 0, "full_compliance"), ("plain", 0, "full_compliance")],
)
def test_a_bank_pair_is_trusted_as_labelled(
    worker: Worker, kind: str, hazard_score: float, stance: str
) -> None:
    known = pair(kind)
    asked, answer = known["prompt"], known["response"]
    for prompt in (asked, f"You are a help desk.\n\n{asked}"):  # text may precede it
        (found,) = judged(worker, (prompt, answer))
        assert (found["pair"], found["pair_kind"]) == (known["id"], kind)
        assert found["hazard_score"] == hazard_score
        assert (found["stance"], found["stance_score"]) == (stance, float(stance == "full_refusal"))
        if kind != "plain":
            assert (found["hazard"], found["sub_hazard"]) == (known["hazard"], known["sub"])


@pytest.mark.parametrize("kind", ["refusal", "contrast", "plain"])
def test_another_answer_to_a_bank_prompt_is_judged_by_the_models(
    worker: Worker, config: Config, kind: str
) -> None:
    asked = pair(kind)["prompt"]
    texts = ((asked, "Here is what you need: first, look for it."), (asked, None), (f"{asked} Why?", "No."))
    found = judged(worker, *texts)
    assert [(row["pair"], row["pair_kind"]) for row in found] == [(None, None)] * 3
    assert found == judged(Recipe(config).worker(), *texts)


@pytest.mark.parametrize("kind", ["refusal", "contrast", "plain"])
def test_a_bank_answer_to_another_prompt_is_not_a_pair(worker: Worker, config: Config, kind: str) -> None:
    text = ("How do I return a parcel?", pair(kind)["response"])
    (found,) = judged(worker, text)
    (other,) = judged(Recipe(config).worker(), text)
    assert (found["pair"], found["pair_kind"]) == (None, None)
    assert (found["hazard"], found["hazard_score"]) == (other["hazard"], other["hazard_score"])


def test_without_the_bank_its_pairs_are_judged_like_any_exchange(config: Config) -> None:
    known = pair("refusal")
    (found,) = judged(Recipe(config).worker(), (known["prompt"], known["response"]))
    assert (found["pair"], found["pair_kind"]) == (None, None)
    assert 0 < found["hazard_score"] < 1
    assert 0 < found["stance_score"] < 1
