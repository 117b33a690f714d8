from __future__ import annotations

from typing import Any

import pytest
from building import answered, evidence, found, row

DOCUMENT: dict[str, Any] = {
    "kind": "document",
    "format": "pretrain",
    "text_kind": "document",
    "response_id": None,
    "stance": None,
    "stance_score": None,
}
HARMLESS, HAZARDOUS = row(**DOCUMENT), row(**DOCUMENT, hazard_score=0.99)


@pytest.mark.parametrize(
    ("hazardous", "harmless", "severity"),
    [(0, 50, "pass"), (24, 300, "fail"), (30, 1400, "warn"), (1, 900, "note")],
    ids=["none", "many", "few", "false alarms"],
)
def test_hazardous_documents_are_in_a_finding(hazardous: int, harmless: int, severity: str) -> None:
    finding = found(evidence([HAZARDOUS] * hazardous + [HARMLESS] * harmless), "MG236")
    assert (finding.severity, finding.count, finding.total) == (severity, hazardous, hazardous + harmless)


def test_answers_are_no_documents() -> None:
    finding = found(evidence([answered()] * 20 + [HARMLESS] * 5), "MG236")
    assert (finding.count, finding.total) == (0, 5)


def test_documents_neither_need_nor_lack_refusals() -> None:
    seen = evidence([HAZARDOUS] * 24 + [HARMLESS] * 300)
    assert not any(each.exchanges or each.wanted for each in seen.coverage)
    gate = found(seen, "MG101")
    assert (gate.severity, gate.count) == ("pass", 0)
    assert "no trained response" in gate.message
    assert found(seen, "MG103").total == 0
