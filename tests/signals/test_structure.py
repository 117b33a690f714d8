from __future__ import annotations

import polars as pl
import pytest
from building import Row, checked, evidence, refused, row, unstaged

from mixguard.checks.base import Check, Told
from mixguard.columns import TEXT
from mixguard.run.findings import Finding
from mixguard.signals.forms import FORMS_SHARED
from mixguard.signals.structure import STRUCTURE, StructureAnnotator

LIST = "- a blanket\n- some bread"


def judged(*pairs: tuple[str, str | None], system: str | None = None) -> pl.DataFrame:
    rows = [{"prompt": prompt, "response": response, "system": system} for prompt, response in pairs]
    frame = pl.DataFrame(rows, schema={name: TEXT[name] for name in ("prompt", "response", "system")})
    return StructureAnnotator()(unstaged(frame))


def finding(check: Check, rows: list[Row], subject: str | None = None) -> Finding | None:
    found = checked(evidence(rows), checks=[check]).findings
    return next((each for each in found if each.subject == subject), None)


def severity(check: Check, rows: list[Row], subject: str | None = None) -> str | None:
    found = finding(check, rows, subject)
    return found.severity if found else None


def shapes(short: int, plain: int) -> list[Row]:
    full = row(structure_shape=1.0, structure_form="list")
    return [full] * short + [row(structure_shape=0.0, structure_form="prose")] * plain


def test_a_short_list_after_a_short_prompt_has_the_full_score() -> None:
    long_prompt, long_list = "Please say " + "again " * 30, LIST + "\n- more" + " and more" * 80
    found = judged(
        ("What?", LIST),
        (long_prompt, LIST),
        ("What?", long_list),
        (long_prompt, long_list),
        ("What?", "Bread."),
    )
    assert found["structure_shape"].to_list() == [1.0, 0.5, 0.5, 0.25, 0.0]


def test_no_answer_has_no_score() -> None:
    assert judged(("What?", None)).row(0) == (None, None, None, None)


def test_the_task_of_a_prompt_is_told_by_prompt_and_system_prompt() -> None:
    plain = judged(("Write a function that adds two numbers in Python.", "x"), ("Is the sea grey?", "x"))
    assert plain["structure_task"].to_list() == ["code", None]
    told = judged(("Die See ist grau.", "x"), system="Translate the sentence to English.")
    assert told["structure_task"].to_list() == ["translate"]


def test_a_long_answer_to_a_short_question_is_open() -> None:
    long = "The sea is wide. " * 60
    found = judged(("Why?", long), ("Why? " * 50, long), ("Why?", "So."))
    assert found["structure_open"].to_list() == [True, False, False]


@pytest.mark.parametrize(("short", "said"), [(25, "pass"), (45, "note"), (80, "warn")])
def test_short_lists_are_judged_by_their_share(short: int, said: str) -> None:
    assert severity(STRUCTURE.check, shapes(short, 100 - short)) == said


def test_a_handful_of_answers_is_not_judged() -> None:
    assert severity(STRUCTURE.check, shapes(10, 0)) == "pass"


@pytest.mark.parametrize(
    ("form", "subject", "said"),
    [
        ("maths", "maths steps", "note"),
        ("code", "code", "note"),
        ("sql", "cold openings", "warn"),
        ("prose", None, "pass"),
    ],
)
def test_a_form_that_most_answers_have_is_named(form: str, subject: str | None, said: str) -> None:
    assert severity(FORMS_SHARED.check, [row(structure_form=form)] * 40, subject) == said


def test_a_rare_form_is_not_named() -> None:
    rows = [row(structure_form="maths")] * 5 + [row(structure_form="prose")] * 40
    assert severity(FORMS_SHARED.check, rows, "maths steps") is None


def test_a_task_without_a_refusal_is_named_until_one_is_there() -> None:
    subject = "SQL without a refusal"
    task = [row(structure_form="prose", structure_task="sql")] * 10
    rows = task + [row(structure_form="prose")] * 30
    assert severity(FORMS_SHARED.check, rows, subject) == "warn"
    elsewhere = refused(structure_form="prose")
    assert severity(FORMS_SHARED.check, [*rows, elsewhere], subject) == "warn"
    own = refused(structure_form="prose", structure_task="sql")
    assert severity(FORMS_SHARED.check, [*rows, own], subject) is None


def test_a_small_task_needs_no_refusals() -> None:
    rows = [row(structure_form="prose", structure_task="sql")] * 5 + [row(structure_form="prose")] * 40
    assert severity(FORMS_SHARED.check, rows, "SQL without a refusal") is None


def test_each_form_names_its_own_mechanism() -> None:
    check = FORMS_SHARED.check
    told = {case.subject: check.finding(Told("warn", "x", 1, 1), case).mechanisms for case in check.cases}
    assert (told["maths steps"], told["cold openings"], told["headings"]) == (("M31",), ("M32",), ())
    assert told["SQL without a refusal"] == ("M36",)
    assert {each for mechanisms in told.values() for each in mechanisms} == set(check.mechanisms)
