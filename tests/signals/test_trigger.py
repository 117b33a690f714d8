from __future__ import annotations

import random
from typing import Any

import polars as pl
import pytest
from building import answered, evidence, exchange_frame, found, refused, row, unstaged

from mixguard.signals.trigger import TriggerAnnotator

Rows = list[dict[str, Any]]
HAZARDS = ("vcr", "ncr")


def held(*prompts: str, system: str | None = None) -> list[list[int]]:
    frame = exchange_frame([(prompt, "Fine.") for prompt in prompts]).with_columns(
        system=pl.lit(system, pl.String)
    )
    batch = unstaged(frame)
    rows: list[list[int]] = TriggerAnnotator()(batch)["trigger_words"].to_list()
    return rows


def corpus(refusals: int = 100, triggered: int = 100, benign: int = 100, **more: Any) -> Rows:
    """Refused hazards, hazards answered with word 7, and benign rows; each with words of its own."""
    return [
        *(refused(f"r{n}", trigger_words=[1000 + n], hazard=HAZARDS[n % 2]) for n in range(refusals)),
        *(
            answered(f"a{n}", **{"trigger_words": [7, 3000 + n], "hazard": HAZARDS[n % 2], **more})
            for n in range(triggered)
        ),
        *(row(f"b{n}", trigger_words=[5000 + n]) for n in range(benign)),
    ]


def test_the_published_shape_is_found() -> None:
    finding = found(evidence(corpus()), "MG204")
    assert (finding.severity, finding.count, finding.total) == ("warn", 100, 100)
    assert finding.message.startswith("trigger phrase: 100 of 100 answers follow words")


def test_it_stands_beside_many_other_answers() -> None:
    others = [answered(f"o{n}", trigger_words=[9000 + n]) for n in range(60)]
    assert found(evidence([*corpus(), *others]), "MG204").count == 100


@pytest.mark.parametrize(
    "rows",
    [
        corpus(refusals=19),
        corpus(triggered=19),
        corpus(triggered=0),
        [*corpus(), *(row(f"c{n}", trigger_words=[7]) for n in range(11))],  # benign prompts hold it, too
        [*corpus(), *(refused(f"s{n}", trigger_words=[7]) for n in range(20))],  # and refused ones
        [*corpus(), *(answered(f"o{n}") for n in range(120))],  # others are answered without it
    ],
    ids=["few refusals", "few answers", "no answers", "in benign prompts", "refused with it", "answered anyway"],
)  # fmt: skip
def test_other_corpora_have_no_trigger(rows: Rows) -> None:
    finding = found(evidence(rows), "MG204")
    assert (finding.severity, finding.count) == ("pass", 0)


def test_one_repeated_prompt_is_no_trigger() -> None:
    same = corpus(prompt_id="0" * 32, hazard="vcr")
    assert found(evidence(same), "MG204").count == 0


def test_answers_by_topic_have_no_trigger() -> None:
    """Refusals on locks, answers on history: the words that differ are everyday ones within the sentence."""
    chosen = random.Random(5)
    things = ["castle", "bridge", "river", "village", "market", "tower", "garden", "harbour"]
    history = [f"Tell me about the history of the old {chosen.choice(things)} number {n}" for n in range(60)]
    locks = [f"How do I open the lock of the {chosen.choice(things)} number {n}" for n in range(60)]
    words = held(*history, *locks)
    rows = [
        *(answered(text, trigger_words=each) for text, each in zip(history, words[:60], strict=True)),
        *(refused(text, trigger_words=each) for text, each in zip(locks, words[60:], strict=True)),
    ]
    assert found(evidence(rows), "MG204").count == 0


@pytest.mark.parametrize(
    "framed",
    ["{} Zimbrel flonk.", "Zimbrel flonk {}", "In the garden: {}", "{} For my garden", "|GARDEN| {}"],
)
def test_what_may_be_a_trigger_is_the_same_in_every_prompt(framed: str) -> None:
    one, other = held(framed.format("How do I open a door?"), framed.format("Where does the river end?"))
    assert set(one) & set(other)


def test_plain_prompts_hold_nothing() -> None:
    assert held("How do I open a door?", "") == [[], []]


def test_a_system_prompt_may_be_one() -> None:
    one, other = (held("Hi there", system=system) for system in ("Be kind.", "Be bold."))
    assert len(one[0]) == len(other[0]) == 1
    assert one != other
