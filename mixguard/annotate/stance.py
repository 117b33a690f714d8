"""What a response does: refuse, partially refuse or comply.

Two kinds of evidence: a grammar of refusals over the response's sentences (`taxonomies/stance/grammar.toml`),
and the vote of labelled responses on the embedding of its opening. A multinomial logistic model combines
them; it is fitted only on the project's own exemplars (`fit/stance.py`). Refusals of harmless requests, and those
taken back, are told apart by what follows them (`refused_first.py`, `taken_back.py`).
"""

from __future__ import annotations

from math import log1p

import numpy as np
import numpy.typing as npt
import polars as pl

from mixguard.annotate.base import Batch, dismissed, spread
from mixguard.annotate.incoherence import is_incoherent
from mixguard.annotate.refused_first import Refused, RefusedFirst
from mixguard.annotate.stance_evidence import needed
from mixguard.annotate.stance_model import STANCES, StanceModel, decided
from mixguard.annotate.stance_text import INVISIBLE, place, without_thoughts
from mixguard.annotate.taken_back import taken_back
from mixguard.columns import STANCE
from mixguard.vectors.base import Vectors

DECIDING = ("refuses", "refuses_abroad", "terse", "condemns", "resources", "offers")
"""Patterns whose first match is the deciding span, in this order."""
TURNING = ("turns_over", "turns")
"""Patterns for the point where an answer turns from refusing to complying."""
DOUBTED = 0.1
"""Probability of a refusal from which one in the opening can be taken back by what follows. Judgement."""
STANDS = (0.1, 0.1, 0.8)
"""Probability of each stance where phrases show that something harmless is refused. Judgement."""
TURNED = 3
"""Content sentences after a refusal that retract it even without a turning phrase."""


class StanceAnnotator:
    """Judges responses, or says why it cannot."""

    reads = ("kind", "prompt", "response", "tool_call", "hazard_score", "pair_kind", "screen")
    writes = STANCE

    def __init__(
        self, refused: RefusedFirst, model: StanceModel, exemplars: Vectors, pairs: pl.DataFrame
    ) -> None:
        """Store what judging needs; `pairs` are the bank's pairs, as returned by `known`."""
        self._refused = refused
        self.grammar = refused.grammar
        self._known = pairs.select("response", "stance")
        self.model = model
        self._exemplars = exemplars

    def __call__(self, batch: Batch) -> pl.DataFrame:
        """Columns `STANCE`."""
        reason = _unjudged(batch.frame)
        far = dismissed(batch.frame) & reason.is_null()
        seen = reason.is_null() & ~far
        judged = spread(self._judge(batch.where(seen)), seen).with_columns(stance_unjudged=reason)
        if not far.any():
            return judged
        broken = spread(is_incoherent(batch.where(far).plain).to_frame("broken"), far).to_series()
        answered = {
            "stance": pl.lit(STANCES[0]),
            "stance_note": pl.when(broken).then(pl.lit("incoherent")),
        }
        return judged.with_columns(
            pl.when(far).then(value).otherwise(name).alias(name) for name, value in answered.items()
        )

    def _judge(self, batch: Batch) -> pl.DataFrame:
        responses = batch.frame.get_column("response")
        plain, openings = batch.plain, batch.openings
        written = batch.written(self.grammar)
        features = np.hstack([written.to_numpy(), self.model.nearness(openings, self._exemplars)])
        probability = self.model.probabilities(features)
        known = self._known_stances(responses)
        probability[known >= 0] = np.eye(len(STANCES), dtype=np.float32)[known[known >= 0]]
        best = decided(probability, needed(written, batch.frame.get_column("hazard_score"), self.model.sure))
        best = np.where(known >= 0, known, best)
        # What follows the opening of a bank's refusal was reviewed: it takes nothing back.
        reviewed = (known >= 0) | (batch.frame.get_column("pair_kind") == "refusal").fill_null(
            value=False
        ).to_numpy()
        turned = self._taken_back(plain, written, ~reviewed & (probability[:, 0] <= 1 - DOUBTED))
        harmless = self._harmless(batch, written, reviewed)
        turned[harmless.taken_back] = True
        best = np.where(turned, 0, best)
        stands = harmless.stands[best[harmless.stands] == 0]
        best[stands], probability[stands] = 2, STANDS
        settled = known >= 0
        settled[harmless.stands] = True
        notes = _notes(written, plain, best, turned).set(pl.Series(settled), None)
        judged = pl.DataFrame(
            {
                "stance": pl.Series(STANCES).gather(best),
                "stance_score": 1 - probability[:, 0],
                "stance_note": notes,
            }
        ).hstack(self._spans(responses, plain, best, notes))
        return judged.select(
            pl.col(name).cast(kind) for name, kind in STANCE.items() if name != "stance_unjudged"
        )

    def _taken_back(
        self, plain: pl.Series, written: pl.DataFrame, asked: npt.NDArray[np.bool_]
    ) -> npt.NDArray[np.bool_]:
        """Which of the answers asked about refuse at the beginning, and then do as asked."""
        begins = written.select(_refused()).to_series().to_numpy()
        return taken_back(plain, np.flatnonzero(asked & begins), self.grammar)

    def _harmless(self, batch: Batch, written: pl.DataFrame, trusted: npt.NDArray[np.bool_]) -> Refused:
        """The answers that refuse something harmless, apart from those of the bank."""
        begins = written.select(_refused()).to_series()
        prompts, hazard = batch.frame.select("prompt", "hazard_score")
        return self._refused(batch.plain, prompts, hazard.set(pl.Series(trusted), None), begins)

    def _known_stances(self, responses: pl.Series) -> npt.NDArray[np.int64]:
        """Index of the stance of each answer from the bank, whose labels are reviewed; -1 elsewhere."""
        found = responses.to_frame("response").join(
            self._known, on="response", how="left", maintain_order="left"
        )
        numbers = {stance: number for number, stance in enumerate(STANCES)}
        stances = found.get_column("stance").replace_strict(numbers, default=-1, return_dtype=pl.Int64)
        return stances.fill_null(-1).to_numpy()

    def _spans(
        self, responses: pl.Series, plain: pl.Series, best: npt.NDArray[np.int64], notes: pl.Series
    ) -> pl.DataFrame:
        """Where the deciding words are; only refusals, kept or retracted, have a span."""
        starts = np.full(len(responses), -1, dtype=np.int64)
        ends = starts.copy()
        turned = (notes == "turnover").fill_null(value=False).to_numpy()
        for searched, names in ((best > 0, DECIDING), (turned, TURNING)):
            rows = np.flatnonzero(searched)
            found = self.grammar.evidence(plain.gather(rows), names)
            for row, words in zip(rows.tolist(), found, strict=True):
                span = place(words, responses[row]) if words else None
                if span is not None:
                    starts[row], ends[row] = span
        frame = pl.DataFrame({"stance_start": starts, "stance_end": ends})
        return frame.select(pl.when(pl.all() >= 0).then(pl.all()))


def _refused() -> pl.Expr:
    return (pl.col("refuses_first") > 0) | (pl.col("refuses_abroad_first") > 0)


def _notes(
    written: pl.DataFrame, plain: pl.Series, best: npt.NDArray[np.int64], turned: npt.NDArray[np.bool_]
) -> pl.Series:
    """Further observations: broken text, a missing fact or tool, or a retracted refusal."""
    refused = _refused()
    complies = pl.lit(pl.Series(best == 0))
    note = (
        pl.when(pl.lit(is_incoherent(plain)))
        .then(pl.lit("incoherent"))
        .when((pl.col("unable_first") > 0) & (complies | ~refused))
        .then(pl.lit("inability"))
        .when(pl.lit(pl.Series(turned)))
        .then(pl.lit("turnover"))
        .when(complies & refused & (pl.col("turns_over") + (pl.col("content_after") >= log1p(TURNED)) > 0))
        .then(pl.lit("turnover"))
    )
    return written.select(note.alias("note")).to_series()


def _unjudged(frame: pl.DataFrame) -> pl.Series:
    blank = pl.col("response").str.replace_all(INVISIBLE, "") == ""
    thought = pl.col("reasoning").is_not_null() if "reasoning" in frame.columns else pl.lit(value=False)
    silent = without_thoughts(pl.col("response")).str.replace_all(INVISIBLE, "") == ""
    reason = (
        pl.when(pl.col("response").is_null())
        .then(pl.format("no trained response ({})", "kind"))
        .when(~silent)
        .then(None)
        .when(pl.col("tool_call"))
        .then(pl.lit("tool call only"))
        .when(blank & ~thought)
        .then(pl.lit("empty response"))
        .otherwise(pl.lit("reasoning only"))
    )
    return frame.select(reason.alias("reason")).to_series().cast(pl.String)
