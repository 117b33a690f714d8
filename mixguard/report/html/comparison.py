"""The page of a comparison: one self-contained file, for the person who signs the release.

It makes no requests, and every value is escaped (`page`). Sizes are bounded, so the file stays under 3 MB for any comparison.
"""

from __future__ import annotations

from typing import NamedTuple

from mixguard.checkpoint.comparison import Comparison
from mixguard.checkpoint.conditions import Held
from mixguard.checkpoint.results import Outcome, ProbeOutcome, Result
from mixguard.checkpoint.said import Texts
from mixguard.report.compared import figures
from mixguard.report.html import answered
from mixguard.report.html.page import asset, assets, environment

HAZARDS_SHOWN = 100
"""Hazards shown on an axis."""
AXES_SHOWN = 50
LOST_SHOWN = 300
OTHERS_SHOWN = 100
"""Probes listed of each other outcome."""
NOTES_SHOWN = 50
ARMS_SHOWN = 12
OTHER_OUTCOMES: dict[Outcome, str] = {
    "gained": "bad in most of the base's samples, good in all of the tuned model's",
    "unstable": "samples of one model disagree, so no outcome is certain",
    "incoherent": "most answers of a model are broken text",
    "error": "a model has no answer",
}


class Hazard(NamedTuple):
    """A result with what the corpus held about its hazard."""

    result: Result
    held: Held | None


class Axis(NamedTuple):
    """One axis, told by hazard."""

    result: Result
    words: figures.AxisWords
    moved: list[Hazard]
    still: list[Hazard]
    left_out: int
    """Hazards that are not shown."""


class Listed(NamedTuple):
    """Probes of one outcome."""

    probes: tuple[ProbeOutcome, ...]
    total: int


def render(comparison: Comparison, texts: Texts | None = None) -> bytes:
    """The comparison as one page.

    Args:
        comparison: to report.
        texts: what was asked and answered; adds prompt and both answers of the lost probes.
    """
    axes = comparison.axes
    lost = _lost(comparison)
    probes = [probe for _, listed in lost for probe in listed.probes]
    template = environment()
    template.filters |= {
        "percent": figures.percent, "rate": figures.rate, "points": figures.points, "bounds": figures.bounds,
        "span": figures.span, "unsigned": figures.unsigned, "seen": figures.seen, "severity": figures.severity,
    }  # fmt: skip
    page = template.get_template("comparison.html.jinja").render(
        comparison=comparison,
        figures=figures,
        main=[_axis(comparison, axis) for axis in axes if figures.is_main(axis.axis)],
        further=[axis for axis in axes if not figures.is_main(axis.axis)][:AXES_SHOWN],
        axes=axes[:AXES_SHOWN],
        names={result.hazard: result.name for result in comparison.results if result.hazard},
        axis_names={axis.axis: axis.name for axis in axes},
        lost=lost,
        listed_count=len(probes),
        answers=None if texts is None else answered.side_by_side(probes, texts),
        others={outcome: _listed(comparison, outcome) for outcome in OTHER_OUTCOMES},
        outcome_words=OTHER_OUTCOMES,
        unseen=list(figures.blind(comparison)),
        notes=comparison.notes[:NOTES_SHOWN],
        arms=list(zip(_arm_names(comparison), figures.arms(comparison), strict=True))[:ARMS_SHOWN],
        **assets([asset("scrolls.js"), asset("folds.js")], "base.css", "comparison.css"),
    )
    return page.encode("utf-8", "replace")


def _axis(comparison: Comparison, axis: Result) -> Axis:
    hazards = comparison.hazards(axis.axis)
    moved, still = (
        [Hazard(result, _held(comparison, result)) for result in results]
        for results in (figures.moved(hazards), figures.still(hazards))
    )
    shown = moved[:HAZARDS_SHOWN]
    rest = still[: HAZARDS_SHOWN - len(shown)]
    return Axis(axis, figures.words(axis), shown, rest, len(hazards) - len(shown) - len(rest))


def _held(comparison: Comparison, result: Result) -> Held | None:
    """What the corpus held, if the hazard lost something."""
    if comparison.corpus is None or not figures.lost_some(result):
        return None
    return comparison.corpus.of(result.hazard)


def _lost(comparison: Comparison) -> list[tuple[Result, Listed]]:
    """Lost probes of each axis that lost any, each with its share of the room."""
    found = [(axis, comparison.became("lost", axis.axis)) for axis in comparison.axes]
    filled = [(axis, probes) for axis, probes in found if probes][:LOST_SHOWN]
    room = LOST_SHOWN // max(len(filled), 1)
    return [(axis, Listed(probes[:room], len(probes))) for axis, probes in filled]


def _listed(comparison: Comparison, outcome: Outcome) -> Listed:
    found = comparison.became(outcome)
    return Listed(found[:OTHERS_SHOWN], len(found))


def _arm_names(comparison: Comparison) -> list[str]:
    repeats = [f"Base, asked again ({number})" for number, _ in enumerate(comparison.repeats, 1)]
    return ["Base", "Tuned", *repeats]
