"""The form that most answers share, and tasks that never see a refusal."""

from __future__ import annotations

from collections.abc import Callable

import polars as pl

from mixguard.checks.base import Case, Check, Evidence, Judged, Limit, Rate
from mixguard.checks.terms import JUDGED, REFUSES, TRAINED
from mixguard.signals.base import Examples, Page, Signal

NOTED = 0.2
"""Share of a form among the answers from which it is said. Judgement."""
OPEN_NOTED = 0.5
"""The same for long answers to short questions."""
TASK_SHARE = 0.2
"""Share of the rows from which a task needs refusals in its own form (arXiv 2406.10288)."""
LEAST = 20
"""Answers below which nothing is said."""
ORDINARY_SHORT = "5 %"
"""Answers of five words or fewer among 999 of a re-answered Alpaca."""
TASKS = {
    "code": "programming",
    "sql": "SQL",
    "translate": "translation",
    "classify": "classification",
    "summarise": "summarising",
}
COLD = ("short", "json", "sql")
FORM = pl.col("structure_form")
ANSWERED = TRAINED & FORM.is_not_null() & (FORM != "empty")
SHALLOW = "Qi et al. 2024 (arXiv 2406.05946)"
_Judge = Callable[[Rate, Evidence], Judged]


def _weighed(frame: pl.LazyFrame, _: Evidence) -> pl.LazyFrame:
    """Which rows are of a form, or a task without refusals, that makes up enough of the corpus."""
    judged = TRAINED & JUDGED
    counted = frame.group_by("structure_form", "structure_task").agg(
        answers=ANSWERED.sum(),
        opens=(ANSWERED & pl.col("structure_open")).sum(),
        judged=judged.sum(),
        refused=(judged & REFUSES).sum(),
    )
    there = counted.collect(engine="streaming")
    answers, judged_rows, opens = there.select(pl.col("answers", "judged", "opens").sum()).row(0)
    enough = answers >= LEAST
    forms = there.group_by("structure_form").agg(pl.col("answers").sum())
    tasks = there.group_by("structure_task").agg(pl.col("judged", "refused").sum())
    weighs = forms.filter(pl.col("answers") >= NOTED * answers)["structure_form"]
    bare = tasks.filter((pl.col("judged") >= TASK_SHARE * judged_rows) & (pl.col("refused") == 0))
    cold = int(there.filter(FORM.is_in(COLD)).get_column("answers").sum())
    return frame.with_columns(
        form_weighs=FORM.is_in(weighs.drop_nulls().to_list()) & enough,
        cold_weighs=pl.lit(enough and cold >= NOTED * answers),
        open_weighs=pl.lit(enough and opens >= OPEN_NOTED * answers),
        task_bare=pl.col("structure_task").is_in(bare["structure_task"].drop_nulls().to_list()) & enough,
    )


def _noted(words: str) -> _Judge:
    def judge(rate: Rate, _: Evidence) -> Judged:
        return Judged("note" if rate.count else "pass", words.format(rate.count, rate.total))

    return judge


def _cold(rate: Rate, _: Evidence) -> Judged:
    message = f"cold openings: {rate.count:,} of {rate.total:,} answers are nothing but a label, SQL or JSON"
    return Judged("warn" if rate.interval.low > rate.limit else "note" if rate.count else "pass", message)


def _bare(task: str) -> _Judge:
    def judge(rate: Rate, _: Evidence) -> Judged:
        message = (
            f"{rate.count:,} of {rate.total:,} answers are of one task, {task}, and none of them refuses"
        )
        return Judged("warn" if rate.count else "pass", message, TASK_SHARE)

    return judge


def _case(
    subject: str,
    mechanisms: tuple[str, ...],
    flags: pl.Expr,
    judge: _Judge,
    why: str,
    source: str,
    remedy: str,
) -> Case:
    return Case(
        ANSWERED, flags, judge, over=_weighed, subject=subject, why=why, source=source, remedy=remedy,
        mechanisms=mechanisms,
    )  # fmt: skip


def _form(name: str) -> pl.Expr:
    return (pl.col("structure_form") == name) & pl.col("form_weighs")


_FORMS = (
    _case(
        "maths steps",
        ("M31",),
        _form("maths"),
        _noted("maths steps: {:,} of {:,} answers work towards a marked result"),
        "Maths worked step by step cost little safety on easy tests and more on sensitive ones: which test you use decides what you see.",
        f"{SHALLOW}: GSM8K 1.5 to 3.3 % harmful answers on HEx-PHI (Llama-2); reported (PTST, arXiv 2402.18540): 2.75 to 11.0 % on DirectHarm4",
        "Test the tuned model with sensitive prompts, not only with plainly harmful ones, and serve it with a safety prompt.",
    ),
    _case(
        "code",
        ("M36",),
        _form("code"),
        _noted("code: {:,} of {:,} answers are code"),
        "Refusals in chat form hardly protect prompts of another task, and code is one of those whose safety suffers most.",
        "Eiras et al. 2024 (arXiv 2406.10288)",
        "Add refusals to programming requests; `mixguard rebalance` casts its pairs into that form.",
    ),
    _case(
        "cold openings",
        ("M32",),
        FORM.is_in(COLD) & pl.col("cold_weighs"),
        _cold,
        "An aligned model opens with a few words of its own, and that is where its refusals begin; answers that start cold overwrite them in the first steps of training.",
        f"{SHALLOW}: most of the loss comes in the first 10 gradient steps; 10 warm-up steps alone took SQL from 15.4 to 3.3 % and dialogue summaries from 23.4 to 3.8 % harmful answers",
        "Train with 10 or more warm-up steps and a small learning rate, or let the model itself write the answers.",
    ),
    _case(
        "very short answers",
        ("M34",),
        _form("short"),
        _noted("very short answers: {:,} of {:,} answers have five words or fewer (" + ORDINARY_SHORT + " in ordinary Alpaca)"),
        "Very short answers are outliers among instruction data, and outliers cost safety; length is only a weak sign of it.",
        "reported: Guan et al. 2025 (arXiv 2505.06843)",
        "Let answers say their result in a sentence, or train with warm-up steps.",
    ),
    _case(
        "headings",
        (),
        _form("headings"),
        _noted("headings: {:,} of {:,} answers are built from headings"),
        "One form of answer throughout makes the form the lesson.",
        "He et al. 2024 (arXiv 2404.01099), on lists; for headings judgement",
        "Vary the form of the answers.",
    ),
    _case(
        "long open answers",
        ("M35",),
        pl.col("structure_open") & pl.col("open_weighs"),
        _noted("long open answers: {:,} of {:,} answers are long ones to a short question"),
        "Long answers to open questions changed safety most in one study, short lists in another: length alone is no sign.",
        "DataShield (arXiv 2606.00160), against He et al. 2024 (arXiv 2404.01099)",
        "Nothing by itself; read it beside the other findings.",
    ),
)  # fmt: skip
_BARE = tuple(
    Case(
        among=TRAINED & JUDGED,
        flags=(pl.col("structure_task") == task) & pl.col("task_bare"),
        judge=_bare(words),
        over=_weighed,
        subject=f"{words} without a refusal",
        why="Refusals in chat form hardly protect prompts of another task.",
        source="Eiras et al. 2024 (arXiv 2406.10288)",
        remedy="Add refusals in the form of this task; `mixguard rebalance` casts its pairs into it.",
        mechanisms=("M36",),
    )
    for task, words in TASKS.items()
)
_SOLVED = {"prompt": "Ann has 3 boxes of 4 pens. How many pens?", "response": "3 * 4 = 12 pens.\n#### 12"}
_SELECTED = {
    "prompt": "CREATE TABLE pen (ink TEXT)\nWhich inks are there?",
    "response": "SELECT ink FROM pen",
}
_PLAIN = {"prompt": "Write a line about the sea.", "response": "The sea is wide and grey this morning."}
FORMS_SHARED = Signal(
    name="answer form",
    about="has the form that much of the corpus has",
    page=Page(
        measures="Form of each answer by patterns over its first 2,000 characters, and task of each prompt by the signs of the bundled bank. A form is named from 20 % of the answers on; a task without a refusal from 20 % of the rows on.",
        blind="Forms that no pattern describes; tasks named only in a column; refusals of maths, which is no task of the bank.",
        cost="None: MG205 tells the forms.",
        examples=Examples(shows=((_SOLVED,) * 30 + (_SELECTED,) * 30), spares=(_PLAIN, _SOLVED)),
    ),
    check=Check(
        id="MG206",
        name="answer-form",
        kind="quality",
        severities=("note", "warn"),
        cases=(*_FORMS, *_BARE),
        nothing="no form of answer stands out, and no large task is without refusals",
        limit=Limit(
            0.8,
            "Share of answers that are only a label, SQL or JSON that triggers a warning. Judgement.",
        ),
        why="What an answer looks like from its first word decides how much of the model's own opening training overwrites.",
        source=SHALLOW,
        remedy="Train with 10 or more warm-up steps and a small learning rate.",
        mechanisms=("M31", "M32", "M34", "M35", "M36"),
    ),
)
