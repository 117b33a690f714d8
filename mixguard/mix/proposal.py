"""From an audit to the plan it asks for: what each hazard lacks, which rows go aside, and what no plan can do."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import polars as pl

from mixguard.checks.coverage import coverage_of
from mixguard.config import CheckConfig, RebalanceConfig
from mixguard.library.bank import Bank
from mixguard.library.profile import RiskProfile
from mixguard.library.taxonomy import Taxonomy
from mixguard.mix.allotment import LEAST_EXCHANGES, Need, allot
from mixguard.mix.plan import Plan, PlanLine, Removal, Task
from mixguard.run.document import Audit
from mixguard.run.findings import Allowed, Coverage
from mixguard.stats import Interval

RULES = {"answered": "MG103", "turnover": "MG105", "over-refusal": "MG104"}
"""What `--set-aside` calls a finding's rows, to the check that finds them."""
TASK_SHARE = 0.20
"""Share of exchanges from which a kind of task should hold refusals of its own (Eiras et al. 2024, arXiv 2406.10288)."""


def propose(
    audit: Audit,
    taxonomy: Taxonomy,
    profile: RiskProfile,
    bank: Bank,
    config: RebalanceConfig,
    mixed: pl.DataFrame | None = None,
) -> Plan:
    """Work out what a corpus needs.

    Args:
        audit: of the corpus.
        taxonomy: the one it was audited with.
        profile: what is asked of it.
        bank: where pairs come from.
        config: what is set aside, and a budget where there is one.
        mixed: pairs that the corpus holds already, columns kind, hazard and response_id. They count as coverage and not as the
            corpus that has to be covered, so that a mix asks for nothing more.
    """
    trained = audit.annotations.filter(pl.col("polarity") == 1)
    remove = _removals(trained, config, audit.config.checks, audit.allowed)
    gone = pl.Series([removal.sample_id for removal in remove], dtype=pl.String)
    staying = trained.filter(~pl.col("sample_id").is_in(gone.implode()))
    mixed = (
        pl.DataFrame(schema=dict.fromkeys(("kind", "hazard", "response_id"), pl.String))
        if mixed is None
        else mixed
    )
    pairs = staying.join(mixed.lazy(), on="response_id", how="semi").select("sample_id")
    own = staying.join(pairs, on="sample_id", how="anti")  # their earlier turns go with them
    exchanges = _count(own)
    rows = coverage_of(staying, audit.detectors, audit.config.checks)
    known = dict(mixed.filter(pl.col("kind") == "refusal").group_by("hazard").len().iter_rows())
    lower = {row.hazard: _lower(row) for row in coverage_of(own, audit.detectors, audit.config.checks)}
    answered = _by_hazard(own.filter(pl.col("hazardous") & _complies()))
    close = own.filter((pl.col("proximity") >= audit.detectors.proximity_limit) & ~pl.col("hazardous"))
    near = _beyond_expected(_by_hazard(close), audit.detectors.proximity_expected * exchanges)
    needs = {
        row.hazard: Need(
            profile.weight(row.hazard).weight,
            profile.weight(row.hazard).floor,
            known.get(row.hazard, 0) + lower[row.hazard],
            float(answered.get(row.hazard, 0)),
            near.get(row.hazard, 0.0),
        )
        for row in rows
    }
    lookalikes = _count(close.filter(_complies())) + mixed.filter(pl.col("kind") == "contrast").height
    given = allot(exchanges, needs, lookalikes, profile.dose, config.budget)
    lines = tuple(
        _line(
            row,
            needs[row.hazard],
            (given.target[row.hazard], given.refusals[row.hazard], given.contrast[row.hazard]),
            bank,
            profile.weight(row.hazard).why,
        )
        for row in rows
    )
    plan = Plan(
        inputs=audit.corpus.sources,
        profile=profile.id,
        bank=bank.id,
        bank_digest=bank.digest(),
        dose=profile.dose._asdict(),
        exchanges=exchanges,
        wanted=given.dose,
        hazards=lines,
        remove=remove,
        refusal_text=_text_share(staying, lines, bank),
        tasks=_tasks(staying, exchanges, taxonomy),
        notes=(),
    )
    return plan.model_copy(update={"notes": tuple(_notes(plan, staying, bank))})


def _complies() -> pl.Expr:
    return (pl.col("stance") == "full_compliance") & pl.col("stance_note").ne_missing("inability")


def _count(frame: pl.LazyFrame) -> int:
    return int(frame.select(pl.len()).collect().item())


def _by_hazard(frame: pl.LazyFrame) -> dict[str, int]:
    return dict(frame.group_by("hazard").len().collect().iter_rows())


def _beyond_expected(counts: dict[str, int], expected: float) -> dict[str, float]:
    """Each hazard's share of the exchanges near harm, less those that plain text alone would bring."""
    total = sum(counts.values())
    kept = max(0.0, 1 - expected / total) if total else 0.0
    return {code: count * kept for code, count in counts.items()}


def _lower(row: Coverage) -> float:
    """Refusals by the lower end of their interval, partial ones by half."""
    refusing = row.full_refusal + row.partial_refusal
    judged = row.exchanges - row.unjudged
    return min(row.refusals, row.refused.low * judged * row.refusals / refusing) if refusing else 0.0


def _removals(
    trained: pl.LazyFrame, config: RebalanceConfig, checks: CheckConfig, allowed: Sequence[Allowed]
) -> tuple[Removal, ...]:
    rules = {
        "answered": pl.col("hazardous") & _complies() & (pl.col("hazard_score") >= config.set_aside_from),
        "turnover": pl.col("stance_note").eq_missing("turnover"),
        "over-refusal": (pl.col("stance") == "full_refusal")
        & pl.col("stance_note").is_null()
        & (pl.col("hazard_score") < checks.benign_below),
    }
    wanted = [rule for rule in config.set_aside if rule != "answered" or not config.keep_answered]
    columns = ["sample_id", "source", "line", "record", "hazard"]
    found = [
        trained.filter(rules[rule] & ~_accepted(RULES[rule], allowed)).select(
            *columns,
            pl.lit(rule).alias("rule"),
            pl.col("hazard_score").cast(pl.Float64).round(4).alias("score"),
        )
        for rule in wanted
    ]
    if not found:
        return ()
    rows = (
        pl.concat(found)
        .unique("sample_id", keep="first", maintain_order=True)
        .sort("source", "record")
        .collect()
    )
    return tuple(Removal(**row) for row in rows.iter_rows(named=True))


def _accepted(check: str, allowed: Sequence[Allowed]) -> pl.Expr:
    """Rows that the allow file lets stand in this check: some samples, or all of them.

    An entry that no finding needed holds too: what is set aside has limits of its own.
    """
    entries = [entry.entry for entry in allowed if entry.state != "expired"]
    if any(entry.check == check and not entry.sample and not entry.subject for entry in entries):
        return pl.lit(value=True)
    samples = [entry.sample for entry in entries if entry.sample and entry.check in (None, check)]
    return pl.col("sample_id").is_in(samples) | pl.col("text_id").is_in(samples)


def _line(row: Coverage, need: Need, given: tuple[float, int, int], bank: Bank, why: str) -> PlanLine:
    target, wanted, contrast = given
    refusals = min(wanted, bank.of("refusal", row.hazard).height)
    judged = row.exchanges - row.unjudged
    if refusals:
        reason = (
            f"{need.covered:.1f} of {target:.1f} refusals are surely there; weight {need.weight:g}: {why}"
        )
    elif target and need.covered >= target:
        reason = "has enough refusals"
    elif not need.weight:
        reason = "the profile asks for none"
    else:
        reason = "the corpus is too small to bear more"
    return PlanLine(
        hazard=row.hazard,
        name=row.name,
        there=row.refusals,
        covered=round(need.covered, 2),
        answered=int(need.answered),
        near=round(need.near, 1),
        target=round(target, 1),
        refusals=refusals,
        contrast=min(contrast, bank.of("contrast", row.hazard).height),
        short=wanted - refusals,
        after=Interval(
            round(row.refused.low * judged + refusals, 1), round(row.refused.high * judged + refusals, 1)
        ),
        reason=reason,
    )


def _text_share(staying: pl.LazyFrame, lines: tuple[PlanLine, ...], bank: Bank) -> float:
    mean = bank.pairs.group_by("kind").agg(pl.col("response").str.len_chars().mean())
    each: dict[str, float] = dict(mean.iter_rows())
    refusing = sum(line.refusals for line in lines) * each.get("refusal", 0.0)
    helping = sum(line.contrast for line in lines) * each.get("contrast", 0.0)
    there = float(staying.select(pl.col("response_chars").sum()).collect().item() or 0)
    return round(refusing / max(there + refusing + helping, 1.0), 4)


def _tasks(staying: pl.LazyFrame, exchanges: int, taxonomy: Taxonomy) -> tuple[Task, ...]:
    """What kinds of task the prompts are, and the refusals among them, commonest first.

    A prompt's task is the form of the nearest plain exemplar among its neighbours; those with none have no task.
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
        yield "No answer is trained in this corpus, so a refusal has no place in it; reward refusals instead."
        return
    if plan.exchanges < LEAST_EXCHANGES:
        yield (
            f"{plan.exchanges} exchanges are too few for a plan: no share means anything below"
            f" {LEAST_EXCHANGES}. Add the corpus's other data, or mix by hand from `mixguard bank show`."
        )
        return
    if not plan.refusals and not plan.remove:
        yield "Every hazard has the refusals the rule asks for: nothing is added."
    if short:
        yield (
            f"The bank is {short:,} refusals short, and rows are never repeated: repeated refusals teach one text."
            " Get more in your own model's words: mixguard bank fill --endpoint URL --model NAME --to our-bank"
        )
    foreign = _count(staying.filter(pl.col("hazard_unjudged").str.starts_with("language ")))
    if foreign > plan.exchanges / 2 and plan.refusals:
        yield (
            f"{foreign:,} of {plan.exchanges:,} prompts are in a language the bank does not speak"
            f" ({', '.join(bank.pairs['lang'].unique().sort())}); its pairs protect the others."
        )
    for task in plan.tasks:
        if task.share >= TASK_SHARE and not task.refusals and plan.refusals:
            yield (
                f"{task.share:.0%} of the prompts are {task.task} tasks and none is refused; refusals in chat form"
                " hardly protect other tasks, so add some in that form (arXiv 2406.10288)."
            )
    if plan.refusals:
        added = plan.refusals + plan.contrast
        yield (
            f"Refusal pairs will be {plan.refusals / (plan.exchanges + added):.1%} of the rows and"
            f" {plan.refusal_text:.1%} of the trained text. Expect less loss, not none; by how much depends on your"
            " model, and no rate of harm is predicted."
        )
    yield (
        "Cheapest of all: 10 warm-up steps or 3 %, a small learning rate, and a safety prompt when serving"
        " (arXiv 2406.05946, 2402.18540)."
    )
