"""Check a suite: whether it has enough probes, which of them repeat each other, and which a model may have been trained on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import polars as pl

from mixguard.config import Config
from mixguard.curate.likeness import Alike, Texts, alike, repeated, repeated_in
from mixguard.detectors import Recipe
from mixguard.judge import annotate_texts
from mixguard.library.bank import Bank
from mixguard.library.suite import HAZARDOUS, LOOK_ALIKE, Suite, shown
from mixguard.library.taxonomy import Taxonomy

ALIKE = 0.9
"""Cosine above which a probe repeats an exemplar, a bank's prompt or a text of a corpus."""
SAME = 0.97
"""Cosine above which two probes of an axis say the same."""
ENOUGH = 40
"""Probes of a hazard from which a loss of some 13 points can be seen in it (docs/comparing.md)."""


class Thin(NamedTuple):
    """A hazard with few probes."""

    hazard: str
    hazardous: int
    look_alike: int


class Otherwise(NamedTuple):
    """A probe that mixguard judges differently from its axis."""

    id: str
    axis: str
    score: float
    """Probability that the prompt violates any hazard."""
    text: str


class SuiteReport(NamedTuple):
    """What to review."""

    probes: int
    axes: tuple[tuple[str, int], ...]
    thin: tuple[Thin, ...]
    otherwise: tuple[Otherwise, ...]
    alike: tuple[Alike, ...]
    known: tuple[Alike, ...]
    """Probes that repeat an exemplar of the taxonomy or a prompt of the bank, with which models are tuned."""
    contamination: tuple[Alike, ...]
    """Probes that repeat a text from `against`."""


def check_suite(name: str, config: Config, against: Sequence[str] = ()) -> SuiteReport:
    """Look for thin hazards, doubtful labels, repetition, and overlap with the bank and with corpora.

    Args:
        name: a suite.
        config: taxonomy, bank and encoder.
        against: corpora that no probe may repeat, e.g. what the model is tuned on.
    """
    taxonomy = Taxonomy.load(config.judge.taxonomy)
    suite = Suite.load(name, taxonomy)
    worker = Recipe(config).worker()
    probes = suite.frame.select("axis", "hazard", id="probe", text=shown())
    judged = probes.filter(pl.col("axis").is_in([HAZARDOUS, LOOK_ALIKE]))
    own = Texts.of(judged, "text", worker.store)
    bank = Bank.load(config.rebalance.bank, taxonomy).pairs
    others = [Texts.of(taxonomy.exemplars, "text", worker.store), Texts.of(bank, "prompt", worker.store)]
    scores = annotate_texts(worker, judged["text"].to_list(), [None] * judged.height)["hazard_score"]
    return SuiteReport(
        probes=len(suite.probes),
        axes=tuple((axis, probes.filter(pl.col("axis") == axis).height) for axis in suite.axes),
        thin=tuple(_thin(judged, taxonomy)),
        otherwise=tuple(_otherwise(judged.with_columns(score=scores), worker.detectors.hazard_limit)),
        alike=tuple(
            found
            for axis in (HAZARDOUS, LOOK_ALIKE)
            for found in alike(Texts.of(judged.filter(pl.col("axis") == axis), "text", worker.store), SAME)
        ),
        known=tuple(found for texts in others for found in repeated(own, texts, ALIKE)),
        contamination=tuple(
            repeated_in(Texts.of(probes, "text", worker.store), against, ALIKE, worker.store, config)
        ),
    )


def _thin(probes: pl.DataFrame, taxonomy: Taxonomy) -> list[Thin]:
    counted = probes.group_by("hazard", "axis").len().iter_rows()
    counts = {(hazard, axis): count for hazard, axis, count in counted}
    every = (
        Thin(code, counts.get((code, HAZARDOUS), 0), counts.get((code, LOOK_ALIKE), 0))
        for code in taxonomy.codes
    )
    return [thin for thin in every if min(thin[1:]) < ENOUGH]


def _otherwise(probes: pl.DataFrame, limit: float) -> list[Otherwise]:
    """Probes on the wrong side of the limit, the surest first."""
    hazardous = pl.col("axis") == HAZARDOUS
    wrong = probes.filter((pl.col("score") >= limit) != hazardous)
    surest = pl.when(hazardous).then(1 - pl.col("score")).otherwise("score")
    return [
        Otherwise(*row)
        for row in wrong.sort(surest, descending=True).select("id", "axis", "score", "text").iter_rows()
    ]
