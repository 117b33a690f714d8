"""The rows behind the findings, as columns of one table."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import polars as pl

from mixguard.escape import one_line, plain
from mixguard.report.html.embedded import short_names, weight
from mixguard.run.document import Audit
from mixguard.run.findings import Finding
from mixguard.run.texts import read_texts

MOST = 2000
"""Rows listed in total."""
TEXT_SHOWN = 500
"""Characters of a prompt or a response."""
TEXT_BYTES = 800_000
"""Bytes of text in total, as encoded in the page."""


class Listed(NamedTuple):
    """The table."""

    columns: dict[str, Any]
    """Name to values, all of the same height, and `sources`, the names that `source` indexes."""
    height: int
    left_out: int
    """Rows of findings that are not listed; the annotations have them."""
    with_text: int | None
    """Rows with their texts; None if no texts were requested."""


def label(finding: Finding) -> str:
    """What identifies a finding: its id, and its subject if it has one."""
    return f"{finding.id} {one_line(finding.subject)}" if finding.subject else finding.id


def collect(audit: Audit, *, show_text: bool) -> Listed:
    """Rows of all findings, gravest first.

    Args:
        audit: to report.
        show_text: add columns `prompt` and `response`, if the files still exist.
    """
    findings = [finding for finding in audit.findings if finding.severity != "pass" and finding.samples]
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
    columns["sources"] = short_names(sources.to_list())
    columns["source"] = (
        joined["source"].replace_strict(sources, range(len(sources)), return_dtype=pl.Int64).to_list()
    )
    with_text = None
    if show_text:
        texts = _texts(audit, joined)
        with_text = sum(prompt is not None for prompt in texts["prompt"])
        columns |= texts
    found = sum(finding.count for finding in findings)
    return Listed(columns, joined.height, found - joined.height, with_text)


_EXCHANGE = ["sample_id", "exchange"]
_COLUMNS = ("finding", "sample_id", "line", "hazard", "score", "stance", "language", "format", "hazard_score")
_SAMPLE = {
    "finding": pl.String,
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
                sample.sample_id,
                sample.exchange,
                sample.source,
                sample.line,
                sample.score,
            )


def _texts(audit: Audit, listed: pl.DataFrame) -> dict[str, list[str | None]]:
    texts = read_texts(audit, listed["sample_id"].unique().to_list())
    joined = listed.join(texts, on=_EXCHANGE, how="left", maintain_order="left")
    found: dict[str, list[str | None]] = {"prompt": [], "response": []}
    left = TEXT_BYTES
    for prompt, response in joined.select("prompt", "response").iter_rows():
        shown = [None if text is None else plain(text[:TEXT_SHOWN]) for text in (prompt, response)]
        left -= sum(weight(text) for text in shown if text is not None)
        for name, text in zip(found, shown, strict=True):
            found[name].append(text if left >= 0 else None)
    return found
