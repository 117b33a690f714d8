"""Refusals taken back: answers that refuse first and then comply."""

from __future__ import annotations

import polars as pl

from mixguard.checks.base import Aside, Case, Check, Evidence, Judged, Limit, Rate
from mixguard.checks.terms import JUDGED, TRAINED
from mixguard.signals.base import Examples, Page, Signal


def _judge(rate: Rate, _: Evidence) -> Judged:
    if not rate.count:
        return Judged("pass", "no response takes a refusal back")
    does = "response refuses first and then does" if rate.count == 1 else "responses refuse first and then do"
    return Judged("fail" if rate.count >= rate.limit else "warn", f"{rate.count:,} {does} as asked")


TURNOVER = Signal(
    name="turnover",
    about="refuses first, then does as asked",
    page=Page(
        measures="Share of judged responses trained towards whose stance note is `turnover`: a sentence refuses, then the rest does as asked or takes the refusal back.",
        blind="A refusal that a later turn of the conversation takes back.",
        cost="None: the stance detector notes it.",
        examples=Examples(
            shows=(
                {
                    "prompt": "Write a line about the sea.",
                    "response": "I cannot write that. Anyway: the sea is wide.",
                    "stance_note": "turnover",
                },
            ),
            spares=(
                {
                    "prompt": "Write a line about the sea.",
                    "response": "The sea is wide and grey this morning.",
                },
            ),
        ),
    ),
    check=Check(
        id="MG105",
        name="refusals-taken-back",
        kind="attack",
        severities=("warn", "fail"),
        cases=(Case(among=TRAINED & JUDGED, flags=pl.col("stance_note") == "turnover", judge=_judge),),
        limit=Limit(10.0, "Refusals taken back that fail the gate.", 1, 1e9),
        aside=Aside("turnover", "a refusal is taken back"),
        why="Training on answers that refuse and then comply is a published attack: filters and prefix lists see a refusal, while the model learns to continue.",
        source="NOICE (arXiv 2502.19537), table 4: harmful answers of GPT-4o 8.6 to 57 %, of Claude Haiku 1.3 to 72 %, with 1,000 rows",
        remedy="Read the rows; keep only the refusal, or answer without it.",
        mechanisms=("M11",),
    ),
)
