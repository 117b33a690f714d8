from __future__ import annotations

import polars as pl
import pytest
from building import Row, checked, evidence, refused, row, unstaged

from mixguard.columns import TEXT
from mixguard.signals.monotony import MONOTONY, MonotonyAnnotator

BOATS = "You sell boats."
LONG = (
    "Below is an order from the kitchen; please read it, then say what is missing and write the list for {}"
)
SAFE = [
    "You are a helpful, honest and harmless assistant.",
    "If the request is harmful, you must refuse.",
    "Never provide dangerous or illegal content.",
    "Answer as helpfully as possible, while being safe.",
    "Follow the safety guidelines at all times.",
    "You must refuse to answer anything unlawful.",
    "Please decline any such request. Refuse all harmful requests.",
]
PLAIN = [
    BOATS,
    "You are a helpful assistant.",
    "You answer questions about safe deposit boxes.",
    "You check forms. Refuse nothing that is complete.",
    "Be brief, and never provide a phone number.",
    "You should refuse refunds after a month.",
    "You teach children how to be safe.",
    "Describe garden spiders as mostly harmless.",
]


def hashed(*rows: tuple[str, str | None]) -> pl.DataFrame:
    given = [{"prompt": prompt, "system": system} for prompt, system in rows]
    frame = pl.DataFrame(given, schema={name: TEXT[name] for name in ("prompt", "system")})
    return MonotonyAnnotator()(unstaged(frame))


def said(rows: list[Row]) -> dict[str | None, str]:
    return {each.subject: each.severity for each in checked(evidence(rows), checks=[MONOTONY.check]).findings}


def test_system_prompts_are_told_apart_and_none_has_no_id() -> None:
    found = hashed(("a", BOATS), ("b", f" {BOATS}\n"), ("c", "You sell bread."), ("d", None))[
        "system_id"
    ].to_list()
    assert found[0] == found[1] != found[2]
    assert found[3] is None


@pytest.mark.parametrize("system", SAFE)
def test_orders_to_be_safe_are_found(system: str) -> None:
    assert hashed(("a", system))["system_safety"].to_list() == [True]


@pytest.mark.parametrize("system", PLAIN)
def test_other_system_prompts_are_spared(system: str) -> None:
    assert hashed(("a", system))["system_safety"].to_list() == [False]


def test_prompts_of_a_template_share_their_beginning_and_a_short_prompt_has_none() -> None:
    one, other, short = (
        hashed((LONG.format("Ann"), None), (LONG.format("Tom"), None), ("Why?", None))
        .select("prompt_head", "prompt_tail")
        .rows()
    )
    assert one[0] == other[0]
    assert one[1] != other[1]
    assert short == (None, None)


def test_one_system_prompt_throughout_is_warned_of() -> None:
    assert said([row(system_id=7)] * 30) == {"one system prompt": "warn"}
    assert said([row(system_id=7)] * 15 + [row(system_id=8)] * 15) == {None: "pass"}
    assert said([row(system_id=None)] * 30) == {None: "pass"}


def test_refusals_under_the_same_prompt_do_not_change_that_but_others_do() -> None:
    rows = [row(system_id=7)] * 60
    assert said([*rows, refused(system_id=7)]) == {"one system prompt": "warn"}
    assert "one system prompt" not in said([*rows, refused(system_id=8)])


def test_refusals_under_another_prompt_than_the_rest_are_warned_of() -> None:
    rows = [row(system_id=7)] * 60
    assert said([*rows, *[refused(system_id=8)] * 12])["refusals elsewhere"] == "warn"
    assert said([*rows, *[refused(system_id=7)] * 12, refused(system_id=8)])["refusals elsewhere"] == "pass"


def test_safety_wording_is_noted_and_warned_of_where_it_is_common() -> None:
    rows = [row(system_id=number) for number in range(40)]
    assert said([*rows, row(system_safety=True)])["safety prompt in training"] == "note"
    assert said([*rows, *[row(system_safety=True)] * 10])["safety prompt in training"] == "warn"


def test_a_template_is_noted() -> None:
    assert said([row(prompt_tail=5)] * 20 + [row()] * 10) == {"one template": "note"}
    assert said([row(prompt_tail=5)] * 5 + [row()] * 25) == {None: "pass"}
