"""What a service that tunes models is documented to reject, or to leave out, in this corpus."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import polars as pl

from mixguard.checks.base import Case, Check, Evidence, Judged, Rate
from mixguard.checks.terms import COMPLIES, HAZARDOUS
from mixguard.library.provider import Measure, Rule
from mixguard.run.findings import Severity

Hits = Callable[[Rule, Evidence], pl.Expr]
FIRST = pl.col("exchange") == 0
"""One exchange of each sample."""


class _Measured(NamedTuple):
    """How one kind of rule is measured."""

    measure: Measure
    among: pl.Expr
    hits: Hits
    """Which of them break the rule."""
    say: Callable[[Rate, Rule, Evidence], str]
    severity: Severity = "warn"
    flag: str | None = None


def _whole(breaks: Callable[[Rule, Evidence], bool]) -> Hits:
    """All samples or none."""
    return lambda rule, evidence: pl.lit(breaks(rule, evidence))


def _value(rule: Rule) -> float:
    return rule.value or 0.0


def _exactly(rate: Rate, what: str) -> str:
    return f"{rate.count:,} of {rate.total:,} {what}"


def _count(_: Rate, rule: Rule, evidence: Evidence) -> str:
    return f"{evidence.corpus.samples:,} sample{'' if evidence.corpus.samples == 1 else 's'}"


def _filtered(rate: Rate, rule: Rule, evidence: Evidence) -> str:
    own = [row for row in evidence.coverage if row.hazard in rule.hazards]
    answered = sum(row.full_compliance for row in own)
    touch = "exchange touches" if rate.count == 1 else "exchanges touch"
    listed = ", ".join(f"{code} {number}" for code, number in rate.commonest)
    return f"{rate.count:,} {touch} what it screens ({listed}), {answered:,} of them answered"


MEASURED: tuple[_Measured, ...] = (
    _Measured("least-samples", FIRST, _whole(lambda rule, e: e.corpus.samples < _value(rule)), _count),
    _Measured("most-samples", FIRST, _whole(lambda rule, e: e.corpus.samples > _value(rule)), _count),
    _Measured(
        "most-bytes",
        FIRST,
        _whole(lambda rule, e: e.corpus.read_bytes > _value(rule)),
        lambda _, rule, e: f"{e.corpus.read_bytes / 1e6:,.0f} MB of samples",
    ),
    _Measured(
        "formats",
        FIRST,
        lambda rule, _: ~pl.col("format").is_in(rule.formats),
        lambda rate, *_: f"{_exactly(rate, 'samples')} in another format",
    ),
    _Measured(
        "turns",
        FIRST,
        lambda *_: pl.col("flags").list.contains("lf_drop"),
        lambda rate, *_: f"{_exactly(rate, 'samples')} out of turn, or unanswered at the end",
    ),
    _Measured(
        "answers",
        FIRST,
        lambda *_: pl.col("flags").list.contains("no_trained_turn"),
        lambda rate, *_: f"{_exactly(rate, 'samples')} without an answer that is trained on",
    ),
    _Measured(
        "longest",
        pl.lit(value=True),
        lambda rule, _: (
            pl.col("prompt_chars").fill_null(0) + pl.col("response_chars").fill_null(0) > _value(rule)
        ),
        lambda rate, *_: f"{_exactly(rate, 'exchanges')} too long",
    ),
    _Measured(
        "filter",
        pl.col("hazard_score").is_not_null(),
        lambda rule, _: HAZARDOUS & pl.col("hazard").is_in(rule.hazards),
        _filtered,
        severity="note",
    ),
)


def _case(measured: _Measured) -> Case:
    def rule_of(evidence: Evidence) -> Rule | None:
        return evidence.provider.rule.get(measured.measure) if evidence.provider else None

    def marked(frame: pl.LazyFrame, evidence: Evidence) -> pl.LazyFrame:
        rule = rule_of(evidence)
        if rule is None:  # nothing need be read
            return frame.limit(0).with_columns(provider_hit=pl.lit(value=False))
        return frame.with_columns(provider_hit=measured.hits(rule, evidence).fill_null(value=False))

    def judge(rate: Rate, evidence: Evidence) -> Judged:
        rule, provider = rule_of(evidence), evidence.provider
        if rule is None or provider is None or not rate.count:
            return Judged("pass", "the rule holds")
        said = measured.say(rate, rule, evidence)
        verb = "screens" if measured.measure == "filter" else "asks for"
        said += "" if measured.measure == "filter" else f"; it asks for {rule.asks}"
        said += "; its threshold is unpublished" if rule.unpublished else ""
        why = f"{provider.name} {verb} {rule.asks}: {rule.effect}."
        source = f"{rule.source} (read {provider.read})"
        return Judged(
            _gravity(measured, rule, evidence),
            f"{provider.name}: {said}",
            why=why,
            source=source,
            remedy=rule.remedy or REMEDIES[measured.measure],
        )

    return Case(
        among=measured.among,
        flags=pl.col("provider_hit"),
        judge=judge,
        by=pl.col("hazard") if measured.measure == "filter" else None,
        rank="hazard_score" if measured.measure == "filter" else None,
        over=marked,
        subject=measured.measure,
    )


def _gravity(measured: _Measured, rule: Rule, evidence: Evidence) -> Severity:
    """A filter may let refusals through; answers are what it is there for."""
    answered = (
        measured.measure == "filter"
        and evidence.frame.filter(HAZARDOUS & COMPLIES & pl.col("hazard").is_in(rule.hazards))
        .head(1)
        .collect()
        .height
    )
    return "warn" if answered else measured.severity


REMEDIES: dict[Measure, str] = {
    "least-samples": "Add examples.",
    "most-samples": "Train on a part of the corpus, or ask for a higher quota.",
    "most-bytes": "Split the file or leave fields out.",
    "formats": "Write the samples in a format it takes; docs/formats.md has them.",
    "turns": "Merge consecutive messages of one role, and end each sample with the assistant.",
    "answers": "Add an answer, or leave the samples out.",
    "longest": "Shorten or split the exchanges.",
    "filter": "Set answered hazards aside (`mixguard rebalance`). Refusals of such requests can trip a filter too: if a job fails, take milder prompts of the same hazard.",
}


def _nothing(evidence: Evidence) -> str:
    if evidence.provider is None:
        return "not measured: name the provider with --provider"
    rules = len(evidence.provider.rule)
    known = "the one documented rule" if rules == 1 else f"any of the {rules} documented rules"
    return f"{evidence.provider.name}: no sample breaks {known} that can be measured"


PROVIDER_CHECK = Check(
    id="MG234",
    name="provider-rules",
    kind="reading",
    severities=("note", "warn"),
    cases=tuple(map(_case, MEASURED)),
    nothing=_nothing,
    why="A service rejects, strips or stops at rows that its rules forbid, so it would not train on what was audited.",
    source="the provider's documentation, cited with each rule; docs/training-plan.md lists them",
    remedy="Fix the listed rows, or choose another provider.",
)
