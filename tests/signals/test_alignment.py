from __future__ import annotations

import json
from pathlib import Path

import pytest
from building import checked, evidence, exchange_frame, hashed_batch, row

from mixguard.config import Config
from mixguard.signals.alignment import ALIGNMENT
from mixguard.signals.base import Setting


def similarities(folder: Path, alignment: list[str], *prompts: str) -> list[float | None]:
    config = Config()
    if alignment:
        path = folder / "alignment.jsonl"
        path.write_text(
            "".join(json.dumps({"prompt": each, "completion": "No."}) + "\n" for each in alignment)
        )
        config = Config.load(values={"judge.alignment": (str(path),)})
    batch = hashed_batch(
        folder, exchange_frame([(each, "x") for each in prompts]), violating=["x"], benign=["y"]
    )
    assert ALIGNMENT.open is not None
    found: list[float | None] = ALIGNMENT.open(Setting(config, batch.stage.store))(batch)[
        "alignment_similarity"
    ].to_list()
    return found


def test_prompts_like_the_alignment_data_are_near_it(tmp_path: Path) -> None:
    near, far, none = similarities(
        tmp_path, ["serve fresh lunch"], "serve fresh lunch", "paint grey boats", ""
    )
    assert near == pytest.approx(1, abs=0.01)
    assert far is not None and far < 0.5
    assert none is None


def test_without_alignment_data_nothing_is_measured(tmp_path: Path) -> None:
    assert similarities(tmp_path, [], "serve fresh lunch") == [None]
    (found,) = checked(evidence([row()]), checks=[ALIGNMENT.check]).findings
    assert (found.severity, found.message[:12]) == ("pass", "not measured")


def test_the_mean_and_the_nearest_are_told() -> None:
    rows = [row(alignment_similarity=0.8), row(alignment_similarity=0.4)]
    (found,) = checked(evidence(rows), checks=[ALIGNMENT.check]).findings
    assert (found.severity, found.count) == ("note", 1)
    assert "0.60" in found.message
