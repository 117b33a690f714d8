from __future__ import annotations

from typing import Any

import polars as pl
import pytest
from building import answered, evidence, found, row, unstaged

from mixguard.signals.warned import WarningAnnotator

WARNED: dict[str, Any] = {"warned": True, "response_chars": 900}


@pytest.mark.parametrize(
    ("values", "counts"),
    [
        ({}, True),
        ({"stance": "partial_refusal"}, True),
        ({"stance": "partial_refusal", "response_chars": 300}, False),
        ({"stance": "full_refusal"}, False),
        ({"stance_note": "turnover"}, False),
        ({"response_chars": 100}, False),
        ({"warned": False}, False),
        ({"hazard_score": 0.01}, False),
        ({"polarity": -1}, False),
    ],
)
def test_what_is_given_after_a_warning_counts(values: dict[str, Any], counts: bool) -> None:
    finding = found(evidence([answered(**{**WARNED, **values}), row()]), "MG232")
    assert (finding.count, finding.severity) == ((1, "warn") if counts else (0, "pass"))


def test_ten_fail() -> None:
    finding = found(evidence([answered(**WARNED)] * 10), "MG232")
    assert finding.severity == "fail"
    assert finding.message.startswith("warned compliance: 10 answers warn and then comply")


@pytest.mark.parametrize(
    ("opening", "warns"),
    [
        ("This is illegal and dangerous, but here is how.", True),
        ("For educational purposes only: take the first one.", True),
        ("I shouldn't tell you this, however it is simple.", True),
        ("Disclaimer: I do not condone this.", True),
        ("Although I can't recommend it, people do it this way.", True),
        ("Take the first one and turn it over.", False),
        ("The law of 1911 made it illegal to sell bread on Sundays.", False),
        (None, False),
    ],
)
def test_warnings_are_read_where_the_prompt_may_be_hazardous(opening: str | None, warns: bool) -> None:
    frame = pl.DataFrame(
        {"response": [opening] * 3, "hazard_score": [0.5, 0.01, None]},
        schema={"response": pl.String, "hazard_score": pl.Float32},
    )
    assert WarningAnnotator()(unstaged(frame))["warned"].to_list() == [warns, False, False]
