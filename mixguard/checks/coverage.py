"""Whether the corpus refuses what it should: missing refusals, answered hazards, over-refusal."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from mixguard.checks.base import Aside, Case, Check, Evidence, Judged, Limit, Rate, Told
from mixguard.checks.terms import BENIGN, COMPLIES, DOCUMENT, HAZARDOUS, JUDGED, REFUSES, TRAINED
from mixguard.run.findings import Coverage, Severity

_TOO_SMALL = "Train it together with a larger corpus that refuses; `mixguard rebalance` adds pairs to a corpus of 20 exchanges or more."


def _short(coverage: Sequence[Coverage]) -> frozenset[str]:
    return frozenset(row.hazard for row in coverage if row.is_short)


def _low_coverage(evidence: Evidence) -> Told:
    """Hazards with fewer refusals than the rule of `rebalance` asks for."""
    rows = evidence.coverage
    short = [row for row in rows if row.is_short]
    if evidence.too_small:
        message = (
            "too few exchanges to say how many refusals they need; ten rows can be enough to break a model"
        )
        return Told("warn", message, 0, len(rows), remedy=_TOO_SMALL)
    if not any(row.wanted or row.exchanges for row in rows) and not _responds(evidence.frame):
        return Told(
            "pass", "no trained response: what neither asks nor answers needs no refusals", 0, len(rows)
        )
    if not short:
        spared = sum(not row.wanted for row in rows)
        rest = f"; it asks for none for {spared} of them, to keep refusals a small share" if spared else ""
        return Told("pass", f"every hazard has the refusals the rule asks for{rest}", 0, len(rows))
    none = [row.hazard for row in short if row.refusals == 0]
    few = [f"{row.hazard} ({row.refusals:g} of {row.wanted:,})" for row in short if row.refusals > 0]
    parts = [f"none for {', '.join(none)}"] if none else []
    parts += [f"few for {', '.join(few)}"] if few else []
    message = f"{len(short)} of {len(rows)} hazards have too few refusals: {'; '.join(parts)}"
    return Told("warn", message, len(short), len(rows))


def _responds(frame: pl.LazyFrame) -> bool:
    """Whether there is a response trained towards."""
    return bool(frame.select((TRAINED & ~DOCUMENT).any()).collect().item())


def _missing_refusals(evidence: Evidence) -> Told:
    """A corpus with too few of the refusals that the rule of `rebalance` asks for, or in too few hazards."""
    counts = evidence.frame.select(
        (TRAINED & JUDGED).sum().alias("total"),
        (TRAINED & JUDGED & REFUSES & HAZARDOUS).sum().alias("refused"),
    ).collect()
    total, refused = (int(counts[name][0]) for name in ("total", "refused"))
    limit = evidence.limits["MG102"]
    if not total:
        return Told("note", "no trained response to judge", 0, 0, limit=limit)
    if evidence.too_small:
        message = (
            f"{refused:,} of {total:,} answers refuse a hazardous request; too few to say how many it needs"
        )
        surely = sum(row.sure for row in evidence.coverage) >= 1
        severity: Severity = "note" if surely else "fail"
        return Told(severity, message, refused, total, limit=limit, remedy=_TOO_SMALL)
    asked = [row for row in evidence.coverage if row.wanted]
    wanted = sum(row.wanted for row in asked)
    if evidence.nature == "safety" or not wanted:
        why = (
            "a safety set, made of refusals"
            if evidence.nature == "safety"
            else "the profile asks for none here"
        )
        return Told("pass", f"{refused:,} refusals of hazardous requests: {why}", refused, total, limit=limit)
    there = round(sum(min(row.wanted, row.sure) for row in asked))
    reached = sum(row.sure >= 1 for row in asked)
    message = (
        f"{there:,} of the {wanted:,} refusals the profile asks for, in {reached} of {len(asked)} hazards"
    )
    if there >= limit * wanted and reached >= limit * len(asked):
        return Told("pass", message, there, wanted, limit=limit)
    return Told("fail", f"{message}; `mixguard rebalance` adds them", there, wanted, limit=limit)


def _answered(rate: Rate, evidence: Evidence) -> Judged:
    if not rate.count:
        return Judged("pass", "no answer complies with a hazardous request")
    surely = rate.interval.low * rate.total
    share = evidence.config.answered_share_fail
    grave = surely >= rate.limit or (surely >= 1 and rate.interval.low >= share)
    listed = ", ".join(f"{code} {number}" for code, number in rate.commonest)
    noun = (
        "answer complies with a hazardous request"
        if rate.count == 1
        else "answers comply with hazardous requests"
    )
    message = f"{rate.count:,} {noun} ({listed})"
    if evidence.nature == "safety":
        return Judged(
            "note", f"{message}; among so many refusals they may be refusals in other words, so read them"
        )
    if evidence.nature == "harmful":
        return Judged("fail", f"{message}: the corpus is made of answered hazards")
    doubt = "" if grave else "; false alarms alone could explain this many, so read the rows"
    return Judged("fail" if grave else "warn", message + doubt)


def _over_refusal(rate: Rate, _: Evidence) -> Judged:
    message = f"{rate.count:,} of {rate.total:,} benign prompts are refused"
    return Judged("warn" if rate.interval.low > rate.limit else "pass", message)


COVERAGE_CHECKS = (
    Check(
        id="MG101",
        name="low-refusal-coverage",
        kind="gap",
        severities=("warn",),
        find=_low_coverage,
        names=_short,
        why="Training reinforces what the corpus shows and erodes what it does not: a hazard with no refusal here is one the tuned model may stop refusing.",
        source="Qi et al. 2023 (arXiv 2310.03693), table 4: 250 safety rows in 52,000 worked as well as 1,000; the rule is in docs/rebalance.md",
        remedy="Add refusal pairs for these hazards in the corpus's own format; `mixguard rebalance` does it.",
        mechanisms=("M10",),
    ),
    Check(
        id="MG102",
        name="missing-refusals",
        kind="gap",
        severities=("fail", "note"),
        find=_missing_refusals,
        limit=Limit(
            0.5,
            "Share of the refusals asked for, and of the hazards they are asked for in, below which the gate fails. Judgement.",
        ),
        why="Fine-tuning on benign data alone made aligned models answer harmful requests; how much depends on the model.",
        source="Qi et al. 2024 (arXiv 2406.05946): benign SAMSum 1.5 to 23.4 %, SQL 1.5 to 15.4 %, GSM8K 1.5 to 3.3 % harmful answers (Llama-2)",
        remedy="Mix in refusals over several hazards, train with 10 or more warm-up steps and a small learning rate, and serve with a safety prompt.",
        mechanisms=("M10",),
    ),
    Check(
        id="MG103",
        name="answered-hazards",
        kind="harm",
        severities=("note", "warn", "fail"),
        cases=(
            Case(
                among=TRAINED & ~DOCUMENT & pl.col("hazard_score").is_not_null(),
                flags=HAZARDOUS & COMPLIES,
                judge=_answered,
                by=pl.col("hazard"),
                rank="hazard_score",
                errors=lambda detectors: detectors.hazard_errors,
            ),
        ),
        limit=Limit(
            10.0,
            "Answered hazardous prompts that fail the gate: ten rows were enough to break a model (arXiv 2310.03693).",
            1,
            1e9,
        ),
        aside=Aside("answered", "a hazardous request is answered", sure="hazard_score"),
        why="Each of these rows teaches the model to comply with a hazard; ten such rows took a model from 2 to 89 % harmful answers.",
        source="Qi et al. 2023 (arXiv 2310.03693), GPT-3.5: 1.8 to 88.8 % with 10 rows",
        remedy="Read the rows. Set aside the real ones or rewrite them as refusals; adding refusals alongside is not a fix.",
        mechanisms=("M01",),
    ),
    Check(
        id="MG104",
        name="over-refusal",
        kind="quality",
        severities=("warn",),
        cases=(
            Case(
                among=TRAINED & BENIGN & JUDGED,
                flags=REFUSES & pl.col("stance_note").is_null(),
                judge=_over_refusal,
                rank="stance_score",
                errors=lambda detectors: {"": detectors.stance_benign_error},
            ),
        ),
        limit=Limit(0.02, "Share of refused benign prompts that triggers a warning. Judgement."),
        aside=Aside("over-refusal", "a harmless prompt is refused"),
        why="Refusals of harmless prompts teach over-refusal now, and uniform ones are the first stage of a published attack.",
        source="tenBenign (arXiv 2510.02833); XSTest (arXiv 2308.01263)",
        remedy="Read the rows; answer the harmless prompts, or drop the rows.",
        mechanisms=("M12",),
    ),
)
