"""The rows behind the findings, as columns that the page's script shows as cards."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple, get_args

import polars as pl

from mixguard.escape import one_line
from mixguard.report.html.embedded import short_names
from mixguard.report.html.spoken import spoken
from mixguard.run.document import Audit
from mixguard.run.findings import GRAVITY, Finding, Kind

MOST = 2000
"""Rows listed in total."""


class Listed(NamedTuple):
    """The rows."""

    columns: dict[str, Any]
    """Name to values, all of the same height; `sources`, the names that `source` indexes; `titles` of the findings."""
    height: int
    left_out: int
    """Rows of findings that are not listed; the annotations have them."""
    with_text: int | None
    """Rows with their texts; None if no texts were requested."""


def label(finding: Finding) -> str:
    """What identifies a finding: its id, and its subject if it has one."""
    return f"{finding.id} {one_line(finding.subject)}" if finding.subject else finding.id


def gravest(findings: tuple[Finding, ...]) -> list[Finding]:
    """What did not pass: what counts first, then by severity, then by kind, harm first."""
    there = (finding for finding in findings if finding.severity != "pass")
    kinds = get_args(Kind)
    return sorted(
        there,
        key=lambda finding: (not finding.counts, -GRAVITY.index(finding.severity), kinds.index(finding.kind)),
    )


def collect(audit: Audit, *, show_text: bool) -> Listed:
    """Rows of all findings, gravest first.

    Args:
        audit: to report.
        show_text: add columns `prompt`, `response` and `system`, in pieces, if the files still exist.
    """
    findings = [finding for finding in gravest(audit.findings) if finding.samples]
    listed = pl.DataFrame(list(_samples(findings)), schema=_SAMPLE, orient="row").head(MOST)
    mine = pl.col("sample_id").is_in(listed["sample_id"].unique().to_list())
    seen = audit.annotations.filter(mine).select(
        "sample_id",
        "exchange",
        "stance",
        "language",
        "format",
        pl.col("hazard_score").round(3),
        # Every prompt has a nearest hazard; name it only if the prompt touches it.
        pl.when("hazardous").then("hazard").alias("hazard"),
    )
    joined = listed.lazy().join(seen, on=_EXCHANGE, how="left", maintain_order="left").collect()
    sources = joined["source"].unique(maintain_order=True)
    columns: dict[str, Any] = {name: joined[name].to_list() for name in _COLUMNS}
    columns["titles"] = {label(finding): finding.name.replace("-", " ") for finding in findings}
    columns["sources"] = short_names(sources.to_list())
    columns["source"] = (
        joined["source"].replace_strict(sources, range(len(sources)), return_dtype=pl.Int64).to_list()
    )
    with_text = None
    if show_text:
        texts = spoken(audit, joined)
        with_text = sum(prompt is not None for prompt in texts["prompt"])
        columns |= texts
    found = sum(finding.count for finding in findings)
    return Listed(columns, joined.height, found - joined.height, with_text)


_EXCHANGE = ["sample_id", "exchange"]
_COLUMNS = ("finding", "sample_id", "line", "hazard", "score", "stance", "language", "format", "hazard_score")
_SAMPLE = {
    "finding": pl.String,
    "check": pl.String,
    "sample_id": pl.String,
    "exchange": pl.UInt32,
    "source": pl.String,
    "line": pl.Int64,
    "score": pl.Float64,
}


def _samples(findings: list[Finding]) -> Iterator[tuple[Any, ...]]:
    for finding in findings:
        for sample in finding.samples:
            yield (
                label(finding),
                finding.id,
                sample.sample_id,
                sample.exchange,
                sample.source,
                sample.line,
                sample.score,
            )
