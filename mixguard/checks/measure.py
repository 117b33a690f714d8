"""Counting for all checks: rates, intervals, samples, and the rows behind each finding."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple

import polars as pl

from mixguard.checks.base import Case, Check, Evidence, Rate, Told
from mixguard.run.findings import Finding, SampleRef
from mixguard.stats import Interval, corrected, pooled, wilson

COMMONEST = 5
EXCHANGE = "exchange"
PLACE = ("source", "line", EXCHANGE)


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
    results = [_measured(check, seen, evidence, listed) for seen in _seen(check.cases, evidence, left_out)]
    if check.nothing is None:
        return results
    counting = [result for result in results if result.finding.count]
    message = check.nothing if isinstance(check.nothing, str) else check.nothing(evidence)
    nothing = Told("pass", message, 0, evidence.corpus.samples, limit=evidence.limits.get(check.id))
    return counting or [Found(check.finding(nothing))]


def meant(check: Check, evidence: Evidence) -> Iterator[pl.LazyFrame]:
    """All rows that each case of a check flags, allowed ones included."""
    for case in check.cases:
        yield _over(case, evidence).filter(case.among & case.flags)


def _over(case: Case, evidence: Evidence) -> pl.LazyFrame:
    return case.over(evidence.frame, evidence) if case.over else evidence.frame


class _Seen(NamedTuple):
    """A case, the rows that it flags, and how many there are."""

    case: Case
    frame: pl.LazyFrame
    rows: pl.LazyFrame
    total: int
    flagged: int


def _seen(cases: Sequence[Case], evidence: Evidence, left_out: Sequence[str]) -> Iterator[_Seen]:
    """Every case, counted in one pass over each frame that they look at."""
    frames = {case.over: _over(case, evidence) for case in cases}
    flagged = [case.among & case.flags for case in cases]
    counted = [each & ~named(left_out) for each in flagged] if left_out else flagged
    counts: dict[str, int] = {}
    for over, frame in frames.items():
        mine = [number for number, case in enumerate(cases) if case.over is over]
        marks = frame.select(
            EXCHANGE,  # a constant is as long as the frame
            *(cases[number].among.alias(f"a{number}") for number in mine),
            *(flagged[number].alias(f"b{number}") for number in mine),
            *(counted[number].alias(f"c{number}") for number in mine),
        )
        counts |= marks.select(pl.exclude(EXCHANGE).sum()).collect(engine="streaming").row(0, named=True)
    for number, case in enumerate(cases):
        total, every, count = (int(counts[f"{name}{number}"]) for name in "abc")
        if case.flag is not None:
            count += evidence.corpus.flags.get(case.flag, 0) - every
            total = evidence.corpus.samples
        frame = frames[case.over]
        yield _Seen(case, frame, frame.filter(counted[number]), total, count)


def _measured(check: Check, seen: _Seen, evidence: Evidence, samples: int) -> Found:
    case, frame, rows, total, count = seen
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
    own = {name: said for name in ("why", "source", "remedy") if (said := getattr(judged, name)) is not None}
    return Found(
        check.finding(told, replace(case, **own)), rows.select("sample_id", "exchange", _score(case.rank))
    )


def _interval(frame: pl.LazyFrame, case: Case, evidence: Evidence, count: int, total: int) -> Interval:
    """The interval of a rate, corrected for the detector's error on the kinds of text that were looked at."""
    confidence = evidence.config.confidence
    if case.errors is None:
        return wilson(count, total, confidence)
    kinds = (
        frame.filter(case.among & pl.col("text_kind").is_not_null())
        .group_by("text_kind")
        .len()
        .collect(engine="streaming")
    )
    return corrected(
        count, total, pooled(case.errors(evidence.detectors), dict(kinds.iter_rows())), confidence
    )


def _commonest(rows: pl.LazyFrame, by: pl.Expr) -> tuple[tuple[str, int], ...]:
    counted = rows.select(by.alias("by")).group_by("by").len()
    ranked = counted.sort("len", "by", descending=[True, False]).head(COMMONEST).collect(engine="streaming")
    return tuple((str(name), int(count)) for name, count in ranked.iter_rows())


def sample_refs(rows: pl.LazyFrame, limit: int, rank: str | None = None) -> tuple[SampleRef, ...]:
    """The first `limit` rows, highest `rank` first where one is named, else in corpus order."""
    order = [*([rank] if rank else []), *PLACE, "sample_id"]  # several samples may share a line
    ordered = rows.sort(order, descending=[name == rank for name in order])
    columns = ["sample_id", "exchange", "source", "line", "text_id", "hazard"]
    listed = ordered.head(limit).select(*columns, _score(rank)).collect(engine="streaming")
    return tuple(SampleRef(**row) for row in listed.iter_rows(named=True))


def _score(rank: str | None) -> pl.Expr:
    value = pl.col(rank).cast(pl.Float64).round(4) if rank else pl.lit(None, pl.Float64)
    return value.alias("score")
