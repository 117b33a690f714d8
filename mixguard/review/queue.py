"""The rows to review: each flagged exchange once, those of the gravest findings first."""

from __future__ import annotations

from collections.abc import Collection

import polars as pl
from pydantic import Field

from mixguard.errors import UsageError
from mixguard.model import Model
from mixguard.run.document import Audit
from mixguard.run.findings import Finding

MOST = 50_000
"""Rows of a queue; a person reads no more, and what is graver comes first."""
KEY = ("sample_id", "exchange")
"""What names an exchange of a run."""
_PLACE = ("text_id", *KEY, "source", "line", "record", "hazard", "hazard_score", "touched", "stance", "chars")


class Filter(Model):
    """Which rows of the queue are shown."""

    check: str | None = None
    """Id of a check that flags them; None for any."""
    hazard: str | None = None
    """The hazard that their prompt touches; None for any."""
    least: float = Field(default=0.0, ge=0, le=1)
    """Lowest hazard probability."""
    notes: bool = False
    """Rows that only notes flag, too."""


def queue(audit: Audit, check: str | None = None, first: Collection[str] = ()) -> pl.DataFrame:
    """The rows to review, in order: `first`, then by the gravest finding that flags them, their score there, and place.

    Args:
        audit: the run; rows of findings that passed or are suppressed are left out.
        check: id of a check whose rows are wanted even if it passed.
        first: text ids of rows to put before all others.

    Returns:
        `text_id`; `sample_id`, `exchange`, `source`, `line` and `record` of its first place; `hazard`, `hazard_score`,
        `touched` (the hazard, if the prompt touches one) and `stance`; `chars` (of its texts); `places` (how many rows have
        these texts); `checks`; `findings` (their numbers in `audit.findings`); `grave` (whether one of them warns or worse).

    Raises:
        UsageError: no finding flags a row, or none of this check does.
    """
    findings = _looked_at(audit, check)
    flagged = audit.flagged.with_columns(pl.col("subject").fill_null("")).join(
        findings.lazy(), on=["check", "subject"]
    )
    ranked = flagged.group_by(KEY).agg(
        pl.col("finding").min().alias("rank"),
        pl.col("score").sort_by("finding").first(),
        pl.col("finding").unique().alias("findings"),
        pl.col("check").unique().alias("checks"),
        pl.col("grave").any(),
    )
    ordered = (
        ranked.join(_places(audit), on=list(KEY))
        .with_columns(later=~pl.col("text_id").is_in(list(first)))
        .sort(
            "later", "rank", "score", "hazard_score", "source", "record", "exchange",
            descending=[False, False, True, True, False, False, False], nulls_last=True,
        )
    )  # fmt: skip
    once = ordered.group_by("text_id", maintain_order=True).agg(
        pl.col([name for name in _PLACE if name != "text_id"]).first(),
        pl.len().alias("places"),
        pl.col("findings", "checks").explode().unique().sort(),
        pl.col("grave").any(),
    )
    return once.head(MOST).collect()


def chosen(rows: pl.DataFrame, kept: Filter) -> pl.DataFrame:
    """The rows of a queue that a filter keeps, in their order."""
    wanted = pl.lit(value=True)
    if kept.check is not None:
        wanted &= pl.col("checks").list.contains(kept.check)
    elif not kept.notes:
        wanted &= pl.col("grave")
    if kept.hazard is not None:
        wanted &= pl.col("touched") == kept.hazard
    if kept.least:
        wanted &= pl.col("hazard_score") >= kept.least
    return rows.filter(wanted)


def _looked_at(audit: Audit, check: str | None) -> pl.DataFrame:
    """The findings whose rows are wanted: `check`, `subject`, `finding` (its number) and `grave`."""
    found = [
        (each.id, each.subject or "", number, each.severity not in ("pass", "note"))
        for number, each in enumerate(audit.findings)
        if _is_wanted(each, check)
    ]
    schema = {"check": pl.String, "subject": pl.String, "finding": pl.UInt32, "grave": pl.Boolean}
    listed = pl.DataFrame(found, schema=schema, orient="row")
    there = audit.flagged.select("check").unique().collect()["check"]
    if check is not None and check not in there:
        raise UsageError(
            f"{audit.folder}: no row is flagged by {check!r}; checks that do: {', '.join(sorted(there)) or 'none'}"
        )
    if not listed["check"].is_in(there.to_list()).any():
        raise UsageError(f"{audit.folder}: no finding flags a row, so there is nothing to review")
    return listed


def _is_wanted(finding: Finding, check: str | None) -> bool:
    return finding.counts and (finding.severity != "pass" or finding.id == check)


def _places(audit: Audit) -> pl.LazyFrame:
    texts = pl.sum_horizontal("prompt_chars", "response_chars")
    touched = pl.when("hazardous").then("hazard")
    return audit.annotations.with_columns(touched=touched, chars=texts).select(_PLACE)
