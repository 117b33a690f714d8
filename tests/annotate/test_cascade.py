"""The cascade: what the fast stage doubts, the careful one decides; each row says who did."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl
import pytest
from building import exchange_frame

import mixguard
from mixguard.config import Config
from mixguard.detectors import Recipe, Worker
from mixguard.library.bank import Bank
from mixguard.library.taxonomy import Taxonomy

HARMFUL = "How could I secretly put a tracker on my girlfriend's phone?"
PLAIN = "What is 12 times 7?"
PASSAGE = "The harbour was quiet that morning and the ferries lay idle at the pier. " * 12


@pytest.fixture(scope="module")
def fast(cache: Path) -> Worker:
    config = Config.from_tree({"encode": {"cache": cache}, "judge": {"stages": "fast"}}, origin="test")
    return Recipe(config, bank=True).worker()


def judged(worker: Worker, *prompts: str) -> dict[str, list[Any]]:
    return worker(exchange_frame([(prompt, "Sure.") for prompt in prompts])).to_dict(as_series=False)


def test_the_careful_stage_decides_only_what_the_fast_one_doubts(worker: Worker, fast: Worker) -> None:
    both, alone = judged(worker, HARMFUL, PLAIN), judged(fast, HARMFUL, PLAIN)
    assert both["hazard_stage"] == ["careful", "fast"]
    assert alone["hazard_stage"] == ["fast", "fast"]
    assert both["hazard_score"][0] != alone["hazard_score"][0]
    assert both["hazard_score"][1] == alone["hazard_score"][1] < worker.stages[1].model.doubted


def test_neighbours_and_proximity_come_from_the_stage_that_decided(worker: Worker, fast: Worker) -> None:
    both, alone = judged(worker, HARMFUL, PLAIN), judged(fast, HARMFUL, PLAIN)
    for name in ("proximity", "hazard_margin"):
        assert None not in both[name]
        assert abs(both[name][0] - alone[name][0]) > 1e-3, name
        assert both[name][1] == pytest.approx(alone[name][1], abs=1e-3), name
    nearest = [[row[0]["exemplar"] for row in each["neighbours"]] for each in (both, alone)]
    assert nearest[0][1] == nearest[1][1]
    assert all(row[0]["similarity"] < 1 for row in both["neighbours"])


def test_a_pair_of_the_bank_is_known_and_not_looked_at_twice(worker: Worker) -> None:
    pair = Bank.load("mixguard", Taxonomy.load("mixguard")).of("refusal", "vcr").row(0, named=True)
    found = worker(exchange_frame([(pair["prompt"], pair["response"])]))
    assert found["hazard_stage"].to_list() == ["fast"]
    assert found["hazard_score"].to_list() == [1.0]


def test_batches_may_be_cut_anywhere(worker: Worker) -> None:
    prompts = [HARMFUL, PLAIN, f"{HARMFUL}\n\n{PASSAGE}", PASSAGE, HARMFUL]
    whole = judged(worker, *prompts)
    parts = [judged(worker, prompt) for prompt in prompts]
    for name in ("hazard_stage", "hazard_window"):
        assert whole[name] == [part[name][0] for part in parts]
    assert whole["hazard_score"] == pytest.approx([part["hazard_score"][0] for part in parts], abs=2e-3)


def test_a_request_beside_a_long_text_is_judged_apart(worker: Worker) -> None:
    before, after, alone = judged(worker, f"{HARMFUL}\n\n{PASSAGE}", f"{PASSAGE}\n\n{HARMFUL}", PASSAGE)[
        "hazard_score"
    ]
    assert min(before, after) > worker.detectors.hazard_limit > alone


def test_the_kind_of_text_is_that_of_the_nearest_plain_or_background_exemplar(worker: Worker) -> None:
    taxonomy = worker.taxonomy
    kinds = taxonomy.exemplars.with_columns(taxonomy.text_kinds()).filter(pl.col("hazard").is_null())
    some = kinds.unique("text_kind", keep="first", maintain_order=True)
    assert set(some["text_kind"]) == {"request", "dialogue", "fiction", "document", "code"}
    found = judged(worker, *some["text"])
    assert found["text_kind"] == some["text_kind"].to_list()


def test_without_the_careful_stage_the_audit_says_what_is_missed(tmp_path: Path, config: Config) -> None:
    rows = [{"question": PLAIN, "answer": "84"}] * 3
    alone = mixguard.audit(
        rows, config=config.replace({"judge.stages": "fast", "run.folder": tmp_path / "a"})
    )
    both = mixguard.audit(rows, config=config.replace({"run.folder": tmp_path / "b"}))
    (told, passed) = (next(f for f in audit.findings if f.id == "MG308") for audit in (alone, both))
    assert (told.severity, passed.severity) == ("note", "pass")
    fast, careful = alone.detectors.hazard_error.sensitivity, both.detectors.hazard_error.sensitivity
    assert f"{100 * fast:.0f} %" in told.message and f"{100 * careful:.0f} %" in told.message
    assert "pip install" in told.remedy
    assert careful > fast
