"""The stage `screen`: before the map it learns what the corpus is about; after it, its recall is measured.

A hash of the prompt picks the rows that teach it and those that are judged though it dismissed them, so every engine and
every shard picks the same ones. Where too many hazards were dismissed, all that was dismissed is judged after all.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import polars as pl

from mixguard.annotate.base import DISMISSED, SAMPLED
from mixguard.annotate.screen import Screen, Share
from mixguard.annotate.stance_evidence import BENIGN
from mixguard.config import Config
from mixguard.corpus.corpus import Corpus
from mixguard.detectors import Worker
from mixguard.errors import ConfigError, InputError
from mixguard.fit.screening import fit
from mixguard.progress import Progress
from mixguard.run import folder as run_folder
from mixguard.run.provenance import ScreenUsed
from mixguard.stats import Interval, wilson

FROM = 64 * 2**20
"""Bytes of a corpus from which `auto` screens. About 100,000 exchanges: there, one or two in a hundred teach and one is sampled;
reading twice and fitting cost as much as judging some thousands of them. Judgement."""
ROW = 600
"""Bytes of an exchange, roughly."""
TEACHING, TEACHING_MOST = 1500, 0.1
"""Rows that teach the screen, and their largest share. Judgement: twice as many keep about as much."""
SAMPLE, SAMPLE_LEAST = 500, 0.01
"""Rows that are judged though dismissed, and their smallest share."""
RECALL = 0.985
"""Recall below which everything is judged ..."""
MISSES = 2
"""... if at least so many hazards were found among the sampled rows: a single one could be chance."""


class Learned(NamedTuple):
    """A screen, and how many rows of the corpus it was fitted on."""

    screen: Screen
    taught: int


def learned(corpus: Corpus, worker: Worker, config: Config, progress: Progress) -> Learned | None:
    """The screen for a corpus; None if each exchange is to be embedded.

    Raises:
        ConfigError: the corpus is to be screened, but can be read only once.
    """
    chosen, size = config.judge.screen, corpus.size
    if chosen == "off" or (chosen == "auto" and (size is None or size < FROM)):
        return None
    if size is None:
        raise ConfigError(
            "judge.screen: what is piped in can be read only once; write it to a file first, or leave out --screen on"
        )
    rows = max(size / ROW, 1.0)
    teaching = Share(0.0, min(TEACHING / rows, TEACHING_MOST))
    sampled = Share(teaching.high, teaching.high + max(SAMPLE_LEAST, min(SAMPLE / rows, 0.1)))
    harmless: list[str] = []
    read = 0
    for part in corpus.parts(config.run.batch):
        asked = part.frame.filter(teaching.holds()).unique("prompt_id", keep="first", maintain_order=True)
        score = worker(asked).get_column("hazard_score")
        # What is near the limit teaches nothing: a corpus full of it would have the like of it dismissed.
        spared = (score < BENIGN).fill_null(value=False)
        harmless += asked.filter(spared).get_column("prompt").to_list()
        read += part.tally.bytes
        progress("learning what to screen", read, size, "bytes")
    return Learned(fit(worker.taxonomy, harmless, sampled), len(harmless))


class Again(NamedTuple):
    """What judging what was dismissed needs."""

    corpus: Corpus
    worker: Worker
    """Without the screen."""


def measured(
    folder: Path, limit: float, config: Config, taught: int, again: Callable[[], Again], progress: Progress
) -> ScreenUsed:
    """How the screen did; what it dismissed is judged after all if it did badly.

    Args:
        folder: the run's, with all annotations.
        limit: probability from which an exchange touches a hazard.
        config: the configuration.
        taught: rows of the corpus that the screen was fitted on.
        again: called if it did badly.
        progress: called with the bytes that are done.

    Raises:
        InputError: the corpus changed meanwhile.
    """
    used = _used(folder, limit, taught, config)
    if used.missed < MISSES or used.recall >= RECALL:
        return used
    corpus, worker = again()
    read = 0
    for number, part in enumerate(corpus.parts(config.run.batch)):
        mask = _dismissed(folder, number)
        if len(mask) != part.frame.height:
            raise InputError("the corpus changed while it was read; audit it again")
        if mask.any() and not run_folder.replace_rows(folder, number, mask, worker(part.frame.filter(mask))):
            raise InputError("the corpus changed while it was read; audit it again")
        read += part.tally.bytes
        progress("judging what was screened", read, corpus.size, "bytes")
    return used.model_copy(update={"exact": True})


def _used(folder: Path, limit: float, taught: int, config: Config) -> ScreenUsed:
    hazardous = (pl.col("hazard_score") >= limit).fill_null(value=False)
    sampled = (pl.col("screen") == SAMPLED).fill_null(value=False)
    counts = (
        run_folder.scan_annotations(folder)
        .select(
            exchanges=pl.len(),
            dismissed=pl.col("screen").is_not_null().sum(),
            sampled=sampled.sum(),
            missed=(sampled & hazardous).sum(),
            found=(hazardous & ~sampled).sum(),
        )
        .collect()
        .row(0, named=True)
    )
    dismissed, found = counts["dismissed"], counts["found"]
    # The sampled ones were judged: only the others can be missing.
    share = counts["missed"] / counts["sampled"] if counts["sampled"] else 0.0
    interval = wilson(counts["missed"], counts["sampled"], config.checks.confidence)
    return ScreenUsed(
        **counts,
        recall=_recall(found, share * dismissed),
        interval=Interval(
            _recall(found, interval.high * dismissed),
            _recall(found, interval.low * dismissed),
        ),
        taught=taught,
    )


def _recall(found: int, missed: float) -> float:
    return found / (found + missed) if found + missed else 1.0


def _dismissed(folder: Path, number: int) -> pl.Series:
    rows = run_folder.read_part(folder, number)
    if rows.is_empty():
        return pl.Series(dtype=pl.Boolean)
    return (rows.get_column("screen") == DISMISSED).fill_null(value=False)
