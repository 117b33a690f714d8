from __future__ import annotations

from typing import Any

import pytest
from building import evidence, found, row

PROMPT: dict[str, Any] = {
    "kind": "prompt",
    "polarity": 0,
    "response_id": None,
    "stance": None,
    "stance_score": None,
}
HARMLESS, HAZARDOUS = row(**PROMPT), row(**PROMPT, hazard_score=0.99)


@pytest.mark.parametrize(
    ("hazardous", "harmless", "severity"),
    [(0, 50, "pass"), (64, 0, "fail"), (20, 80, "fail"), (5, 0, "warn"), (1, 200, "note"), (8, 992, "note")],
    ids=["none", "all", "a fifth", "few", "one in many", "false alarms"],
)
def test_false_alarms_alone_fail_nothing(hazardous: int, harmless: int, severity: str) -> None:
    finding = found(evidence([HAZARDOUS] * hazardous + [HARMLESS] * harmless), "MG225")
    assert (finding.severity, finding.count, finding.total) == (severity, hazardous, hazardous + harmless)


def test_answered_and_unjudged_prompts_do_not_count() -> None:
    rows = [row(hazard_score=0.99)] * 20 + [row(**PROMPT, hazard=None) | {"hazard_score": None}] * 5
    finding = found(evidence(rows), "MG225")
    assert (finding.count, finding.total) == (0, 0)
