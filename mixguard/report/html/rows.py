"""The rows that findings rest on, as columns for one table, and the records that could not be read."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import orjson
import polars as pl

from mixguard import run_folder
from mixguard._audit import Audit
from mixguard.checks.base import Finding
from mixguard.explain import read_texts
from mixguard.report.escape import plain

MOST = 2000
"""Rows listed in all."""
TEXT_SHOWN = 500
"""Characters of a prompt or a response."""
TEXT_BYTES = 1_000_000
"""Bytes of text in all."""
NAME_SHOWN = 120
"""Characters of a file's name; the end tells more than the beginning."""
QUARANTINED = 100


class Listed(NamedTuple):
    """The table."""

    columns: dict[str, Any]
    """Name to values, all of the same height, and `sources`, the names that `source` counts into."""
    height: int
    left_out: int
    """Rows of findings that are listed nowhere; the annotations have them."""
    has_text: bool


def collect(audit: Audit, *, show_text: bool) -> Listed:
    """Rows of all findings, gravest first.

    Args:
        audit: what is told.
        show_text: add columns `prompt` and `response`, where the files are still there.
    """
    findings = [finding for finding in audit.findings if finding.severity != "pass" and finding.samples]
    listed = pl.DataFrame(list(_samples(findings)), schema=_SAMPLE, orient="row").head(MOST)
    seen = audit.annotations.select(
        "sample_id",
        "exchange",
        "stance",
        "language",
        "format",
        pl.col("hazard_score").round(3),
        # Every prompt has a nearest hazard; it is worth naming only where the prompt touches it.
        pl.when("hazardous").then("hazard").alias("hazard"),
    )
    joined = listed.lazy().join(seen, on=_EXCHANGE, how="left", maintain_order="left").collect()
    sources = joined["source"].unique(maintain_order=True)
    columns: dict[str, Any] = {name: joined[name].to_list() for name in _COLUMNS}
    columns["sources"] = [short_name(name) for name in sources]
    columns["source"] = (
        joined["source"].replace_strict(sources, range(len(sources)), return_dtype=pl.Int64).to_list()
    )
    if show_text:
        columns |= _texts(audit, joined)
    found = sum(finding.count for finding in findings)
    return Listed(columns, joined.height, found - joined.height, show_text)


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
                finding.id,
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
        left -= sum(len(text.encode("utf-8", "replace")) for text in shown if text is not None)
        for name, text in zip(found, shown, strict=True):
            found[name].append(text if left >= 0 else None)
    return found


def short_name(name: str) -> str:
    """A file's name, cleaned, its beginning left out where it is long."""
    cleaned = plain(name)
    return cleaned if len(cleaned) <= NAME_SHOWN else f"…{cleaned[1 - NAME_SHOWN :]}"


class Unread(NamedTuple):
    """A record in quarantine."""

    place: str
    reason: str
    size: int


def quarantined(audit: Audit) -> list[Unread]:
    """The first records that could not be read."""
    file = audit.folder / run_folder.QUARANTINE
    found: list[Unread] = []
    if file.is_file():
        with file.open("rb") as stream:
            for _, line in zip(range(QUARANTINED), stream, strict=False):
                entry = orjson.loads(line)
                found.append(
                    Unread(f"{short_name(entry['source'])}:{entry['line']}", entry["reason"], entry["bytes"])
                )
    return found
