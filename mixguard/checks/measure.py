"""Counting for all checks: rates, intervals, samples, and the rows behind each finding."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import polars as pl

from mixguard.checks.base import Case, Check, Evidence, Rate, Told
from mixguard.run.findings import Finding, SampleRef
from mixguard.stats import Interval, corrected, pooled, wilson

COMMONEST = 5
PLACE = ("source", "line", "exchange")


class Found(NamedTuple):
    """A finding and the rows behind it."""

    finding: Finding
    rows: pl.LazyFrame | None = None
    """Columns `sample_id`, `exchange`, `score`; None if it is not about exchanges."""


def named(samples: Sequence[str]) -> pl.Expr:
    """Rows whose sample id or text id is one of these."""
    return pl.col("sample_id").is_in(samples) | pl.col("text_id").is_in(samples)


def found(
    check: Check, evidence: Evidence, left_out: Sequence[str] = (), samples: int | None = None
) -> list[Found]:
    """Run a check.

    Args:
        check: the check.
        evidence: what it looks at.
        left_out: ids of allowed samples or texts: in the total, but not counted.
        samples: rows listed with a finding; None for the configured number.
    """
    if check.find is not None:
        return [Found(check.finding(check.find(evidence)))]
    listed = evidence.config.samples if samples is None else samples
    results = [_measured(check, case, evidence, left_out, listed) for case in check.cases]
    if check.nothing is None:
        return results
    counting = [result for result in results if result.finding.count]
    limit = evidence.limits.get(check.id) if check.limit else None
    nothing = Told("pass", check.nothing, 0, evidence.corpus.samples, limit=limit)
    return counting or [Found(check.finding(nothing))]


def meant(check: Check, evidence: Evidence) -> Iterator[pl.LazyFrame]:
    """All rows that each case of a check flags, allowed ones included."""
    for case in check.cases:
        yield _over(case, evidence).filter(case.among & case.flags)


def _over(case: Case, evidence: Evidence) -> pl.LazyFrame:
    return case.over(evidence.frame, evidence) if case.over else evidence.frame


def _measured(check: Check, case: Case, evidence: Evidence, left_out: Sequence[str], samples: int) -> Found:
    frame = _over(case, evidence)
    flagged = case.among & case.flags
    counted = flagged & ~named(left_out) if left_out else flagged
    marks = frame.select("exchange", a=case.among, b=flagged, c=counted)  # a constant is as long as the frame
    total, every, count = map(int, marks.select(pl.col("a", "b", "c").sum()).collect().row(0))
    if case.flag is not None:
        count += evidence.corpus.flags.get(case.flag, 0) - every
        total = evidence.corpus.samples
    rows = frame.filter(counted)
    rate = Rate(
        count=count,
        total=total,
        interval=_interval(frame, case, evidence, count, total),
        limit=evidence.limits.get(check.id, 0.0),
        commonest=_commonest(rows, case.by) if case.by is not None and count else (),
    )
    judged = case.judge(rate, evidence)
    limit = judged.limit if judged.limit is not None else rate.limit if check.limit else None
    refs = sample_refs(rows, samples, case.rank) if samples and count else ()
    told = Told(judged.severity, judged.message, count, total, rate.interval, limit, refs)
    return Found(check.finding(told, case), rows.select("sample_id", "exchange", _score(case.rank)))


def _interval(frame: pl.LazyFrame, case: Case, evidence: Evidence, count: int, total: int) -> Interval:
    """The interval of a rate, corrected for the detector's error on the kinds of text that were looked at."""
    confidence = evidence.config.confidence
    if case.errors is None:
        return wilson(count, total, confidence)
    kinds = frame.filter(case.among & pl.col("text_kind").is_not_null()).group_by("text_kind").len().collect()
    return corrected(
        count, total, pooled(case.errors(evidence.detectors), dict(kinds.iter_rows())), confidence
    )


def _commonest(rows: pl.LazyFrame, by: pl.Expr) -> tuple[tuple[str, int], ...]:
    counted = rows.select(by.alias("by")).group_by("by").len()
    ranked = counted.sort("len", "by", descending=[True, False]).head(COMMONEST).collect()
    return tuple((str(name), int(count)) for name, count in ranked.iter_rows())


def sample_refs(rows: pl.LazyFrame, limit: int, rank: str | None = None) -> tuple[SampleRef, ...]:
    """The first `limit` rows, highest `rank` first where one is named, else in corpus order."""
    order = [rank, *PLACE] if rank else list(PLACE)
    ordered = rows.sort(order, descending=[name == rank for name in order])
    columns = ["sample_id", "exchange", "source", "line", "text_id", "hazard"]
    listed = ordered.head(limit).select(*columns, _score(rank)).collect()
    return tuple(SampleRef(**row) for row in listed.iter_rows(named=True))


def _score(rank: str | None) -> pl.Expr:
    value = pl.col(rank).cast(pl.Float64).round(4) if rank else pl.lit(None, pl.Float64)
    return value.alias("score")
