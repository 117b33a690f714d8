from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest
from building import checked, evidence, exchange_frame, hashed_batch, row

import mixguard
from mixguard.config import Config
from mixguard.errors import ConfigError
from mixguard.run.findings import Finding
from mixguard.signals.base import Setting
from mixguard.signals.contamination import CONTAMINATION

PIERS = "A ferry leaves the north pier at eight and the south pier at nine each morning, so how long does it take?"


def written(path: Path, *prompts: str) -> Path:
    lines = [json.dumps({"instruction": prompt, "output": "An hour."}) for prompt in prompts]
    path.write_text("\n".join(lines) + "\n")
    return path


def annotated(folder: Path, config: Config, *prompts: str) -> pl.DataFrame:
    frame = exchange_frame([(prompt, "So it is.") for prompt in prompts])
    batch = hashed_batch(folder / "cache", frame, violating=["x"], benign=["y"])
    assert CONTAMINATION.open is not None
    return CONTAMINATION.open(Setting(config, batch.stage.store))(batch)


def judged(*rows: tuple[str | None, float | None], **values: object) -> Finding:
    given = [row(contamination=file, contamination_share=share) for file, share in rows]
    return checked(evidence(given, Config.load(values=values)), checks=[CONTAMINATION.check]).findings[0]


def test_rows_that_repeat_a_named_file_say_which(tmp_path: Path) -> None:
    test = written(tmp_path / "test.jsonl", PIERS)
    config = Config.load(values={"judge.evaluation": (str(test),)})
    found = annotated(tmp_path, config, PIERS, "Is the sea grey?")
    assert found.rows() == [(str(test), 1.0), (None, 0.0)]


def test_without_files_nothing_is_measured(tmp_path: Path) -> None:
    assert annotated(tmp_path, Config(), PIERS).rows() == [(None, None)]
    assert judged((None, None)).message.startswith("not measured")


def test_one_repeated_prompt_fails() -> None:
    found = judged(("test.jsonl", 0.9), (None, 0.0), ("test.jsonl", 0.2))
    assert (found.severity, found.count, found.total) == ("fail", 1, 3)
    assert "test.jsonl 1" in found.message
    assert judged((None, 0.0)).severity == "pass"


def test_the_limit_decides_what_repeats() -> None:
    assert judged(("test.jsonl", 0.2), **{"checks.limits.MG222": 0.1}).count == 1


@pytest.mark.parametrize("option", ["judge.evaluation", "judge.alignment"])
def test_a_missing_file_is_reported_before_anything_is_judged(tmp_path: Path, option: str) -> None:
    data = written(tmp_path / "data.jsonl", PIERS)
    config = Config.load(values={option: (str(tmp_path / "none.jsonl"),), "run.folder": tmp_path / "run"})
    with pytest.raises(ConfigError, match=f"{option}: .*none.jsonl: no such file"):
        mixguard.audit(data, config=config)
    assert not (tmp_path / "run").exists()
