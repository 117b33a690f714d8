from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import polars as pl
from building import exchange_frame, hashed_batch

from mixguard.annotate.exemplars import PROXIMITY_NEAREST
from mixguard.signals.proximity import ProximityAnnotator

VIOLATING = [f"wreck the reactor{number}" for number in range(PROXIMITY_NEAREST)]
BENIGN = [f"serve fresh lunch{number}" for number in range(PROXIMITY_NEAREST)]


def proximity(
    folder: Path,
    *prompts: str,
    windows: Sequence[int | None] = (),
    unjudged: Sequence[str | None] = (),
    violating: Sequence[str] = VIOLATING,
) -> list[float | None]:
    """Of prompts judged by their first window where nothing else is said."""
    frame = exchange_frame([(prompt, None) for prompt in prompts]).with_columns(
        pl.Series("hazard_window", windows or [0] * len(prompts), dtype=pl.UInt32),
        pl.Series(
            "hazard_stage",
            [None if why else "fast" for why in unjudged or [None] * len(prompts)],
            dtype=pl.String,
        ),
    )
    batch = hashed_batch(folder, frame, violating=violating, benign=BENIGN)
    found: list[float | None] = ProximityAnnotator()(batch)["proximity"].to_list()
    return found


def test_prompts_like_violating_exemplars_lie_nearer_than_those_like_benign_ones(tmp_path: Path) -> None:
    harmful, harmless, neither = proximity(tmp_path, "wreck the reactor", "serve fresh lunch", "purple")
    assert harmful is not None and harmless is not None and neither is not None
    assert harmful > 0.4 > abs(neither) + 0.1
    assert harmless < -0.4


def test_a_prompt_that_was_not_judged_has_none(tmp_path: Path) -> None:
    prompts = ["wreck the reactor", "wreck the reactor", "serve fresh lunch"]
    whole = proximity(tmp_path, *prompts)
    some = proximity(tmp_path, *prompts, windows=[None, 0, 0], unjudged=["language de", None, None])
    assert some == [None, *whole[1:]]


def test_of_a_long_prompt_its_most_hazardous_window_counts(tmp_path: Path) -> None:
    long = "serve fresh lunch wreck the reactor serve fresh lunch"
    first, second, alone = proximity(tmp_path, long, long, "wreck the reactor", windows=[0, 1, 0])
    assert second == alone
    assert first is not None and second is not None and first < -0.4 < 0.4 < second


def test_one_exemplar_alone_does_not_decide(tmp_path: Path) -> None:
    others = [f"some other words{number}" for number in range(PROXIMITY_NEAREST - 1)]
    one, many = (
        proximity(tmp_path, "wreck the reactor", violating=["wreck the reactor", *rest])
        for rest in (others, VIOLATING)
    )
    assert one[0] is not None and many[0] is not None
    assert one[0] < 0.5 * many[0]
