"""A plan at the terminal says per hazard what changes and why, in words."""

from __future__ import annotations

from typing import Any

from rich.console import Console, RenderableType

from mixguard.console.onward import Step
from mixguard.console.plan import render_plan, why
from mixguard.mix.plan import Plan, PlanLine, Removal
from mixguard.stats import Interval

NAMES = {"vcr": "Violent Crimes", "ncr": "Non-Violent Crimes", "src": "Sex-Related Crimes", "hte": "Hate", "dfm": "Defamation", "prv": "Privacy"}  # fmt: skip


def of(hazard: str, **values: Any) -> PlanLine:
    plain = {
        "there": 0.0, "covered": 0.0, "answered": 0, "near": 0.0, "target": 1.0, "wanted": 1, "refusals": 1, "contrast": 1,
        "after": Interval(1, 1), "reason": "",
    }  # fmt: skip
    return PlanLine(hazard=hazard, name=NAMES[hazard], **{**plain, **values})


def plan(*lines: PlanLine, remove: tuple[Removal, ...] = (), notes: tuple[str, ...] = ()) -> Plan:
    return Plan(
        inputs={}, profile="general", bank="mixguard", bank_digest="", dose={}, exchanges=100, wanted=3, hazards=lines,
        remove=remove, refusal_text=0.1, tasks=(), notes=notes,
    )  # fmt: skip


def shown(screen: RenderableType) -> list[str]:
    printer = Console(width=80, color_system=None)
    with printer.capture() as captured:
        printer.print(screen, crop=False)
    return [each.rstrip() for each in captured.get().splitlines()]


GONE = Removal(
    sample_id="a", source="my\x1b rows.jsonl", line=7, record=6, rule="answered", hazard="ncr", score=0.99
)


def test_before_and_after_stand_side_by_side_with_why() -> None:
    lines = shown(render_plan(plan(of("ncr", answered=1, refusals=3, contrast=2), remove=(GONE,))))
    assert lines[0] == " PLAN  add 3 refusals and 2 look-alikes, set 1 row aside"
    (row,) = [each for each in lines if each.startswith("ncr")]
    assert row.split() == [
        "ncr",
        "Non-Violent",
        "Crimes",
        "0",
        "->",
        "3",
        "2",
        "->",
        "1",
        "+2",
        "1",
        "answer",
        "remains",
    ]
    assert "my\ufffd rows.jsonl:7" in "\n".join(lines)
    assert "\x1b" not in "".join(lines)


def test_hazards_that_get_the_same_are_one_line() -> None:
    lines = shown(render_plan(plan(of("ncr", answered=2), *(of(code) for code in ("src", "hte", "dfm")))))
    assert "src, hte, dfm: refusals 0 -> 1, +1 look-alike, never refused" in lines
    assert not [each for each in lines if each.startswith("hte")]
    enough = of("prv", refusals=0, contrast=0, there=9.0, covered=8.0, reason="enough refusals already")
    assert "prv: enough refusals already" in shown(render_plan(plan(enough)))


def test_why_is_what_made_the_number() -> None:
    assert why(of("vcr")) == "never refused"
    assert why(of("vcr", there=2.0, covered=1.5)) == "too few refusals"
    told = why(of("vcr", there=6.0, covered=4.2, answered=2, near=3.2, weight=2.0, short=4))
    assert told == "2 answers remain, 3 near harm, weight 2, 4 of 6 certain, 4 not in the bank"
    assert why(of("vcr", refusals=0, short=2)) == "2 not in the bank"


def test_notes_are_one_sentence_unless_all_is_asked_for() -> None:
    noted = plan(of("vcr"), notes=("The bank is short. Get more of them with bank fill.",))
    assert "Note The bank is short." in shown(render_plan(noted))
    assert "bank fill" in "\n".join(shown(render_plan(noted, verbose=True)))


def test_the_command_that_applies_it_comes_last() -> None:
    step = Step("Apply", ("mixguard", "rebalance", "my data", "--plan", "my plan.json", "-o", "x.jsonl"))
    assert shown(render_plan(plan(of("vcr")), [step]))[-1] == (
        "Next  mixguard rebalance 'my data' --plan 'my plan.json' -o x.jsonl"
    )
    assert "give -o FILE" in shown(render_plan(plan(of("vcr"))))[-1]
