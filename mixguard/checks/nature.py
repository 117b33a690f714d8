"""What a corpus is made of, so that each is judged as what it is."""

from __future__ import annotations

import polars as pl

from mixguard.checks.terms import COMPLIES, HAZARDOUS, JUDGED, REFUSES, TRAINED
from mixguard.run.findings import Nature

LEAST = 20
"""Judged responses below which a corpus is ordinary."""
MOST = 0.5
"""Share of refusals or of answered hazards from which a corpus is made of them. Judgement."""


def nature(frame: pl.LazyFrame) -> Nature:
    """Whether a corpus is a safety set, one of answered hazards, or an ordinary one.

    Args:
        frame: annotations with the columns of `marked`.
    """
    judged = TRAINED & JUDGED
    total, refused, answered = (
        frame.select(
            judged.sum().alias("total"),
            (judged & REFUSES).sum().alias("refused"),
            (judged & HAZARDOUS & COMPLIES).sum().alias("answered"),
        )
        .collect()
        .row(0)
    )
    if total < LEAST:
        return "ordinary"
    if answered >= MOST * total:
        return "harmful"
    return "safety" if refused >= MOST * total else "ordinary"
