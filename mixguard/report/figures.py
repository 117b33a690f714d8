"""Figures that several reports tell, worked out once."""

from __future__ import annotations

import polars as pl

from mixguard._audit import Audit


def languages(audit: Audit) -> dict[str, int]:
    """Language of the prompts (ISO 639-1; `und` where too short to tell) to exchanges, commonest first."""
    counted = (
        audit.annotations.group_by(pl.col("language").fill_null("und"))
        .len()
        .sort("len", "language", descending=[True, False])
        .collect()
    )
    return {str(name): int(count) for name, count in counted.iter_rows()}


def formats(audit: Audit) -> dict[str, int]:
    """Record format to records, commonest first."""
    found: dict[str, int] = {}
    for counts in audit.corpus.formats.values():
        for name, count in counts.items():
            found[name] = found.get(name, 0) + count
    return dict(sorted(found.items(), key=lambda entry: (-entry[1], entry[0])))
