"""Figures that several reports tell, worked out once."""

from __future__ import annotations

import re
from typing import NamedTuple

import polars as pl

from mixguard.run.document import Audit

LANGUAGE_SHARE, LANGUAGE_LEAST = 0.01, 5
"""Share of prompts and prompts from which a language is one of the corpus's: a few short prompts are taken for another
language by mistake. Judgement."""


class Touched(NamedTuple):
    """Exchanges trained towards, and what those that touch a hazard do."""

    trained: int
    touched: int
    refused: int
    half: int
    answered: int
    unjudged: int


def touched(audit: Audit) -> Touched:
    """Coverage over all hazards together, out of the exchanges it is counted in: those trained towards."""
    trained = audit.annotations.filter(pl.col("polarity") == 1).select(pl.len()).collect().item()
    names = ("exchanges", "full_refusal", "partial_refusal", "full_compliance", "unjudged")
    return Touched(int(trained), *(sum(getattr(row, name) for row in audit.coverage) for name in names))


def languages(audit: Audit) -> dict[str, int]:
    """Language of the prompts (ISO 639-1; `und` where too short to tell) to exchanges, commonest first."""
    counted = (
        audit.annotations.group_by(pl.col("language").fill_null("und"))
        .len()
        .sort("len", "language", descending=[True, False])
        .collect()
    )
    return {str(name): int(count) for name, count in counted.iter_rows()}


def spoken(audit: Audit) -> list[str]:
    """The corpus's languages: the commonest of its prompts, and every other that is no slip of the identifier."""
    counts = {
        name: count
        for name, count in languages(audit).items()
        if re.fullmatch("[a-z]{2,3}", name) and name != "und"
    }
    least = max(LANGUAGE_LEAST, LANGUAGE_SHARE * sum(counts.values()))
    return [name for place, (name, count) in enumerate(counts.items()) if count >= least or place == 0]


def formats(audit: Audit) -> dict[str, int]:
    """Record format to records, commonest first."""
    found: dict[str, int] = {}
    for counts in audit.corpus.formats.values():
        for name, count in counts.items():
            found[name] = found.get(name, 0) + count
    return dict(sorted(found.items(), key=lambda entry: (-entry[1], entry[0])))
