"""Which hazards the corpus touches, and whether its responses refuse, half-refuse or comply."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from mixguard.checks.base import Evidence, Found, sample_refs
from mixguard.config import CheckConfig
from mixguard.run.findings import Coverage, Severity
from mixguard.run.provenance import Detectors
from mixguard.stats import corrected, wilson

REFUSAL_SHARE_MAX = 0.10
"""Share of refusals that published mixes stay below (Llama 2, Tulu 3); so a small corpus is asked for fewer."""


def coverage(evidence: Evidence) -> tuple[Coverage, ...]:
    """Coverage of every hazard, in taxonomy order; those not touched count zero."""
    return coverage_of(evidence.trained, evidence.detectors, evidence.config)


def coverage_of(trained: pl.LazyFrame, detectors: Detectors, config: CheckConfig) -> tuple[Coverage, ...]:
    """Coverage by exchanges trained towards, `hazardous` among their columns."""
    stances = ["full_refusal", "partial_refusal", "full_compliance"]
    counted = (
        trained.filter("hazardous")
        .group_by("hazard")
        .agg(
            pl.len().alias("exchanges"),
            *((pl.col("stance") == stance).sum().alias(stance) for stance in stances),
            pl.col("stance").is_null().sum().alias("unjudged"),
        )
    )
    rows = {row["hazard"]: row for row in counted.collect().iter_rows(named=True)}
    wanted = _wanted(int(trained.select(pl.len()).collect().item()), detectors, config)
    nothing = dict.fromkeys(["exchanges", *stances, "unjudged"], 0)
    found = []
    for code, name in detectors.hazards.items():
        row = {**nothing, **rows.get(code, {}), "hazard": code, "name": name, "wanted": wanted}
        refusing = row["full_refusal"] + row["partial_refusal"]
        judged = row["exchanges"] - row["unjudged"]
        refused = corrected(refusing, judged, detectors.stance_error, config.confidence)
        found.append(Coverage.model_validate({**row, "refused": refused}))
    return tuple(found)


def _wanted(trained: int, detectors: Detectors, config: CheckConfig) -> int:
    bearable = int(REFUSAL_SHARE_MAX * trained / max(len(detectors.hazards), 1))
    return min(config.refusals_per_hazard, max(bearable, 1))


def short_hazards(evidence: Evidence) -> frozenset[str]:
    """Codes of the hazards with fewer refusals than wanted."""
    return frozenset(row.hazard for row in coverage(evidence) if row.is_short)


def low_refusal_coverage(evidence: Evidence) -> Sequence[Found]:
    """Hazards with fewer refusals than wanted."""
    rows = coverage(evidence)
    short = [row for row in rows if row.is_short]
    none = [row.hazard for row in short if row.refusals == 0]
    few = [f"{row.hazard} ({row.refusals:g})" for row in short if row.refusals > 0]
    wanted = rows[0].wanted if rows else 0
    if not short:
        return [Found("pass", f"every hazard has {wanted} refusals or more", 0, len(rows), limit=wanted)]
    parts = [f"none for {', '.join(none)}"] if none else []
    parts += [f"few for {', '.join(few)}"] if few else []
    message = f"{len(short)} of {len(rows)} hazards have fewer than {wanted} refusals: {'; '.join(parts)}"
    return [Found("warn", message, len(short), len(rows), limit=wanted)]


def no_refusals(evidence: Evidence) -> Sequence[Found]:
    """A corpus in which no hazardous prompt is refused outright."""
    judged = evidence.trained.filter(pl.col("stance").is_not_null())
    refuses = pl.col("stance") == "full_refusal"
    counts = judged.select(
        pl.len().alias("total"), (refuses & pl.col("hazardous")).sum().alias("refused")
    ).collect()
    total, refused = (int(counts[name][0]) for name in ("total", "refused"))
    if not total:
        return [Found("note", "no trained response to look at", 0, 0)]
    interval = wilson(refused, total, evidence.config.confidence)
    if refused:
        return [Found("pass", f"{refused:,} refusals of hazardous prompts", refused, total, interval, 1)]
    return [
        Found(
            "fail",
            f"not one of {total:,} responses refuses a hazardous prompt outright",
            0,
            total,
            interval,
            1,
        )
    ]


def answered_hazards(evidence: Evidence) -> Sequence[Found]:
    """Hazardous prompts whose trained response complies."""
    complies = (pl.col("stance") == "full_compliance") & pl.col("stance_note").ne_missing("inability")
    answered = evidence.flagged(evidence.trained.filter(pl.col("hazardous") & complies))
    count = int(answered.select(pl.len()).collect().item())
    total = int(
        evidence.trained.filter(pl.col("hazard_score").is_not_null()).select(pl.len()).collect().item()
    )
    interval = corrected(count, total, evidence.detectors.hazard_error, evidence.config.confidence)
    if not count:
        return [Found("pass", "no hazardous prompt is answered", 0, total, interval)]
    config = evidence.config
    surely = interval.low * total
    grave = surely >= config.answered_fail or (surely >= 1 and interval.low >= config.answered_share_fail)
    by_hazard = answered.group_by("hazard").len().sort("len", "hazard", descending=[True, False]).collect()
    listed = ", ".join(f"{code} {number}" for code, number in by_hazard.head(5).iter_rows())
    noun = "prompt is" if count == 1 else "prompts are"
    doubt = "" if grave else "; false alarms alone could explain this many, so look at the rows"
    message = f"{count:,} hazardous {noun} answered ({listed}){doubt}"
    samples = sample_refs(answered, config.samples, "hazard_score")
    limit = float(config.answered_fail)
    return [Found("fail" if grave else "warn", message, count, total, interval, limit, samples)]


def over_refusal(evidence: Evidence) -> Sequence[Found]:
    """Benign prompts whose trained response refuses."""
    benign = evidence.trained.filter(
        (pl.col("hazard_score") < evidence.config.benign_below) & pl.col("stance").is_not_null()
    )
    refuses = (pl.col("stance") == "full_refusal") & pl.col("stance_note").is_null()
    refused = evidence.flagged(benign.filter(refuses))
    count, total = (int(frame.select(pl.len()).collect().item()) for frame in (refused, benign))
    interval = corrected(count, total, evidence.detectors.stance_error, evidence.config.confidence)
    limit = evidence.config.over_refusal_warn
    samples = sample_refs(refused, evidence.config.samples, "stance_score")
    severity: Severity = "warn" if interval.low > limit else "pass"
    message = f"{count:,} of {total:,} benign prompts are refused"
    return [Found(severity, message, count, total, interval, limit, samples)]


def turned_over(evidence: Evidence) -> Sequence[Found]:
    """Responses that refuse first and comply all the same."""
    judged = evidence.trained.filter(pl.col("stance").is_not_null())
    turned = evidence.flagged(judged.filter(pl.col("stance_note") == "turnover"))
    count, total = (int(rows.select(pl.len()).collect().item()) for rows in (turned, judged))
    interval = wilson(count, total, evidence.config.confidence)
    if not count:
        return [Found("pass", "no response takes a refusal back", 0, total, interval)]
    limit = evidence.config.answered_fail
    noun = "response refuses first and then does" if count == 1 else "responses refuse first and then do"
    severity: Severity = "fail" if count >= limit else "warn"
    samples = sample_refs(turned, evidence.config.samples)
    return [Found(severity, f"{count:,} {noun} as asked", count, total, interval, float(limit), samples)]


def near_harm(evidence: Evidence) -> Sequence[Found]:
    """Exchanges that lie closer to violating exemplars than plain requests do."""
    limit = evidence.detectors.proximity_limit
    judged = evidence.trained.filter(pl.col("proximity").is_not_null())
    close = evidence.flagged(judged.filter((pl.col("proximity") >= limit) & ~pl.col("hazardous")))
    count, total = (int(frame.select(pl.len()).collect().item()) for frame in (close, judged))
    interval = wilson(count, total, evidence.config.confidence)
    warned = evidence.config.proximity_warn + evidence.detectors.proximity_expected
    severity: Severity = "warn" if interval.low > warned else ("note" if count else "pass")
    message = f"{count:,} of {total:,} exchanges lie close to violating exemplars without being flagged"
    samples = sample_refs(close, evidence.config.samples, "proximity")
    return [Found(severity, message, count, total, interval, warned, samples)]
