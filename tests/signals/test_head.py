from __future__ import annotations

from typing import Any

import pytest
from building import checked, evidence, row

from mixguard.run.findings import Finding
from mixguard.signals.head import HEAD

ANSWER = row()
DECLINED = row(stance="full_refusal", stance_score=0.99)
REFUSED = row(stance="full_refusal", stance_score=0.99, hazard_score=0.99)


def findings(rows: list[dict[str, Any]]) -> dict[str | None, Finding]:
    return {each.subject: each for each in checked(evidence(rows), checks=[HEAD.check]).findings}


@pytest.mark.parametrize(
    ("rows", "subject", "severity", "count"),
    [
        ([DECLINED] * 10 + [ANSWER] * 90, "harmless prompts", "fail", 10),
        ([DECLINED] * 10 + [ANSWER] * 990, "harmless prompts", "warn", 10),
        ([DECLINED] * 9 + [ANSWER] * 90, None, "pass", 0),
        ([ANSWER] * 45 + [DECLINED] * 10 + [ANSWER] * 45, None, "pass", 0),
        (([DECLINED] + [ANSWER] * 9) * 10, None, "pass", 0),
        ([DECLINED] * 30 + [ANSWER] * 20, None, "pass", 0),
        ([REFUSED] * 20 + [ANSWER] * 90, "unshuffled", "note", 20),
        ([ANSWER] * 90 + [REFUSED] * 20, "unshuffled", "note", 20),
    ],
    ids=[
        "first",
        "few of many",
        "too few",
        "middle",
        "spread",
        "mostly refusals",
        "safety first",
        "safety last",
    ],
)
def test_only_refusals_packed_at_one_end_count(
    rows: list[dict[str, Any]], subject: str | None, severity: str, count: int
) -> None:
    (finding,) = findings(rows).values()
    assert (finding.subject, finding.severity, finding.count) == (subject, severity, count)


def test_each_file_has_its_own_order() -> None:
    first = [{**DECLINED, "source": "a.jsonl", "record": number} for number in range(10)]
    rest = [{**ANSWER, "source": "a.jsonl", "record": number} for number in range(10, 100)]
    other = [{**ANSWER, "source": "b.jsonl", "record": number} for number in range(300)]
    assert findings(other + first + rest)["harmless prompts"].count == 10
