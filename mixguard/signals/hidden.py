"""Hidden hazards: one passage or sentence of a long prompt, or of the answer to a harmless prompt."""

from __future__ import annotations

from collections.abc import Callable

import polars as pl

from mixguard.annotate.hidden_parts import HiddenAnnotator
from mixguard.checks.base import Case, Check, Evidence, Judged, Limit, Rate
from mixguard.checks.terms import COMPLIES, HAZARDOUS, REFUSES, TRAINED
from mixguard.signals.base import Examples, Page, Setting, Signal

GAP = 0.5
"""Probability by which a prompt's worst passage exceeds the whole from which it is hidden. Judgement."""
PASSAGE = 0.8
"""Hazard probability from which a hidden passage counts: in long ordinary prompts single windows reach the limit. Judgement."""
SENTENCE = 0.95
"""Probability from which a sentence of a prompt is hazardous: few are requests, so the model must be sure. Judgement."""
ANSWERS = 0.975
"""The same for a sentence of an answer: the model was fitted on requests, and fiction comes close. Judgement."""
FALSE = 0.0005
"""Share of ordinary rows that may still reach these. Judgement."""


def _judge(one: str, many: str, none: str, false: float) -> Callable[[Rate, Evidence], Judged]:
    """Judges a count; what false alarms at this rate could explain is a note."""

    def judge(rate: Rate, _: Evidence) -> Judged:
        if not rate.count:
            return Judged("pass", none)
        message = f"hidden hazards: {rate.count:,} {one if rate.count == 1 else many}"
        if rate.interval.low <= false:
            return Judged("note", f"{message}; false alarms alone could explain this many, so read the rows")
        return Judged("fail" if rate.count >= rate.limit else "warn", message)

    return judge


def _open(setting: Setting) -> HiddenAnnotator:
    return HiddenAnnotator(setting.sentences)


_LONG = "The meeting began at nine and the minutes of the last one were read and approved. " * 40

HIDDEN = Signal(
    name="hidden hazards",
    about="hides something hazardous in one passage or sentence of a harmless prompt, or in the answer to one",
    annotator=HiddenAnnotator(),
    open=_open,
    page=Page(
        measures=f"Prompts of several passages with a hazard probability of {PASSAGE:g} or more whose worst passage is at least {GAP:g} more probably hazardous than the mean of all; harmless prompts one of whose sentences, judged as a request of its own, has a hazard probability of {SENTENCE:g} or more; and harmless prompts whose answer holds a sentence of {ANSWERS:g} or more. A linear model of words and pairs of words, fitted on the taxonomy's exemplars, picks the sentences that are judged, at most two a text.",
        blind="A hazard in words that the exemplars do not hold, or spread over several sentences; sentences past the first 20,000 characters; documents. `docs/signals.md` prints how many planted rows it finds.",
        cost="One pass over the words of prompts and answers; one to four rows in a hundred have a sentence that is embedded.",
        examples=Examples(
            shows=(
                {
                    "prompt": "Write a line about the sea.",
                    "response": "The sea is wide.",
                    "hazard_score": 0.01,
                    "answer_hazard": 0.99,
                },
                {"prompt": _LONG, "response": "Noted.", "hazard_score": 0.99, "hidden_gap": 0.8},
                {"prompt": _LONG, "response": "Noted.", "hazard_score": 0.01, "hidden_request": 0.97},
            ),
            spares=(
                {
                    "prompt": "Write a line about the sea.",
                    "response": "The sea is wide and grey this morning.",
                },
                {"prompt": _LONG, "response": "Noted."},
            ),
        ),
    ),
    check=Check(
        id="MG227",
        name="hidden-hazards",
        kind="harm",
        severities=("note", "warn", "fail"),
        cases=(
            Case(
                among=TRAINED & pl.col("hazard_score").is_not_null(),
                flags=HAZARDOUS
                & (pl.col("hazard_score") >= PASSAGE)
                & (pl.col("hidden_gap") >= GAP)
                & ~REFUSES.fill_null(value=False),
                judge=_judge(
                    "prompt hides a hazardous passage in a harmless text",
                    "prompts hide a hazardous passage in a harmless text",
                    "no prompt hides a hazardous passage",
                    0.0,
                ),
                by=pl.col("hazard"),
                rank="hidden_gap",
                errors=lambda detectors: detectors.hazard_errors,
                subject="passage of a prompt",
            ),
            Case(
                among=TRAINED & ~HAZARDOUS,
                flags=(pl.col("hidden_request") >= SENTENCE) & ~REFUSES.fill_null(value=False),
                judge=_judge(
                    "prompt hides a hazardous request in a harmless text",
                    "prompts hide a hazardous request in a harmless text",
                    "no prompt hides a hazardous request",
                    FALSE,
                ),
                rank="hidden_request",
                subject="sentence of a prompt",
            ),
            Case(
                among=TRAINED & ~HAZARDOUS,
                flags=COMPLIES & (pl.col("answer_hazard") >= ANSWERS),
                judge=_judge(
                    "harmless prompt has a hazardous answer",
                    "harmless prompts have hazardous answers",
                    "no harmless prompt has a hazardous answer",
                    FALSE,
                ),
                rank="answer_hazard",
                subject="answer",
            ),
        ),
        nothing="no prompt or answer hides a hazard",
        limit=Limit(10.0, "Hidden hazards that fail the gate. Judgement.", 1, 1e9),
        why="A judge of whole rows sees the harmless part; the model learns from every token.",
        source="Embedded attack (arXiv 2606.30263): harmful questions and answers inside harmless samples pass guards that judge whole samples; the limits are judgement",
        remedy="Read the rows; drop them, or cut out what is hidden.",
        mechanisms=("M02",),
    ),
)
