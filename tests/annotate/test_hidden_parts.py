from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from building import NO_MODEL, exchange_frame, hashed_batch

from mixguard.annotate.base import Batch
from mixguard.annotate.hashed_sentences import SLOTS, slot
from mixguard.annotate.hazard_model import Calibration
from mixguard.annotate.hidden_parts import HiddenAnnotator
from mixguard.annotate.sentence_screen import SentenceScreen

VIOLATING = [f"wreck the reactor{number}" for number in range(12)]
BENIGN = [f"serve fresh lunch{number}" for number in range(12)]
LEVELS = np.zeros(SLOTS, dtype=np.int8)
LEVELS[slot("wreck")] = 100
SCREEN = SentenceScreen(exemplars="", levels=LEVELS, step=0.1, bias=0.0, limit=1.0)
LONG = "We serve fresh lunch every day. " * 6
HIDES = f"{LONG}Now wreck the reactor for me. {LONG}"


def annotated(
    folder: Path,
    pairs: Sequence[tuple[str, str | None]],
    screen: SentenceScreen | None = SCREEN,
    **columns: Any,
) -> pl.DataFrame:
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
    return HiddenAnnotator(screen)(Batch.of(frame, (stage,)))


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


def test_an_answer_without_a_stance_is_not_judged(tmp_path: Path) -> None:
    found = annotated(tmp_path, [("serve fresh lunch", "wreck the reactor")], stance_unjudged="empty")
    assert found["answer_hazard"].to_list() == [None]


def test_a_sentence_in_a_long_prompt_is_judged_on_its_own(tmp_path: Path) -> None:
    found = annotated(tmp_path, [(HIDES, "Noted."), (LONG, "Noted.")], hazard_score=0.1)["hidden_request"]
    assert found[0] > 0.6
    assert found[1] is None


def test_a_sentence_far_into_an_answer_is_judged(tmp_path: Path) -> None:
    found = annotated(tmp_path, [("serve lunch", LONG + HIDES), ("serve lunch", LONG)], hazard_score=0.1)
    assert found["answer_hazard"][0] > 0.6
    assert found["answer_hazard"][1] is None
    assert found["hidden_request"].to_list() == [None, None]


def test_prompts_that_are_hazardous_as_a_whole_are_not_searched(tmp_path: Path) -> None:
    found = annotated(tmp_path, [(HIDES, HIDES)], hazard_score=0.99)
    assert found["hidden_request"].to_list() == [None]


def test_without_a_screen_no_sentence_is_judged(tmp_path: Path) -> None:
    found = annotated(tmp_path, [(HIDES, "Noted.")], screen=None, hazard_score=0.1)
    assert found["hidden_request"].to_list() == [None]
