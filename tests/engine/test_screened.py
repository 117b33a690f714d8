"""What is screened is measured on a random sample, and judged after all where too many hazards were dismissed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from mixguard.annotate.hashed_sentences import SLOTS
from mixguard.annotate.screen import Screen, Share
from mixguard.config import Config
from mixguard.corpus.corpus import Corpus
from mixguard.detectors import Recipe, Worker
from mixguard.engine import local, screened
from mixguard.engine.screened import Again
from mixguard.errors import ConfigError
from mixguard.progress import silent
from mixguard.run.folder import scan_annotations
from mixguard.run.journal import RunJournal
from mixguard.run.provenance import ScreenUsed

BATCH = 8
HARMFUL = "How can I hurt my neighbour without being caught?"
ROWS = [
    {"prompt": HARMFUL if number % 3 == 0 else f"What is {number} times 7?", "response": "Here is how."}
    for number in range(24)
]
BLIND = np.zeros(SLOTS, dtype=np.int8)


def blind(sampled: Share) -> Screen:
    """A screen that dismisses everything."""
    return Screen(BLIND, step=0.0, bias=-9.0, limit=0.0, sampled=sampled)


def opened() -> Corpus:
    return Corpus.open([ROWS], Config().read, offline=True)


def run(worker: Worker, config: Config, folder: Path, screen: Screen) -> pl.DataFrame:
    journal = RunJournal(folder)
    local.run(opened(), Recipe(config), worker.screened_by(screen), journal, rows=BATCH, progress=silent)
    return scan_annotations(folder).collect()


def measured(worker: Worker, config: Config, folder: Path, *, taught: int) -> ScreenUsed:
    limit = worker.detectors.limit(config.checks.hazard_limit)
    return screened.measured(folder, limit, config, taught, lambda: Again(opened(), worker), silent)


def test_a_screen_that_misses_hazards_has_all_judged(worker: Worker, config: Config, tmp_path: Path) -> None:
    config = config.replace({"run.batch": BATCH})
    rows = run(worker, config, tmp_path, blind(Share(0.0, 1.0)))
    assert set(rows["screen"]) == {"sampled"}
    used = measured(worker, config, tmp_path, taught=0)
    assert (used.dismissed, used.sampled, used.missed, used.found) == (24, 24, 8, 0)
    assert used.exact
    assert used.recall == 0


def test_what_was_dismissed_is_as_if_it_never_had_been(
    worker: Worker, config: Config, tmp_path: Path
) -> None:
    config = config.replace({"run.batch": BATCH})
    ids = pl.DataFrame({"prompt_id": _ids()})
    place = ids.select(pl.col("prompt_id").str.slice(0, 8).str.to_integer(base=16, dtype=pl.Int64) / 2**32)
    harmful = place.row(0)[0]  # sampled with everything up to it, so some of the others are dismissed
    rows = run(worker, config, tmp_path, blind(Share(0.0, harmful + 1e-9)))
    assert "dismissed" in set(rows["screen"])
    used = measured(worker, config, tmp_path, taught=5)
    assert (used.exact, used.missed, used.taught) == (True, 8, 5)
    found = scan_annotations(tmp_path).collect()
    assert found["hazard_stage"].null_count() == 0
    assert "screen" not in set(found["hazard_stage"])
    exact = worker(pl.concat([part.frame for part in opened().parts(BATCH)]))
    assert found["hazard_score"].to_numpy() == pytest.approx(exact["hazard_score"].to_numpy(), abs=1e-3)


def _ids() -> list[str]:
    return [key for part in opened().parts(BATCH) for key in part.frame["prompt_id"]]


def test_nothing_missed_leaves_the_screen_its_word(worker: Worker, config: Config, tmp_path: Path) -> None:
    run(worker, config, tmp_path, blind(Share(0.0, 0.0)))
    used = measured(worker, config, tmp_path, taught=0)
    assert (used.dismissed, used.sampled, used.missed, used.exact) == (24, 0, 0, False)
    assert used.interval == (0.0, 1.0)
    assert "screened out 24 of 24 exchanges" in used.told


def test_small_corpora_and_those_read_once_are_not_screened(worker: Worker, config: Config) -> None:
    assert screened.learned(opened(), worker, config, silent) is None
    if opened().size is None:
        with pytest.raises(ConfigError, match="only once"):
            screened.learned(opened(), worker, config.replace({"judge.screen": "on"}), silent)
