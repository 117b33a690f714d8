"""Whether the training plan fits the corpus, and what to change in it, option by option."""

from __future__ import annotations

from collections.abc import Callable
from math import ceil

from mixguard.checks.base import Check, Evidence, Limit, Told
from mixguard.checks.training_facts import Facts, facts
from mixguard.run.findings import GRAVITY, Advice
from mixguard.stats import rate
from mixguard.training.plan import Plan, Planned

WARMUP_STEPS, WARMUP_SHARE = 10, 0.03
"""What a plan should have at least (arXiv 2406.05946), and the share advised in a long run (judgement)."""
LONG_WARMUP = 0.1
"""Share of the steps above which warming up is most of a short run (judgement)."""
EPOCHS_FEW = 3
RATE_MOST = {"full": 5e-5, "lora": 3e-4}
"""Learning rates above which we say so (judgement)."""
BATCH_LEAST = 8
"""Examples per step (judgement)."""
SHALLOW = "Qi et al. 2024 (arXiv 2406.05946), Llama-2"
FIGURES = (
    "with 10 warm-up steps instead of none, harmful answers fell from 23.4 to 3.8 % (SAMSum), 15.4 to 3.3 % (SQL), 3.3 to 2.9 %"
    " (GSM8K) and 79.5 to 44.8 % (identity rows), and not at all after harmful rows (88.9 and 89.4 %)"
)
OPTIMISATION = "arXiv 2508.12531 (abstract)"


def advice(evidence: Evidence) -> tuple[Advice, ...]:
    """What to change in the training plan, most severe first; empty if none was stated or nothing is trained."""
    known = facts(evidence)
    if not known.plan.stated or not known.exchanges:
        return ()
    found = [each for rule in RULES if (each := rule(known)) is not None]
    return tuple(sorted(found, key=lambda each: -GRAVITY.index(each.severity)))


def _place(plan: Plan, *parts: str) -> Planned:
    """The part that a person wrote, or else the first of those known."""
    known = [plan.values[part] for part in parts if part in plan.values]
    name = plan.names.get(parts[0], f"training.{parts[0]}")
    absent = Planned("", name, plan.file or f"training.{parts[0]}", default=True)
    return next((each for each in known if not each.default), known[0] if known else absent)


def _warmup(known: Facts) -> Advice | None:
    plan, steps = known.plan, known.warmup
    wanted = max(WARMUP_STEPS, ceil(WARMUP_SHARE * (known.steps or 0)))
    if plan.trainer == "OpenAI" and steps is None:
        return Advice(
            option="warm-up", now="not yours to set", better="fewer epochs, a smaller learning_rate_multiplier", where=plan.file or "",
            severity="note", found="a warm-up that the service decides",
            why=f"Most of the loss comes in the first steps: {FIGURES}. Whether the service warms up is not published.", source=SHALLOW,
        )  # fmt: skip
    if steps is None or steps >= WARMUP_STEPS:
        return None
    there = _place(plan, "warmup_steps", "warmup_ratio")
    if plan.word("scheduler") == "constant":
        there, better = plan.values["scheduler"], f"constant_with_warmup, and {wanted} warm-up steps"
    elif there.option == plan.names.get("warmup_ratio"):
        better = f"{plan.names['warmup_steps']}: {wanted}"
    else:
        better = str(wanted)
    found = f"{steps:g} warm-up steps" if steps else "no warm-up"
    return Advice(
        option=there.option, now=there.shown, better=better, where=there.where,
        severity="warn" if not steps else known.graver("note"), found=found,
        why=f"Most of the loss comes in the first steps: {FIGURES}.", source=SHALLOW,
    )  # fmt: skip


def _short_run(known: Facts) -> Advice | None:
    steps, warmup = known.steps, known.warmup
    if not steps or not warmup or warmup <= max(WARMUP_STEPS, LONG_WARMUP * steps):
        return None
    there = _place(known.plan, "warmup_steps", "warmup_ratio")
    better = str(max(WARMUP_STEPS, ceil(WARMUP_SHARE * steps)))
    return Advice(
        option=there.option, now=there.shown, better=better, where=there.where, severity="note",
        found=f"{warmup:g} warm-up steps of {steps:,} in all",
        why=f"Warming up is {rate(warmup, steps)} of this run, so little is trained at the rate that was chosen.", source="Judgement",
    )  # fmt: skip


def _epochs(known: Facts) -> Advice | None:
    epochs = known.plan.number("epochs")
    if epochs is None or epochs <= EPOCHS_FEW or known.exchanges >= known.small:
        return None
    there = known.plan.values["epochs"]
    return Advice(
        option=there.option, now=there.shown, better=f"{EPOCHS_FEW} or fewer", where=there.where, severity="warn",
        found=f"{epochs:g} epochs over {known.exchanges:,} exchanges",
        why="Repeating few rows is what breaks a model: ten identity rows gave 7.3, 49.1 and 87.3 % harmful answers after 3, 5 and 10 epochs.",
        source="Qi et al. 2023 (arXiv 2310.03693), GPT-3.5",
    )  # fmt: skip


def _rate(known: Facts) -> Advice | None:
    rate, method = known.plan.number("learning_rate"), known.plan.word("method")
    most = RATE_MOST.get(method, RATE_MOST["lora"])
    if rate is None or rate <= most:
        return None
    there = known.plan.values["learning_rate"]
    kind = {"full": " for all weights", "lora": " for an adapter"}.get(method, "")
    return Advice(
        option=there.option, now=there.shown, better=f"{most:g} or less, the lowest that fits the task", where=there.where,
        severity=known.graver("note"), found=f"a learning rate of {rate:g}{kind}",
        why="Choosing learning rate, batch size and steps well took unsafe answers from 16 to about 5 % without other measures.",
        source=f"{OPTIMISATION}; the limit is a judgement",
    )  # fmt: skip


def _batch(known: Facts) -> Advice | None:
    batch = known.plan.number("batch_size")
    if batch is None or batch >= BATCH_LEAST:
        return None
    there = known.plan.values["batch_size"]
    return Advice(
        option=there.option, now=there.shown, better=f"{BATCH_LEAST} or more examples per step, over all devices", where=there.where,
        severity="note", found=f"{batch:g} examples per step",
        why="Learning rate, batch size and steps alone moved unsafe answers between 16 and about 5 %.",
        source=f"{OPTIMISATION}; the limit is a judgement",
    )  # fmt: skip


def _objective(known: Facts) -> Advice | None:
    if known.plan.word("objective") not in ("dpo", "ipo"):
        return None
    there = known.plan.values["objective"]
    return Advice(
        option=there.option, now=there.shown, better="at a large budget, ORPO or a stronger KL limit", where=there.where,
        severity="note", found=f"{there.value} as the objective",
        why="With large budgets, SFT and DPO couple what is gained with vulnerability; ORPO and KL-regularised tuning do so much less. With small ones they hardly differ.",
        source="arXiv 2601.12639 (abstract)",
    )  # fmt: skip


def _parent(known: Facts) -> Advice | None:
    if not known.plan.parent:
        return None
    times = len(known.plan.parent)
    return Advice(
        option="training.parent", now=", ".join(known.plan.parent), better="the same refusals in every stage", where="training.parent",
        severity=known.graver("note"), found=f"{times:,} earlier fine-tune{'s' if times > 1 else ''}",
        why="Loss adds up: reported for Llama-2, a safety score of 91.4 fell to 78.3, 61.5 and 43.6 over three benign domains in a row.",
        source="reported; the source was not read",
    )  # fmt: skip


RULES: tuple[Callable[[Facts], Advice | None], ...] = (
    _warmup,
    _epochs,
    _rate,
    _short_run,
    _batch,
    _objective,
    _parent,
)


def _planned(known: Facts) -> str:
    """The plan in a few words."""
    epochs, rate = known.plan.number("epochs"), known.plan.number("learning_rate")
    parts = [
        f"{epochs:g} epoch{'' if epochs == 1 else 's'}" if epochs is not None else "",
        f"{known.steps:,} steps" if known.steps is not None else "",
        f"a learning rate of {rate:g}" if rate is not None else "",
    ]
    over = f"{known.exchanges:,} exchange{'' if known.exchanges == 1 else 's'}"
    return f"{', '.join(filter(None, parts)) or 'a plan'} for {over}"


def _training_plan(evidence: Evidence) -> Told:
    known, limit = facts(evidence), evidence.limits["MG233"]
    if not known.plan.stated:
        message = "not measured: give --epochs, --learning-rate and --warmup-steps, or --training-config FILE"
        return Told("pass", message, 0, len(RULES), limit=limit)
    if not known.exchanges:
        return Told("pass", "training plan: no exchange is trained towards", 0, len(RULES), limit=limit)
    found = advice(evidence)
    if not found:
        return Told(
            "pass", f"training plan: {_planned(known)}; nothing to change", 0, len(RULES), limit=limit
        )
    severity = found[0].severity
    listed = ", ".join(each.found for each in found)
    steps = f" in {known.steps:,} steps" if known.steps is not None else ""
    message = f"training plan{steps}: {listed}{known.refusing if severity == 'warn' else ''}"
    return Told(severity, message, len(found), len(RULES), limit=limit)


TRAINING_CHECK = Check(
    id="MG233",
    name="training-plan",
    kind="quality",
    severities=("note", "warn"),
    find=_training_plan,
    limit=Limit(
        500.0,
        f"Exchanges trained towards below which more than {EPOCHS_FEW} epochs warn. Judgement.",
        0,
        1e9,
    ),
    why="How a corpus is trained on changes how much it erodes: most is lost in the first steps, and a warm-up alone can spare it.",
    source=f"{SHALLOW}; {OPTIMISATION}; Qi et al. 2023 (arXiv 2310.03693)",
    remedy="Warm up for 10 steps or 3 % of them, whichever is more, with the lowest learning rate and the fewest epochs that fit the task; the training advice names each line to change.",
    mechanisms=("M70", "M32", "M10", "M63"),
)
