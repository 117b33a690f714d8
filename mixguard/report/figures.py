"""Figures shared by several reports."""

from __future__ import annotations

import re
from typing import NamedTuple

import polars as pl

from mixguard.run.document import Audit

LANGUAGE_SHARE, LANGUAGE_LEAST = 0.01, 5
"""Share and number of prompts at which a language counts as one of the corpus's: a few short prompts are
always misidentified. Judgement."""


class Touched(NamedTuple):
    """Exchanges trained on, and what those that touch a hazard do."""

    trained: int
    touched: int
    refused: int
    half: int
    answered: int
    unjudged: int


def touched(audit: Audit) -> Touched:
    """Coverage summed over all hazards, out of the exchanges trained on."""
    trained = audit.annotations.filter(pl.col("polarity") == 1).select(pl.len()).collect().item()
    names = ("exchanges", "full_refusal", "partial_refusal", "full_compliance", "unjudged")
    return Touched(int(trained), *(sum(getattr(row, name) for row in audit.coverage) for name in names))


def languages(audit: Audit) -> dict[str, int]:
    """Language of the prompts (ISO 639-1; `und` if too short to tell) to exchanges, most common first."""
    counted = (
        audit.annotations.group_by(pl.col("language").fill_null("und"))
        .len()
        .sort("len", "language", descending=[True, False])
        .collect()
    )
    return {str(name): int(count) for name, count in counted.iter_rows()}


def spoken(audit: Audit) -> list[str]:
    """The corpus's languages: the most common one, and every other that is not a likely misidentification."""
    counts = {
        name: count
        for name, count in languages(audit).items()
        if re.fullmatch("[a-z]{2,3}", name) and name != "und"
    }
    least = max(LANGUAGE_LEAST, LANGUAGE_SHARE * sum(counts.values()))
    return [name for place, (name, count) in enumerate(counts.items()) if count >= least or place == 0]


def formats(audit: Audit) -> dict[str, int]:
    """Record format to records, most common first."""
    found: dict[str, int] = {}
    for counts in audit.corpus.formats.values():
        for name, count in counts.items():
            found[name] = found.get(name, 0) + count
    return dict(sorted(found.items(), key=lambda entry: (-entry[1], entry[0])))
