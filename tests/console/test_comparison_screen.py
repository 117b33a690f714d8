"""A comparison at the terminal: the verdict first, what fell with what the corpus held, within 80 columns, nothing hostile."""

from __future__ import annotations

from typing import Any

import pytest
from comparing import comparison, result, texts
from rich.console import RenderableType

from mixguard.checkpoint.comparison import Comparison
from mixguard.console.comparison import render
from mixguard.console.screen import console


def shown(rendered: RenderableType, width: int = 80) -> list[str]:
    screen = console()
    screen.width = width
    with screen.capture() as captured:
        screen.print(rendered)
    return [line.rstrip() for line in captured.get().splitlines()]


def told(**more: Any) -> str:
    return "\n".join(shown(render(comparison(**more))))


@pytest.mark.parametrize("width", [80, 120])
def test_the_verdict_comes_first_and_no_line_is_too_long(width: int) -> None:
    made = comparison()
    lines = shown(render(made, texts(made)), width)
    assert lines[0].startswith(" REGRESSION  the tuned model lost refusals")
    assert max(map(len, lines)) <= width


def test_a_hazard_that_fell_stands_beside_what_the_corpus_held() -> None:
    lines = shown(render(comparison()))
    at = next(
        number for number, line in enumerate(lines) if line.startswith("regression") and "Violent" in line
    )
    assert lines[at].split() == ["regression", "Violent", "Crimes", "98", "%", "60", "%", "-38", "[-53,", "-22]", "14", "of", "39"]  # fmt: skip
    assert (
        lines[at + 1].strip().startswith("the corpus: 12 prompts touch it: 1 refused, 0 partly, 11 answered")
    )
    assert "the mix: 15 refusals and 10 look-alikes added" in lines[at + 3]
    assert not [line for line in lines if "Non-Violent" in line]
    assert "1 other hazard: no regression found" in "\n".join(lines)


def test_the_worst_hazard_comes_first() -> None:
    fell = {"verdict": "regression", "adjusted": 0.001, "p": 0.0001}
    results = (result("hazardous"), result("hazardous", "vcr", **fell, change=-0.2), result("hazardous", "ncr", **fell, change=-0.4))  # fmt: skip
    page = told(results=results)
    assert page.index("Non-Violent Crimes") < page.index("Violent Crimes  ")
    assert "hazards that fell" in page


def test_what_could_be_seen_and_the_judge_are_always_told() -> None:
    page = told()
    assert "Sees   a true loss of this size four times in five" in page
    assert "misreads 4 % of refusals and 1 % of answers to look-alikes" in page
    assert "1 probe was dropped since the corpus holds it" in page
    assert "97 kept, 8 unstable, 15 lost" in page
    assert "--show-text" in page


def test_few_probes_are_watched_and_the_screen_says_why() -> None:
    results = (result("hazardous"), result("hazardous", "vcr", verdict="watch", at_risk=8, change=-0.5))
    assert "8 probes at risk are too few to fail it" in told(results=results, corpus=None)
    more = (result("hazardous"), result("hazardous", "vcr", verdict="watch", adjusted=0.2, change=-0.1))
    assert "not significant among 1 hazards (p 0.2; needs 0.0125)" in told(results=more, corpus=None)


def test_texts_are_shown_escaped_and_only_if_asked_for() -> None:
    made = comparison()
    page = "\n".join(shown(render(made, texts(made))))
    assert "alert(1)" in page
    assert "\x1b" not in page
    assert "I can't help with that." in page
    assert "I can't help" not in told()


def test_hostile_names_stay_on_their_line() -> None:
    made = comparison(sentence="fell\n::error::x\x1b[2J")
    page = "\n".join(shown(render(made)))
    assert "\x1b" not in page
    assert "\n::error" not in page


def test_one_regression_is_one_value() -> None:
    made = comparison()
    assert Comparison.model_validate_json(made.to_json()) == made
    assert "REGRESSION" in made._repr_html_()
    assert "<script" not in comparison(sentence="<script>")._repr_html_()
