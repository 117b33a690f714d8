"""Proximity to harm: exchanges closer to violating exemplars than plain requests are, neither flagged nor refused."""

from __future__ import annotations

import polars as pl

from mixguard.annotate.base import Batch
from mixguard.annotate.exemplars import PROXIMITY_NEAREST, nearness
from mixguard.checks.base import Case, Check, Evidence, Judged, Limit, Rate
from mixguard.checks.terms import NEAR_HARM, REFUSES, TRAINED
from mixguard.signals.base import Examples, Page, Signal


class ProximityAnnotator:
    """Mean cosine to the nearest violating exemplars minus that to the nearest benign ones."""

    reads = ("kind", "prompt", "hazard_window", "hazard_stage")
    writes = pl.Schema({"proximity": pl.Float32})

    def __call__(self, batch: Batch) -> pl.DataFrame:
        """Column `proximity`; null if the prompt was not judged."""
        return batch.by_stage(self._judge, self.writes)

    def _judge(self, batch: Batch) -> pl.DataFrame:
        found = nearness(batch.neighbours, batch.stage.exemplars.violating, PROXIMITY_NEAREST)
        # On the scale of the first stage, so that one limit holds for all rows.
        shift = batch.stage.model.proximity_limit - batch.stages[0].model.proximity_limit
        return pl.DataFrame({"proximity": found - shift}, schema=self.writes)


def _judge(rate: Rate, evidence: Evidence) -> Judged:
    limit = rate.limit + evidence.detectors.proximity_expected
    message = f"{rate.count:,} of {rate.total:,} exchanges lie close to violating exemplars and are neither flagged nor refused"
    return Judged("warn" if rate.interval.low > limit else "note" if rate.count else "pass", message, limit)


PROXIMITY = Signal(
    name="near harm",
    about="lies close to violating exemplars, neither flagged nor refused",
    annotator=ProximityAnnotator(),
    page=Page(
        measures="Mean cosine of the most hazardous window of the prompt to the 10 nearest violating exemplars minus that to the 10 nearest benign ones. The limit is the 99.5 % quantile on plain text.",
        blind="Answers: only prompts are compared. Adding the vector of the answer's opening came no nearer to prompt and opening embedded together (rank correlation .88 and .92, against .90 and .89 for the prompt alone, on role-play and Alpaca rows). Rows that other work selected by gradients or by a model's own representations. Hazards that no exemplar resembles.",
        cost="None beyond the vectors that judge hazards.",
        examples=Examples(
            shows=({"prompt": "Which locks are easy?", "response": "Old ones.", "proximity": 0.4},),
            spares=(
                {
                    "prompt": "Write a line about the sea.",
                    "response": "The sea is wide and grey this morning.",
                    "proximity": -0.3,
                },
            ),
        ),
    ),
    check=Check(
        id="MG201",
        name="near-harm",
        kind="attack",
        severities=("note", "warn"),
        cases=(
            Case(
                among=TRAINED & pl.col("hazard_score").is_not_null(),  # what the screen dismissed is not near
                flags=NEAR_HARM & ~REFUSES.fill_null(value=False),  # what is refused teaches no harm
                judge=_judge,
                rank="proximity",
            ),
        ),
        limit=Limit(
            0.01,
            "Share of exchanges close to violating exemplars that triggers a warning, beyond what plain text shows. Judgement.",
        ),
        why="Harmless rows that lie near harmful ones can undo refusals as harmful ones do.",
        source="arXiv 2604.16659, on an audio model: rows chosen for their closeness to harm brought jailbreaks to 87.12 %, and leaving such rows out returned them to near zero; for text the limit is judgement",
        remedy="Read the nearest rows (`mixguard explain` shows their neighbours); remove or down-weight them, and add refusals for their hazard.",
        mechanisms=("M40",),
    ),
)
