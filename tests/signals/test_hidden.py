from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from building import NO_MODEL, checked, evidence, exchange_frame, hashed_batch, row

from mixguard.annotate.base import Batch
from mixguard.annotate.hazard_model import Calibration
from mixguard.signals.hidden import HIDDEN, HiddenAnnotator

VIOLATING = [f"wreck the reactor{number}" for number in range(12)]
BENIGN = [f"serve fresh lunch{number}" for number in range(12)]


def annotated(folder: Path, pairs: Sequence[tuple[str, str | None]], **columns: Any) -> pl.DataFrame:
    """Judged by a model that votes for whatever is like wrecking a reactor."""
    given = {"hazard_score": 0.9, "hazard_stage": "fast", "stance_unjudged": None, **columns}
    types = {"hazard_score": pl.Float32, "hazard_stage": pl.String, "stance_unjudged": pl.String}
    frame = exchange_frame(pairs).with_columns(pl.lit(given[name], types[name]).alias(name) for name in given)
    batch = hashed_batch(folder, frame, violating=VIOLATING, benign=BENIGN)
    votes = np.where(batch.stage.exemplars.violating, 1.0, -1.0).astype(np.float32)
    sure = Calibration(2, 0)
    model = replace(
        NO_MODEL, weights=np.stack([votes, votes], axis=1), per_hazard=sure, any_hazard=sure, text=sure
    )
    stage = replace(batch.stage, model=model)
    return HiddenAnnotator()(Batch.of(frame, (stage,)))


def test_one_passage_in_a_long_harmless_prompt_stands_out(tmp_path: Path) -> None:
    long = "serve fresh lunch " * 6
    hidden, plain, alone = annotated(
        tmp_path, [(f"{long}wreck the reactor", None), (long, None), ("wreck the reactor", None)]
    )["hidden_gap"]
    assert hidden > 0.5 > abs(plain)
    assert alone is None  # nothing to compare it with


def test_prompts_that_are_plainly_harmless_are_not_compared(tmp_path: Path) -> None:
    found = annotated(tmp_path, [("serve fresh lunch wreck the reactor", None)], hazard_score=0.1)
    assert found["hidden_gap"].to_list() == [None]


def test_an_answer_that_opens_with_a_hazard_is_judged(tmp_path: Path) -> None:
    harmful, harmless = annotated(
        tmp_path, [("serve fresh lunch", "wreck the reactor"), ("serve fresh lunch", "serve fresh lunch")]
    )["answer_hazard"]
    assert harmful > 0.9
    assert harmless is None or harmless < 0.1


def test_an_answer_without_a_stance_is_not_judged(tmp_path: Path) -> None:
    found = annotated(tmp_path, [("serve fresh lunch", "wreck the reactor")], stance_unjudged="empty")
    assert found["answer_hazard"].to_list() == [None]


ANSWER: dict[str, Any] = {"answer_hazard": 0.97}
PASSAGE: dict[str, Any] = {"hazard_score": 0.95, "hidden_gap": 0.7}


@pytest.mark.parametrize(
    ("values", "subject"),
    [
        (ANSWER, "answer"),
        (PASSAGE, "passage of a prompt"),
        ({**ANSWER, "stance": "full_refusal"}, None),
        ({**ANSWER, "hazard_score": 0.95}, None),
        ({"answer_hazard": 0.8}, None),
        ({**PASSAGE, "stance": "full_refusal"}, None),
        ({**PASSAGE, "hazard_score": 0.6}, None),
        ({**PASSAGE, "hidden_gap": 0.3}, None),
    ],
)
def test_what_counts(values: dict[str, Any], subject: str | None) -> None:
    (finding,) = checked(evidence([row(**values), row()]), checks=[HIDDEN.check]).findings
    assert (finding.subject, finding.count) == (subject, int(subject is not None))


@pytest.mark.parametrize(
    ("count", "others", "severity"), [(1, 5000, "note"), (3, 100, "warn"), (10, 0, "fail"), (10, 500, "fail")]
)
def test_false_alarms_alone_are_a_note(count: int, others: int, severity: str) -> None:
    (finding,) = checked(evidence([row(**ANSWER)] * count + [row()] * others), checks=[HIDDEN.check]).findings
    assert finding.severity == severity
