"""What a response does: refuse, half-refuse or comply.

Two kinds of evidence: a grammar of refusals over the whole response (`taxonomies/stance/grammar.toml`), and the
embedding of its opening among labelled responses. A multinomial logistic model joins them; it is fitted on the project's
own exemplars alone (`stance_fit.py`).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import polars as pl

from mixguard.annotate.base import Batch
from mixguard.annotate.stance_grammar import Grammar
from mixguard.annotate.stance_model import (
    STANCES,
    Floats,
    StanceModel,
    embedding_features,
    opening_vectors,
)
from mixguard.columns import STANCE
from mixguard.vectors.encoder import Vectors

INABILITY = "unable"
DECIDING = ("refuses", "refuses_abroad", "condemns", "resources", "offers")
"""Patterns whose first match is the span that decided, in this order."""


class StanceAnnotator:
    """Judges responses; says why where it cannot."""

    writes = STANCE

    def __init__(
        self, grammar: Grammar, model: StanceModel, exemplars: Vectors, labels: npt.NDArray[np.int64]
    ) -> None:
        self._grammar = grammar
        self.model = model
        self._exemplars = exemplars
        self._labels = labels

    def __call__(self, batch: Batch) -> pl.DataFrame:
        """Columns `STANCE`."""
        responses = batch.frame.get_column("response").fill_null("")
        openings = opening_vectors(responses, batch.store)
        features = np.hstack(
            [
                self._grammar.features(responses).to_numpy(),
                embedding_features(openings, self._exemplars, self._labels),
            ]
        )
        return self._columns(batch.frame, responses, features)

    def _columns(self, frame: pl.DataFrame, responses: pl.Series, features: Floats) -> pl.DataFrame:
        probability = self.model.probabilities(features)
        best = probability.argmax(1)
        reason = _unjudged(frame)
        judged = pl.DataFrame(
            {
                "stance": pl.Series(STANCES).gather(best),
                "stance_score": 1 - probability[:, 0],
                "stance_note": self._notes(features, best),
                "stance_unjudged": reason,
            }
        ).hstack(self._spans(responses, best))
        blank = pl.when(reason.is_null()).then(pl.all().exclude("stance_unjudged"))
        return judged.select(blank, "stance_unjudged").select(
            pl.col(name).cast(kind) for name, kind in STANCE.items()
        )

    def _notes(self, features: Floats, best: npt.NDArray[np.int64]) -> pl.Series:
        unable = features[:, self.model.features.index(f"{INABILITY}_opening")] > 0
        refuses = features[:, self.model.features.index("refuses_opening")] > 0
        # A stated want of a fact or a tool; beside words of refusal it counts only where nothing was refused.
        noted = pl.Series(unable & (~refuses | (best == 0)))
        return pl.DataFrame({"noted": noted}).select(pl.when("noted").then(pl.lit("inability"))).to_series()

    def _spans(self, responses: pl.Series, best: npt.NDArray[np.int64]) -> pl.DataFrame:
        """Where the deciding words are; only refusals have such a place, so only they are searched."""
        starts = np.full(len(responses), -1, dtype=np.int64)
        ends = starts.copy()
        for row in np.flatnonzero(best > 0).tolist():
            span = self._grammar.span(responses[row], DECIDING)
            if span is not None:
                starts[row], ends[row] = span
        frame = pl.DataFrame({"stance_start": starts, "stance_end": ends})
        return frame.select(pl.when(pl.all() >= 0).then(pl.all()))


def _unjudged(frame: pl.DataFrame) -> pl.Series:
    reason = (
        pl.when(pl.col("response").is_null())
        .then(pl.format("no trained response ({})", "kind"))
        .when(pl.col("response").str.strip_chars() != "")
        .then(None)
        .when(pl.col("tool_call"))
        .then(pl.lit("tool call only"))
        .otherwise(pl.lit("empty response"))
    )
    return frame.select(reason.alias("reason")).to_series().cast(pl.String)
