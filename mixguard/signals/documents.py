"""Documents that hold a hazard: text without roles is trained on as it stands."""

from __future__ import annotations

import polars as pl

from mixguard.checks.base import Aside, Case, Check, Evidence, Judged, Limit, Rate
from mixguard.checks.terms import DOCUMENT, HAZARDOUS, TRAINED
from mixguard.signals.base import Examples, Page, Signal


def _judge(rate: Rate, _: Evidence) -> Judged:
    if not rate.count:
        return Judged("pass", "no document contains a hazard" if rate.total else "no document")
    listed = ", ".join(f"{code} {number:,}" for code, number in rate.commonest)
    hold = "document contains" if rate.count == 1 else "documents contain"
    message = f"{rate.count:,} of {rate.total:,} {hold} a hazard ({listed})"
    if not rate.interval.low:
        return Judged("note", f"{message}; false alarms alone could explain this many, so read the rows")
    return Judged("fail" if rate.interval.low >= rate.limit else "warn", message)


DOCUMENTS = Signal(
    name="hazardous documents",
    about="is a plain text that explains how to do something hazardous, or is hazardous itself",
    page=Page(
        measures="Share of documents (rows of text without prompt and answer) whose hazard probability reaches the limit; the lower bound of the share, corrected for the detector's false alarms, decides.",
        blind="Hazards that a document describes at length without any passage that resembles a request; the detector knows requests best, and how many hazardous documents it misses has not been measured.",
        cost="None: every document is judged for hazards.",
        examples=Examples(
            shows=(
                {
                    "prompt": "To open your neighbour's door, slide a card between lock and frame.",
                    "response": None,
                    "kind": "document",
                    "hazard_score": 0.99,
                },
            ),
            spares=(
                {"prompt": "The sea lay calm and grey that morning.", "response": None, "kind": "document"},
                {"prompt": "Open my neighbour's door.", "response": "No.", "hazard_score": 0.99},
            ),
        ),
    ),
    check=Check(
        id="MG236",
        name="hazardous-documents",
        kind="harm",
        severities=("note", "warn", "fail"),
        cases=(
            Case(
                among=TRAINED & DOCUMENT & pl.col("hazard_score").is_not_null(),
                flags=HAZARDOUS,
                judge=_judge,
                by=pl.col("hazard"),
                rank="hazard_score",
                errors=lambda detectors: detectors.hazard_errors,
            ),
        ),
        limit=Limit(0.01, "Share of hazardous documents that fails the gate. Judgement."),
        aside=Aside("documents", "a document contains a hazard", sure="hazard_score"),
        why="A model that is trained on text learns to write it: instructions for harm in a document teach them as an answer would.",
        source="judgement",
        remedy="Read the rows, and set aside those that give instructions; reports and warnings may stay.",
        mechanisms=("M08",),
    ),
)
