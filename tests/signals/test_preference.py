from __future__ import annotations

from typing import Any

import polars as pl
import pytest
from building import checked, evidence, found, row, unstaged

from mixguard.run.findings import Finding
from mixguard.signals.preference import ODD_PREFERENCES, PraiseAnnotator

REFUSES: dict[str, Any] = {"stance": "full_refusal", "stance_score": 0.99}
HAZARDOUS: dict[str, Any] = {"hazard_score": 0.99}


def pair(number: int, chosen: dict[str, Any], rejected: dict[str, Any], **both: Any) -> list[dict[str, Any]]:
    """The two sides of a preference, as the corpus gives them."""
    shared = {"sample_id": f"{number:016x}", "prompt_id": f"{number:032x}", **both}
    return [
        row(**shared, **{"response_id": f"{number:031x}c", **chosen}),
        row(**shared, **{"response_id": f"{number:031x}r", "polarity": -1, "exchange": 1, **rejected}),
    ]


def pairs(count: int, *sides: dict[str, Any], start: int = 0, **both: Any) -> list[dict[str, Any]]:
    return [each for number in range(start, start + count) for each in pair(number, *sides, **both)]


def rejecting(count: int, **both: Any) -> list[dict[str, Any]]:
    return pairs(count, {}, REFUSES, **both)


def preferring(count: int, **both: Any) -> list[dict[str, Any]]:
    return pairs(count, REFUSES, {}, start=1000, **{**HAZARDOUS, **both})


def ordinary(count: int) -> list[dict[str, Any]]:
    return pairs(count, {}, {}, start=2000)


@pytest.mark.parametrize(
    ("rows", "severity", "count"),
    [
        (ordinary(20), "pass", 0),
        (rejecting(1) + ordinary(20), "warn", 1),
        (rejecting(9), "warn", 9),
        (rejecting(10), "fail", 10),
        (rejecting(10, **HAZARDOUS), "fail", 10),
        (rejecting(10) + preferring(9), "fail", 10),
        (rejecting(10) + preferring(10), "note", 10),
        (rejecting(10) + preferring(10, hazard_score=0.01), "fail", 10),
        (rejecting(10) + ordinary(491), "warn", 10),
    ],
    ids=[
        "none", "one", "nine", "ten", "ten hazardous", "fewer opposite", "balanced", "opposite but harmless", "rare",
    ],
)  # fmt: skip
def test_ten_rejected_refusals_fail_unless_as_many_are_preferred(
    rows: list[dict[str, Any]], severity: str, count: int
) -> None:
    finding = found(evidence(rows), "MG224")
    assert (finding.severity, finding.count) == (severity, count)


def test_the_message_counts_prompts_apart() -> None:
    rows = rejecting(8) + pairs(3, {}, REFUSES, start=50, **HAZARDOUS)
    message = found(evidence(rows), "MG224").message
    assert message.startswith("rejected refusals: 11 of 11 preferences reject a refusal")
    assert "8 on benign prompts, 3 on hazardous prompts" in message
    assert message.endswith("0 prefer a refusal of a hazardous prompt")


def test_a_refusal_labelled_undesirable_is_rejected() -> None:
    lone = [row(polarity=-1, format="kto", **REFUSES)] * 10
    wanted = [row(format="kto", **REFUSES, **HAZARDOUS)] * 10
    assert found(evidence(lone), "MG224").severity == "fail"
    assert found(evidence(lone + wanted), "MG224").severity == "note"
    elsewhere = [{**each, "source": "chat.jsonl", "format": "openai_chat"} for each in wanted]
    assert found(evidence(lone + elsewhere), "MG224").severity == "fail"


def test_a_lack_of_facts_is_no_refusal() -> None:
    assert found(evidence(pairs(10, {}, {**REFUSES, "stance_note": "inability"})), "MG224").count == 0


def odd(rows: list[dict[str, Any]]) -> dict[str | None, Finding]:
    findings = checked(evidence(rows), checks=[ODD_PREFERENCES.check]).findings
    return {finding.subject: finding for finding in findings}


@pytest.mark.parametrize(
    ("subject", "rows"),
    [
        ("refused on both sides", pairs(5, REFUSES, REFUSES)),
        ("harmless prompt refused", pairs(5, REFUSES, {})),
        ("same text", pairs(5, {"response_id": "f" * 32}, {"response_id": "f" * 32})),
        ("praise preferred", pairs(5, {"preference_praise": True}, {"preference_praise": False})),
    ],
)
def test_each_oddity_is_told_apart(subject: str, rows: list[dict[str, Any]]) -> None:
    few, many = odd(rows + ordinary(300)), odd(rows + ordinary(20))
    assert {name: finding.count for name, finding in few.items()} == {subject: 5}
    assert (few[subject].severity, many[subject].severity) == ("note", "warn")
    assert odd(ordinary(5))[None].severity == "pass"


def test_a_text_may_be_chosen_in_one_row_and_rejected_in_another() -> None:
    words = {"prompt_id": "a" * 32, "response_id": "b" * 32, "format": "kto"}
    assert odd([row(**words), row(**words, polarity=-1)])["same text"].count == 1


@pytest.mark.parametrize(
    ("answer", "praises"),
    [
        ("Great question! The sea is salty.", True),
        ("You’re absolutely right, and I was wrong.", True),
        ("What a wonderful idea. Let's begin.", True),
        ("I completely agree with you; the film is too long.", True),
        ("Great Britain is an island.", False),
        ("Turn right at the church.", False),
        ("The great question of the century was land. " * 2, False),
        (None, False),
    ],
)
def test_praise_is_looked_for_at_the_beginning(answer: str | None, praises: bool) -> None:
    frame = pl.DataFrame({"response": [answer, f"{'Salt. ' * 60}{answer}"]}, schema={"response": pl.String})
    found_in = PraiseAnnotator()(unstaged(frame))["preference_praise"]
    assert found_in.to_list() == [praises, False]
