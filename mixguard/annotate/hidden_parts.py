"""What hides in long prompts and in answers: passages and sentences that are hazardous on their own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl

from mixguard.annotate.base import Batch, Stage
from mixguard.annotate.kernel_ridge import Floats
from mixguard.annotate.sentence_screen import SentenceScreen, Suspicious
from mixguard.vectors.base import Vectors

MAY = 0.2
"""Hazard probability of a prompt from which its passages are compared with the whole."""
LONG = 160
"""Characters from which a prompt is more than one sentence. Judgement."""
DOUBTED = 0.0
"""Log-odds given by the first stage from which a later one judges a sentence."""


class Windows(NamedTuple):
    """The windows of some texts among those of all."""

    vectors: Vectors
    starts: npt.NDArray[np.int64]
    counts: npt.NDArray[np.int64]
    """Of each text, at least 1."""

    @property
    def first(self) -> npt.NDArray[np.int64]:
        """Where in `own` each text begins."""
        return np.cumsum(self.counts) - self.counts

    @property
    def own(self) -> Vectors:
        """The windows of the texts, in order."""
        within = np.arange(self.counts.sum()) - np.repeat(self.first, self.counts)
        own: Vectors = self.vectors[np.repeat(self.starts, self.counts) + within]
        return own


class HiddenAnnotator:
    """Compares the worst passage of each prompt with the whole; judges suspicious sentences of prompts and answers."""

    reads = ("kind", "prompt", "hazard_score", "hazard_stage", "response", "stance_unjudged")
    writes = pl.Schema({"hidden_gap": pl.Float32, "hidden_request": pl.Float32, "answer_hazard": pl.Float32})

    def __init__(self, sentences: SentenceScreen | None = None) -> None:
        """Store what picks the sentences to judge; without it, none are."""
        self._sentences = sentences

    def __call__(self, batch: Batch) -> pl.DataFrame:
        """The columns; `hidden_gap` is null for prompts of one passage or plainly harmless, the others where nothing is suspicious."""
        gap = batch.by_stage(_gaps, pl.Schema({"hidden_gap": pl.Float32}))
        score = batch.frame.get_column("hazard_score")
        harmless = (score < batch.stages[-1].model.limit).fill_null(value=False)
        exchange = batch.frame.get_column("kind") != "document"
        long = batch.frame.get_column("prompt").str.len_chars() >= LONG
        judged = batch.frame.get_column("stance_unjudged").is_null()
        asked = self._picked(batch, "prompt", harmless & exchange & long)
        told = self._picked(batch, "response", harmless & exchange & judged)
        # In one call, since an encoder takes as long for one short text as for several.
        every = [*asked.sentences, *told.sentences]
        probability = _of_requests(batch.stages, every) if every else np.empty(0, dtype=np.float32)
        return gap.with_columns(
            hidden_request=_worst(asked.text, probability[: len(asked.text)], batch.frame.height),
            answer_hazard=_worst(told.text, probability[len(asked.text) :], batch.frame.height),
        )

    def _picked(self, batch: Batch, column: str, where: pl.Series) -> Suspicious:
        """The suspicious sentences of some rows' texts, by row."""
        rows = where.fill_null(value=False).arg_true().to_numpy().astype(np.int64)
        if self._sentences is None or not len(rows):
            return Suspicious(np.empty(0, dtype=np.int64), [])
        texts = batch.frame.get_column(column).gather(rows).fill_null("").to_list()
        picked = self._sentences.suspicious(texts)
        return picked._replace(text=rows[picked.text])


def _gaps(batch: Batch) -> pl.DataFrame:
    passages, whole = batch.passages, batch.vectors("prompt")
    score = batch.frame.get_column("hazard_score").fill_null(0).to_numpy()
    gap = np.full(len(score), np.nan, dtype=np.float32)
    rows = np.flatnonzero((passages.counts > 1) & (score >= MAY))
    if len(rows):
        every = Windows(passages.vectors, passages.starts[rows], passages.counts[rows])
        of_text = Windows(whole.vectors, whole.starts[rows], whole.counts[rows])
        means = np.add.reduceat(of_text.own, of_text.first)
        means /= np.maximum(np.linalg.norm(means, axis=1, keepdims=True), 1e-6)
        found = _probability(batch.stage, np.concatenate([means, every.own]))
        gap[rows] = np.maximum.reduceat(found[len(rows) :], every.first) - found[: len(rows)]
    return pl.DataFrame({"hidden_gap": gap}).select(pl.all().fill_nan(None))


def _worst(row: npt.NDArray[np.int64], probability: Floats, height: int) -> pl.Series:
    """The highest probability of each row's sentences; null where there are none."""
    found = np.full(height, np.nan, dtype=np.float32)
    np.fmax.at(found, row, probability)
    return pl.Series(found).fill_nan(None)


def _of_requests(stages: Sequence[Stage], texts: Sequence[str]) -> Floats:
    """Hazard probability of texts that are requests of their own; as in whole prompts, later stages judge what is doubted."""
    first = stages[0]
    evidence = _log_odds(first, first.store.first_windows(texts))
    probability = np.asarray(1 / (1 + np.exp(-evidence)), dtype=np.float32)
    doubted = np.flatnonzero(evidence >= DOUBTED)
    for stage in stages[1:]:
        if len(doubted):
            own = _log_odds(stage, stage.store.first_windows([texts[number] for number in doubted.tolist()]))
            share = stage.model.share
            evidence[doubted] = share * evidence[doubted] + (1 - share) * own
            probability[doubted] = stage.model.text(evidence[doubted])
    return probability


def _log_odds(stage: Stage, vectors: npt.NDArray[np.float32]) -> Floats:
    return stage.model.votes(vectors @ stage.exemplars.vectors.T)[1]


def _probability(stage: Stage, vectors: npt.NDArray[np.float32]) -> Floats:
    return np.asarray(1 / (1 + np.exp(-_log_odds(stage, vectors))), dtype=np.float32)
