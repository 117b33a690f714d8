"""The stage `endpoint`: a served model's verdict on prompts near the hazard limit.

A verdict is taken for evidence that is right with a given probability, the trust: it multiplies the odds of the local
stages by trust / (1 - trust), or divides them. Near the limit is what one such verdict can carry across; for the rest it
would change nothing, and is not asked for.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl

from mixguard.annotate.kernel_ridge import Floats
from mixguard.library.taxonomy import Taxonomy
from mixguard.served.judges.base import Known, Verdict
from mixguard.vectors.store import text_id

ENDPOINT = "endpoint"
"""Name of the stage."""
Verdicts = Mapping[bytes, Verdict]
"""Verdicts that decide, by `text_id` of the prompt."""


class Band(NamedTuple):
    """Scores near the limit: from `low` up to, but without, `high`."""

    low: float
    high: float


def near(limit: float, trust: float) -> Band:
    """The scores that a verdict trusted so far carries to the other side of the limit."""
    return Band(moved(limit, trust, harmful=False), moved(limit, trust, harmful=True))


def moved(score: float, trust: float, *, harmful: bool) -> float:
    """A score in [0, 1] after a verdict."""
    right, wrong = (trust, 1 - trust) if harmful else (1 - trust, trust)
    return score * right / (score * right + (1 - score) * wrong)


def known_to(taxonomy: Taxonomy) -> Known:
    """A taxonomy's hazards, and the categories of the schemes that guards use."""
    return Known(
        hazards={each.code: f"{each.name}. {each.definition}" for each in taxonomy.hazards},
        schemes={
            scheme.id: {
                theirs: same[0]
                for theirs, ours in scheme.ours.items()
                if len(same := [code for code in ours if not code.startswith("~")]) == 1
            }
            for scheme in taxonomy.crosswalk
        },
        covered={scheme.id: frozenset({*scheme.map, *scheme.partial}) for scheme in taxonomy.crosswalk},
    )


class Settled(NamedTuple):
    """What verdicts make of prompts."""

    rows: npt.NDArray[np.int64]
    """Which prompts have one."""
    scores: Floats
    hazards: Sequence[str | None]
    """The hazard that the verdict names; None where it names none."""

    def hazards_or(self, local: pl.Series) -> pl.Series:
        """Each prompt's hazard: the verdict's, or the local one of the prompt where it names none."""
        return pl.Series(self.hazards, dtype=pl.String).zip_with(
            pl.Series([hazard is not None for hazard in self.hazards], dtype=pl.Boolean),
            local.gather(self.rows),
        )


class SecondOpinion:
    """The last stage of the cascade: it decides the prompts of which a verdict is known."""

    def __init__(self, verdicts: Verdicts, trust: float) -> None:
        """Store the verdicts, and how far they are trusted."""
        self._verdicts, self._trust = verdicts, trust

    def __call__(self, prompts: Sequence[str], scores: Floats, asked: npt.NDArray[np.bool_]) -> Settled:
        """Scores and hazards of the prompts that a verdict decides; only `asked` ones are looked up."""
        found = [
            (row, verdict)
            for row in np.flatnonzero(asked).tolist()
            if (verdict := self._verdicts.get(text_id(prompts[row]))) is not None
        ]
        return Settled(
            np.array([row for row, _ in found], dtype=np.int64),
            np.array(
                [
                    moved(float(scores[row]), self._trust, harmful=bool(verdict.harmful_prompt))
                    for row, verdict in found
                ],
                dtype=np.float32,
            ),
            [verdict.hazard if verdict.harmful_prompt else None for _, verdict in found],
        )
