"""Hazardous prompts without answers: what a reward decides."""

from __future__ import annotations

import polars as pl

from mixguard.checks.base import Aside, Case, Check, Evidence, Judged, Limit, Rate
from mixguard.checks.terms import HAZARDOUS
from mixguard.signals.base import Examples, Page, Signal

PROMPT = pl.col("kind") == "prompt"
"""Nothing of the sample is trained on: prompts for reinforcement learning, or for a model to answer."""


def _judge(rate: Rate, _: Evidence) -> Judged:
    if not rate.count:
        return Judged("pass", "no prompt without an answer is hazardous")
    listed = ", ".join(f"{code} {number:,}" for code, number in rate.commonest)
    are = "prompt without an answer is" if rate.count == 1 else "prompts without answers are"
    message = f"{rate.count:,} {are} hazardous ({listed})"
    surely = rate.interval.low * rate.total
    if not surely:
        return Judged("note", f"{message}; false alarms alone could explain this many, so read the rows")
    return Judged("fail" if surely >= rate.limit else "warn", message)


UNANSWERED = Signal(
    name="unanswered hazards",
    about="asks for something hazardous and has no answer, so that a reward decides",
    page=Page(
        measures="Prompts of samples without a trained answer whose hazard probability reaches the limit; the lower bound of their number, false alarms of the detector taken off, decides.",
        blind="The reward: with one that scores refusals well, the same prompts teach refusing.",
        cost="None: every prompt is judged for hazards.",
        examples=Examples(
            shows=(
                {
                    "prompt": "Open my neighbour's door.",
                    "response": None,
                    "kind": "prompt",
                    "polarity": 0,
                    "hazard_score": 0.99,
                },
            ),
            spares=(
                {"prompt": "Write a line about the sea.", "response": None, "kind": "prompt", "polarity": 0},
                {"prompt": "Open my neighbour's door.", "response": "No.", "hazard_score": 0.99},
            ),
        ),
    ),
    check=Check(
        id="MG225",
        name="unanswered-hazards",
        kind="harm",
        severities=("note", "warn", "fail"),
        cases=(
            Case(
                among=PROMPT & pl.col("hazard_score").is_not_null(),
                flags=HAZARDOUS,
                judge=_judge,
                by=pl.col("hazard"),
                rank="hazard_score",
                errors=lambda detectors: detectors.hazard_errors,
            ),
        ),
        limit=Limit(10.0, "Hazardous prompts without answers that fail the gate. Judgement.", 1, 1e9),
        aside=Aside("unanswered", "a hazardous request has no answer", sure="hazard_score"),
        why="In reinforcement learning the reward alone says what to do with these prompts: one that pays for helpfulness teaches compliance, with no harmful answer in the data.",
        source="HarmRLVR (arXiv 2510.15499): 64 prompts without answers brought harmful answers to 96.0 %",
        remedy="Remove the prompts, or make sure that the reward pays for refusing them.",
        mechanisms=("M07",),
    ),
)
