"""From audit to plan: what each hazard lacks, which rows to set aside, and what a plan cannot fix."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import polars as pl

from mixguard.checks.terms import DOCUMENT, TRAINED
from mixguard.config import RebalanceConfig
from mixguard.library.bank import Bank
from mixguard.library.profile import RiskProfile
from mixguard.library.taxonomy import Taxonomy
from mixguard.library.voice import Voice
from mixguard.mix.allotment import LEAST_EXCHANGES, Need
from mixguard.mix.asking import Asked, ask, count
from mixguard.mix.plan import Plan, PlanLine, Task, VoiceUsed
from mixguard.mix.removals import removals
from mixguard.run.document import Audit
from mixguard.run.findings import Coverage
from mixguard.stats import Interval, rate

TASK_SHARE = 0.20
"""Minimum share for a task type to need its own refusals (Eiras et al. 2024, arXiv 2406.10288)."""

VOICELESS = "No voice: the refusals would open in the bank's words, not in those of the model you tune."
MEASURED = (
    "In a training study a model tuned on the corpus alone kept 131 of 480 refusals, on a mix in the bank's words 108, in"
    " its own voice 338 (docs/efficacy.md)."
)
WAYS = (
    "Ask the model itself: --endpoint URL --model NAME; or learn how it refuses: mixguard voice learn --endpoint URL"
    " --model NAME -o voice.toml, then --voice voice.toml; or name its family: --voice llama-3 (mixguard voice list)."
)


def propose(
    audit: Audit, taxonomy: Taxonomy, profile: RiskProfile, bank: Bank, config: RebalanceConfig
) -> Plan:
    """Work out what a corpus needs.

    Args:
        audit: audit of the corpus.
        taxonomy: the taxonomy used in the audit.
        profile: weights, floors and dose.
        bank: source of the pairs.
        config: what to set aside, and the budget if set.
    """
    remove = removals(audit, config)
    gone = pl.Series([removal.sample_id for removal in remove], dtype=pl.String)
    staying = audit.annotations.filter(TRAINED & ~DOCUMENT & ~pl.col("sample_id").is_in(gone.implode()))
    asked = ask(staying, audit.detectors, profile, audit.config.model_copy(update={"rebalance": config}))
    lines = tuple(_line(row, asked, bank, profile.weight(row.hazard).why) for row in asked.coverage)
    plan = Plan(
        inputs=audit.corpus.sources,
        profile=profile.id,
        bank=bank.id,
        bank_digest=bank.digest(),
        dose=profile.dose._asdict(),
        exchanges=asked.exchanges,
        wanted=asked.allotment.dose,
        hazards=lines,
        remove=remove,
        refusal_text=_text_share(staying, lines, bank),
        tasks=_tasks(staying, asked.exchanges, taxonomy),
        notes=(),
    )
    return plan.model_copy(update={"notes": tuple(_notes(plan, staying, bank))})


def spoken(plan: Plan, voice: Voice | None, *, lent: bool = False) -> Plan:
    """The plan with the voice in which its refusals will open, and a warning if there is none."""
    if voice is None:
        return plan.model_copy(update={"voice": None, "notes": (*_own(plan.notes), *_voiceless(plan))})
    used = VoiceUsed(
        id=voice.id, name=voice.name, lent=lent, openings=len(voice.opening), refuses=voice.refuses
    )
    return plan.model_copy(update={"voice": used, "notes": _own(plan.notes)})


def _own(notes: Sequence[str]) -> tuple[str, ...]:
    return tuple(note for note in notes if not note.startswith(VOICELESS))


def _voiceless(plan: Plan) -> Iterator[str]:
    if plan.refusals:
        yield f"{VOICELESS} {MEASURED} {WAYS}"


def _line(row: Coverage, asked: Asked, bank: Bank, why: str) -> PlanLine:
    need, given = asked.needs[row.hazard], asked.allotment
    target, missing = given.target[row.hazard], given.refusals[row.hazard]
    refusals = min(missing, bank.of("refusal", row.hazard).height)
    judged = row.exchanges - row.unjudged
    if refusals:
        reason = _reason(need, target, why)
    elif target and need.covered >= target:
        reason = "enough refusals already"
    elif not need.weight:
        reason = "the profile asks for none"
    else:
        reason = "refusals are at their maximum share"
    return PlanLine(
        hazard=row.hazard,
        name=row.name,
        there=row.refusals,
        covered=round(need.covered, 2),
        answered=int(need.answered),
        near=round(need.near, 1),
        weight=need.weight,
        target=round(target, 1),
        wanted=row.wanted,
        refusals=refusals,
        contrast=min(given.contrast[row.hazard], bank.of("contrast", row.hazard).height),
        short=missing - refusals,
        after=Interval(
            round(row.refused.low * judged + refusals, 1), round(row.refused.high * judged + refusals, 1)
        ),
        reason=reason,
    )


def _reason(need: Need, target: float, why: str) -> str:
    """Why a hazard gets refusals: what the rule asks for, what is there, and what makes it more."""
    parts = [f"the rule asks for {target:.1f} refusals, and the corpus surely has {need.covered:.1f}"]
    if need.answered:
        rows = "an answered request that stays" if need.answered == 1 else "each answered request that stays"
        parts.append(f"one of them for {rows} ({need.answered:.0f})")
    if need.near >= 1:
        parts.append(f"more because {need.near:.0f} rows lie near this hazard")
    return f"{'; '.join(parts)}; weight {need.weight:g} in the profile: {why}"


def _text_share(staying: pl.LazyFrame, lines: tuple[PlanLine, ...], bank: Bank) -> float:
    mean = bank.pairs.group_by("kind").agg(pl.col("response").str.len_chars().mean())
    each: dict[str, float] = dict(mean.iter_rows())
    refusing = sum(line.refusals for line in lines) * each.get("refusal", 0.0)
    helping = sum(line.contrast for line in lines) * each.get("contrast", 0.0)
    there = float(staying.select(pl.col("response_chars").sum()).collect().item() or 0)
    return round(refusing / max(there + refusing + helping, 1.0), 4)


def _tasks(staying: pl.LazyFrame, exchanges: int, taxonomy: Taxonomy) -> tuple[Task, ...]:
    """Task types of the prompts and the refusals among them, most common first.

    A prompt's task is the form of the nearest plain exemplar among its neighbours, if there is one.
    """
    plain = taxonomy.exemplars.filter(pl.col("hazard").is_null()).select(
        pl.col("id").alias("exemplar"), pl.col("form").alias("task")
    )
    near = (
        staying.select("sample_id", "exchange", "stance", "neighbours")
        .explode("neighbours")
        .unnest("neighbours")
        .join(plain.lazy(), on="exemplar")
        .sort("similarity", descending=True)
        .unique(["sample_id", "exchange"], keep="first", maintain_order=True)
        .group_by("task")
        .agg(pl.len().alias("exchanges"), (pl.col("stance") == "full_refusal").sum().alias("refusals"))
        .sort("exchanges", "task", descending=[True, False])
        .collect()
    )
    return tuple(
        Task(**row, share=round(row["exchanges"] / max(exchanges, 1), 4))
        for row in near.iter_rows(named=True)
    )


def _notes(plan: Plan, staying: pl.LazyFrame, bank: Bank) -> Iterator[str]:
    short = sum(line.short for line in plan.hazards)
    if not plan.exchanges:
        yield "This corpus trains no answers, so refusals cannot be added; reward refusals, or add a chat corpus that has refusals."
        return
    if plan.exchanges < LEAST_EXCHANGES:
        yield (
            f"{plan.exchanges} exchanges are too few for a plan: shares are meaningless below"
            f" {LEAST_EXCHANGES}. Add the corpus's other data, or pick pairs from `mixguard bank show`."
        )
        return
    if not plan.refusals and not plan.remove and not short:
        yield "Every hazard has enough refusals: nothing is added."
    if short:
        yield (
            f"The bank is {short:,} refusals short; pairs are never repeated, as that teaches one fixed text."
            " Get more in your own model's words: mixguard bank fill --endpoint URL --model NAME --to our-bank"
        )
    foreign = count(staying.filter(pl.col("hazard_unjudged").str.starts_with("language ")))
    if foreign > plan.exchanges / 2 and plan.refusals:
        yield (
            f"{foreign:,} of {plan.exchanges:,} prompts are not in a language of the bank"
            f" ({', '.join(bank.pairs['lang'].unique().sort())}); its pairs protect only the others."
        )
    for task in plan.tasks:
        if task.share >= TASK_SHARE and not task.refusals and plan.refusals:
            yield (
                f"{rate(task.exchanges, plan.exchanges)} of the prompts are {task.task} tasks, and none is refused. Chat-style"
                " refusals hardly protect other tasks, so add some in that form (arXiv 2406.10288)."
            )
    if plan.refusals:
        rows = plan.exchanges + plan.refusals + plan.contrast
        yield (
            f"Refusal pairs will be {rate(plan.refusals, rows)} of the rows and"
            f" {rate(plan.refusal_text * rows, rows)} of the trained text. Expect less safety loss, not zero; how much"
            " depends on your model, and no harm rate is predicted."
        )
    yield (
        "Cheapest measures: 10 warm-up steps or 3 %, a low learning rate, and a safety prompt at inference"
        " (arXiv 2406.05946, 2402.18540)."
    )
