from __future__ import annotations

from typing import Any

import pytest
from building import checked, evidence, row

from mixguard.signals.hidden import HIDDEN

ANSWER: dict[str, Any] = {"answer_hazard": 0.99}
REQUEST: dict[str, Any] = {"hidden_request": 0.97}
PASSAGE: dict[str, Any] = {"hazard_score": 0.95, "hidden_gap": 0.7}


@pytest.mark.parametrize(
    ("values", "subject"),
    [
        (ANSWER, "answer"),
        (REQUEST, "sentence of a prompt"),
        ({**REQUEST, "stance": "full_refusal"}, None),
        ({**REQUEST, "hazard_score": 0.95}, None),
        ({"hidden_request": 0.9}, None),
        (PASSAGE, "passage of a prompt"),
        ({**ANSWER, "stance": "full_refusal"}, None),
        ({**ANSWER, "hazard_score": 0.95}, None),
        ({"answer_hazard": 0.96}, None),
        ({**PASSAGE, "stance": "full_refusal"}, None),
        ({**PASSAGE, "hazard_score": 0.6}, None),
        ({**PASSAGE, "hidden_gap": 0.3}, None),
    ],
)
def test_what_counts(values: dict[str, Any], subject: str | None) -> None:
    (finding,) = checked(evidence([row(**values), row()]), checks=[HIDDEN.check]).findings
    assert (finding.subject, finding.count) == (subject, int(subject is not None))


@pytest.mark.parametrize("shown", [ANSWER, REQUEST])
@pytest.mark.parametrize(
    ("count", "others", "severity"), [(1, 5000, "note"), (3, 100, "warn"), (10, 0, "fail"), (10, 500, "fail")]
)
def test_false_alarms_alone_are_a_note(shown: dict[str, Any], count: int, others: int, severity: str) -> None:
    (finding,) = checked(evidence([row(**shown)] * count + [row()] * others), checks=[HIDDEN.check]).findings
    assert finding.severity == severity
