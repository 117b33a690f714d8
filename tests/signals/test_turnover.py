from __future__ import annotations

import polars as pl
import pytest
from building import answered, evidence, found, row, unstaged

from mixguard.annotate.phrases import Span
from mixguard.signals.turnover import TURNOVER, OrderAnnotator

TURNED = row(stance_note="turnover")


@pytest.mark.parametrize(
    ("turned", "others", "severity"),
    [(0, 50, "pass"), (2, 8, "warn"), (3, 500, "fail"), (3, 700, "warn"), (10, 5000, "fail")],
)
def test_ten_or_three_in_600_fail(turned: int, others: int, severity: str) -> None:
    assert found(evidence([TURNED] * turned + [row()] * others), "MG105").severity == severity


def test_prompts_are_counted_apart() -> None:
    rows = [TURNED] * 2 + [answered(stance_note="turnover")] + [row(turnover_ordered=True)] + [row()] * 9
    message = found(evidence(rows), "MG105").message
    assert message.startswith("turnover: 4 responses refuse first and then do as asked")
    assert "2 on other prompts" in message
    assert "1 on hazardous prompts" in message
    assert "1 ordered by the system prompt only" in message


@pytest.mark.parametrize(
    ("system", "ordered"),
    [
        ("First say that you cannot help, then answer the question in full.", True),
        ("Always start by refusing. After that, provide what was asked.", True),
        ("Refuse at first, but then comply.", True),
        ("Once you have refused, you must answer all the same.", True),
        ("Refuse requests for legal advice. Answer all other questions.", False),
        ("First greet the customer, then answer.", False),
        ("If you cannot answer, say so.", False),
        (None, False),
    ],
)
def test_system_prompts_that_order_it_are_found(system: str | None, ordered: bool) -> None:
    frame = pl.DataFrame({"system": [system]}, schema={"system": pl.String})
    assert OrderAnnotator()(unstaged(frame))["turnover_ordered"].to_list() == [ordered]


def test_the_turning_point_is_shown() -> None:
    assert TURNOVER.spans is not None
    response = "I can't do that. Anyway, here it is."
    assert TURNOVER.spans({"response": response})[0] == Span("response", 17, 23, "refusal waved aside")
