"""The contract of every check, over arbitrary rows; a new signal is covered without changing this file."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, NamedTuple

import polars as pl
import pytest
from building import (
    ANNOTATIONS,
    TODAY,
    Row,
    allow,
    baseline,
    checked,
    evidence,
    flat,
    placed,
    row,
    some_samples,
)
from conftest import examples
from hypothesis import given
from hypothesis import strategies as st

from mixguard.catalogue import ASIDES, CHECKS, limits
from mixguard.checks.base import Check
from mixguard.checks.reading import ALLOW_FILE
from mixguard.checks.run import Checked
from mixguard.config import Config
from mixguard.run.findings import Finding
from mixguard.run.folder import FLAGGED_COLUMNS

Samples = list[list[Row]]
every_check = pytest.mark.parametrize("check", CHECKS, ids=[check.id for check in CHECKS])
few = examples(5)
corpora = st.fixed_dictionaries(
    {},
    optional={
        "quarantined": st.sampled_from([{"not JSON": 1}, {"not JSON": 90, "too long": 2}]),
        "formats": st.just({"data.jsonl": {"alpaca": 3, "openai_chat": 7}, "b.jsonl": {"alpaca": 1}}),
    },
)
"""Properties of a corpus that rows do not show."""


class Seen(NamedTuple):
    """What a check found, as comparable values."""

    findings: tuple[Finding, ...]
    allowed: tuple[Any, ...]
    rows: list[tuple[Any, ...]]


def seen(result: Checked) -> Seen:
    return Seen(result.findings, result.allowed, sorted(result.flagged.collect().rows(), key=str))


def rows_of(result: Checked, finding: Finding) -> pl.DataFrame:
    own = pl.col("check").eq(finding.id) & pl.col("subject").eq_missing(pl.lit(finding.subject, pl.String))
    return result.flagged.filter(own).collect()


@every_check
@few
@given(samples=some_samples, earlier=some_samples, corpus=corpora)
def test_it_is_pure(check: Check, samples: Samples, earlier: Samples, corpus: dict[str, Any]) -> None:
    now, known = evidence(flat(samples), **corpus), baseline(evidence(flat(earlier)), checks=[check])
    entries = [allow(check.id)] if check.id != ALLOW_FILE else []
    before = now.frame.collect()
    first = seen(checked(now, *entries, before=known, checks=[check]))
    assert seen(checked(now, *entries, before=known, checks=[check])) == first
    assert now.frame.collect().equals(before)


@every_check
@few
@given(samples=some_samples, corpus=corpora, data=st.data())
def test_it_does_not_depend_on_row_order(
    check: Check, samples: Samples, corpus: dict[str, Any], data: st.DataObject
) -> None:
    rows = placed(flat(samples))
    turned = data.draw(st.permutations(rows))
    one, other = (checked(evidence(each, **corpus), checks=[check]) for each in (rows, turned))
    assert seen(one) == seen(other)


@every_check
@few
@given(samples=some_samples, corpus=corpora)
def test_its_count_is_the_number_of_flagged_rows_and_its_samples_are_among_them(
    check: Check, samples: Samples, corpus: dict[str, Any]
) -> None:
    now = evidence(flat(samples), Config.load(values={"checks.samples": 3}), **corpus)
    result = checked(now, checks=[check])
    there = set(now.frame.select("sample_id", "exchange").collect().rows())
    assert result.flagged.collect_schema() == FLAGGED_COLUMNS
    assert sum(rows_of(result, finding).height for finding in result.findings) == len(seen(result).rows)
    for finding in result.findings:
        assert 0 <= finding.count <= finding.total
        if not check.cases:
            assert rows_of(result, finding).is_empty()
            continue
        rows = rows_of(result, finding).select("sample_id", "exchange").rows()
        assert len(set(rows)) == len(rows) == finding.count
        assert set(rows) <= there
        listed = [(ref.sample_id, ref.exchange) for ref in finding.samples]
        assert set(listed) <= set(rows)
        assert len(set(listed)) == len(listed) == min(3, len(rows))
        scores = [ref.score for ref in finding.samples if ref.score is not None]
        assert scores == sorted(scores, reverse=True)


@every_check
@few
@given(samples=some_samples, texts=st.booleans(), whole=st.booleans(), data=st.data())
def test_it_does_not_flag_allowed_rows(
    check: Check, samples: Samples, texts: bool, whole: bool, data: st.DataObject
) -> None:
    now = evidence(flat(samples))
    name = "text_id" if texts else "sample_id"
    before = checked(now, checks=[check])
    named = now.frame.select("sample_id", "exchange", pl.col(name).alias("named")).collect()
    flagged = before.flagged.collect().join(named, on=["sample_id", "exchange"])
    ids = sorted({*flagged["named"]}) or sorted({*named["named"]})
    if not ids:
        return
    chosen = data.draw(st.sampled_from(ids))
    entry = allow(None if whole or check.id == ALLOW_FILE else check.id, sample=chosen)
    after = checked(now, entry, checks=[check])
    left = after.flagged.collect().join(named, on=["sample_id", "exchange"])
    assert chosen not in left["named"].to_list()
    out = flagged.filter(pl.col("named") == chosen)
    assert left.height == flagged.height - out.height
    if check.id != ALLOW_FILE:
        assert after.allowed[0].state == ("unused" if out.is_empty() else "used")
        assert after.allowed[0].exchanges == out.select("sample_id", "exchange").unique().height


@every_check
@few
@given(
    samples=some_samples,
    corpus=corpora,
    limit=st.sampled_from(["least", "default", "most"]),
    expired=st.booleans(),
)
def test_its_findings_have_its_kind_words_and_severities(
    check: Check, samples: Samples, corpus: dict[str, Any], limit: str, expired: bool
) -> None:
    values = {f"checks.limits.{check.id}": getattr(check.limit, limit)} if check.limit else {}
    entries = [allow("MG103", expires=TODAY - timedelta(days=1)), allow(sample="ab" * 8)]
    now = evidence(flat(samples), Config.load(values=values), **corpus)
    findings = checked(now, *entries[0 if expired else 1 :], checks=[check]).findings
    assert findings
    assert len({finding.subject for finding in findings}) == len(findings)
    for finding in findings:
        assert (finding.id, finding.name, finding.kind) == (check.id, check.name, check.kind)
        assert finding.severity == "pass" or finding.severity in check.severities
        assert (finding.limit_option is not None) is (check.limit is not None)
        assert all((finding.message, finding.why, finding.source, finding.remedy))
        if finding.interval is not None:
            assert 0 <= finding.interval.low <= finding.interval.high <= 1


@every_check
def test_its_id_and_name_are_unique(check: Check) -> None:
    assert [other for other in CHECKS if other.id == check.id or other.name == check.name] == [check]
    assert all((check.why, check.source, check.remedy, check.severities))
    assert bool(check.cases) is not bool(check.find)


@every_check
def test_its_limit_option_sets_the_limit(check: Check) -> None:
    def decided(config: Config) -> Finding:
        return checked(evidence([row()], config), checks=[check]).findings[0]

    plain = decided(Config())
    if check.limit is None:
        assert plain.limit_option is None
        return
    assert plain.limit_option is not None
    for value in (check.limit.least, check.limit.default, check.limit.most):
        config = Config.load(values={plain.limit_option: value})
        assert limits(config.checks)[check.id] == value
        assert (decided(config).limit == plain.limit) is (value == check.limit.default)


@every_check
def test_it_handles_an_empty_corpus(check: Check) -> None:
    result = checked(evidence([]), checks=[check])
    (finding,) = result.findings
    assert (finding.count, finding.samples) == (0, ())
    assert result.flagged.collect().is_empty()


@every_check
def test_rows_it_can_set_aside_have_a_rule_name_and_a_score(check: Check) -> None:
    if check.aside is None:
        return
    assert check.cases
    assert ASIDES[check.aside.name] == (check, check.aside)
    assert check.aside.sure is None or ANNOTATIONS[check.aside.sure].is_float()
