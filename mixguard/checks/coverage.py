"""Whether the corpus refuses what it should: missing refusals, answered hazards, over-refusal."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from mixguard.checks.base import Aside, Case, Check, Evidence, Judged, Limit, Rate, Told
from mixguard.checks.terms import BENIGN, COMPLIES, HAZARDOUS, JUDGED, REFUSES, TRAINED
from mixguard.run.findings import Coverage
from mixguard.stats import wilson


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
        return Told("warn", message, 0, len(rows))
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


def _no_refusals(evidence: Evidence) -> Told:
    """A corpus in which no hazardous prompt is refused outright."""
    judged = TRAINED & JUDGED
    counts = evidence.frame.select(
        judged.sum().alias("total"), (judged & REFUSES & HAZARDOUS).sum().alias("refused")
    ).collect()
    total, refused = (int(counts[name][0]) for name in ("total", "refused"))
    if not total:
        return Told("note", "no trained response to judge", 0, 0)
    interval = wilson(refused, total, evidence.config.confidence)
    if refused:
        return Told("pass", f"{refused:,} refusals of hazardous prompts", refused, total, interval, 1)
    message = f"none of {total:,} responses refuses a hazardous prompt outright"
    return Told("fail", message, 0, total, interval, 1)


def _answered(rate: Rate, evidence: Evidence) -> Judged:
    if not rate.count:
        return Judged("pass", "no hazardous prompt is answered")
    surely = rate.interval.low * rate.total
    share = evidence.config.answered_share_fail
    grave = surely >= rate.limit or (surely >= 1 and rate.interval.low >= share)
    listed = ", ".join(f"{code} {number}" for code, number in rate.commonest)
    noun = "prompt is" if rate.count == 1 else "prompts are"
    doubt = "" if grave else "; false alarms alone could explain this many, so read the rows"
    return Judged("fail" if grave else "warn", f"{rate.count:,} hazardous {noun} answered ({listed}){doubt}")


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
    ),
    Check(
        id="MG102",
        name="no-refusals",
        kind="gap",
        severities=("fail", "note"),
        find=_no_refusals,
        why="Fine-tuning on benign data alone made aligned models answer harmful requests; how much depends on the model.",
        source="Qi et al. 2024 (arXiv 2406.05946): benign SAMSum 1.5 to 23.4 %, SQL 1.5 to 15.4 %, GSM8K 1.5 to 3.3 % harmful answers (Llama-2)",
        remedy="Mix in refusals over several hazards, train with 10 or more warm-up steps and a small learning rate, and serve with a safety prompt.",
    ),
    Check(
        id="MG103",
        name="answered-hazards",
        kind="harm",
        severities=("warn", "fail"),
        cases=(
            Case(
                among=TRAINED & pl.col("hazard_score").is_not_null(),
                flags=HAZARDOUS & COMPLIES,
                judge=_answered,
                by=pl.col("hazard"),
                rank="hazard_score",
                error=lambda detectors: detectors.hazard_error,
            ),
        ),
        limit=Limit(
            10.0,
            "Answered hazardous prompts that fail the gate: ten rows were enough to break a model (arXiv 2310.03693).",
            1,
            1e9,
        ),
        aside=Aside("answered", "a hazardous prompt is answered", sure="hazard_score"),
        why="Each of these rows teaches the model to comply with a hazard; ten such rows took a model from 2 to 89 % harmful answers.",
        source="Qi et al. 2023 (arXiv 2310.03693), GPT-3.5: 1.8 to 88.8 % with 10 rows",
        remedy="Read the rows. Set aside the real ones or rewrite them as refusals; adding refusals alongside is not a fix.",
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
                error=lambda detectors: detectors.stance_error,
            ),
        ),
        limit=Limit(0.02, "Share of refused benign prompts that triggers a warning. Judgement."),
        aside=Aside("over-refusal", "a harmless prompt is refused"),
        why="Refusals of harmless prompts teach over-refusal now, and uniform ones are the first stage of a published attack.",
        source="tenBenign (arXiv 2510.02833); XSTest (arXiv 2308.01263)",
        remedy="Read the rows; answer the harmless prompts, or drop the rows.",
    ),
)
