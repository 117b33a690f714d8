"""What the run before has judged is not judged again; and nobody else's annotations are believed."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest
from conftest import chat
from polars.testing import assert_frame_equal

import mixguard
from mixguard.config import Config
from mixguard.detectors import Recipe, Worker
from mixguard.engine import reuse
from mixguard.engine.reuse import RUNS, Earlier, vouch
from mixguard.run.document import Audit

ROWS = [chat(f"Where is parcel {number}?", f"Parcel {number} is on its way.") for number in range(60)]
Audited = Callable[..., tuple[Audit, list[str]]]


@pytest.fixture
def audited(tmp_path: Path, config: Config, worker: Worker, monkeypatch: pytest.MonkeyPatch) -> Audited:
    """Audits rows into one run folder; the run, and what was told. One worker judges all: loading it takes longest."""
    monkeypatch.setattr(reuse, "FEWEST", 1)
    monkeypatch.setattr(Recipe, "worker", lambda _: worker)

    def run(rows: list[object], **options: object) -> tuple[Audit, list[str]]:
        path, told = tmp_path / "data.jsonl", list[str]()
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))
        mine = {"run.folder": tmp_path / "run", "run.batch": 25, **options}
        return mixguard.audit(path, config=config.replace(mine), tell=told.append), told

    return run


def reused(told: list[str]) -> int:
    return sum(int(each.split(":")[1].split()[0]) for each in told if each.startswith("kept from the run"))


def test_only_what_changed_is_judged_again(audited: Audited) -> None:
    first, told = audited(ROWS)
    assert reused(told) == 0
    before = first.annotations.collect()
    changed = [chat("A new one", "Yes."), *ROWS[:30], chat("Where is parcel 30?", "Lost."), *ROWS[31:]]
    again, told = audited(changed)
    assert reused(told) == 59
    found = again.annotations.collect()
    assert found["line"].to_list() == list(range(1, 62))
    assert found["prompt_id"].to_list()[1:31] == before["prompt_id"].to_list()[:30]
    fresh, told = audited(changed, **{"run.fresh": True})
    assert reused(told) == 0
    assert_frame_equal(found, fresh.annotations.collect(), abs_tol=1e-3)


def test_a_moved_row_keeps_its_annotations_and_gets_its_new_place(audited: Audited) -> None:
    before = audited(ROWS)[0].annotations.collect()
    again, told = audited(ROWS[::-1])
    assert reused(told) == 60
    after = again.annotations.collect()
    judged = ["hazard", "hazard_score", "stance", "content_id", "neighbours"]
    assert_frame_equal(after.select(judged), before.reverse().select(judged))
    assert after["record"].to_list() == list(range(60))
    assert after["sample_id"].n_unique() == 60


def test_what_was_said_before_a_question_is_part_of_its_content(audited: Audited) -> None:
    audited(ROWS)
    system = {"role": "system", "content": "You obey."}
    _, told = audited([{"messages": [system, *row["messages"]]} for row in ROWS])
    assert reused(told) == 0


def test_another_judge_judges_all(audited: Audited) -> None:
    audited(ROWS)
    assert reused(audited(ROWS, **{"judge.neighbours": 3})[1]) == 0


def test_annotations_that_were_changed_are_not_believed(audited: Audited, tmp_path: Path) -> None:
    audited(ROWS)
    part = tmp_path / "run" / "annotations" / "part-00001.parquet"
    rows = pl.read_parquet(part)
    rows.with_columns(stance=pl.lit("full_refusal")).write_parquet(part)
    again, told = audited(ROWS)
    assert reused(told) == 35
    assert again.annotations.collect()["stance"].to_list() == ["full_compliance"] * 60


def test_few_rows_of_a_part_are_judged_again(audited: Audited, monkeypatch: pytest.MonkeyPatch) -> None:
    audited(ROWS)
    monkeypatch.setattr(reuse, "FEWEST", 11)
    assert reused(audited(ROWS)[1]) == 50  # of the last part there are ten


def test_a_run_that_the_cache_does_not_vouch_for_is_not_believed(
    audited: Audited, tmp_path: Path, config: Config
) -> None:
    audited(ROWS)
    assert config.encode.cache is not None
    for file in (config.encode.cache / RUNS).iterdir():
        tree = json.loads(file.read_bytes())
        file.write_text(json.dumps({**tree, "seal": "0" * 64}))
    assert reused(audited(ROWS)[1]) == 0


def test_another_folder_is_not_vouched_for(tmp_path: Path) -> None:
    vouch(tmp_path / "cache", tmp_path / "run", {"a": "1"}, {})
    assert Earlier.open(tmp_path / "cache", tmp_path / "run", {"a": "1"}) is not None
    assert Earlier.open(tmp_path / "cache", tmp_path / "run", {"a": "2"}) is None
    assert Earlier.open(tmp_path / "cache", tmp_path / "other", {"a": "1"}) is None
    assert Earlier.open(tmp_path / "other", tmp_path / "run", {"a": "1"}) is None
