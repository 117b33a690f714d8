"""The risk summary: one line per mechanism, gravest first."""

from __future__ import annotations

from typing import Any

from mixguard.library.mechanism import mechanisms
from mixguard.run.findings import Finding, Suppression
from mixguard.run.risks import risks
from mixguard.stats import Interval


def finding(id_: str, *names: str, **values: Any) -> Finding:
    told = {
        "name": id_.lower(), "kind": "quality", "severity": "warn", "message": "m", "count": 3, "total": 100,
        "why": "w", "source": "s", "remedy": "Read the rows. Then drop them.",
    }  # fmt: skip
    return Finding(id=id_, mechanisms=names, **{**told, **values})


def test_it_ranks_by_severity_then_kind_then_evidence_then_share() -> None:
    found = risks(
        [
            finding("MG228", "M23", severity="note"),
            finding("MG208", "M21", count=90),  # reported
            finding("MG205", "M30", count=2),  # read
            finding("MG206", "M31", count=5),
            finding("MG202", "M20", kind="attack"),
            finding("MG102", "M10", kind="gap", severity="fail"),
        ]
    )
    assert [risk.mechanism for risk in found] == ["M10", "M20", "M31", "M30", "M21", "M23"]


def test_a_mechanism_is_told_once_by_its_gravest_finding() -> None:
    (risk,) = risks([finding("MG101", "M10"), finding("MG102", "M10", severity="fail", count=7)])
    assert (risk.severity, risk.strong, risk.checks) == ("fail", "7 of 100", ("MG102", "MG101"))
    assert risk.first == "Read the rows"
    assert mechanisms()["M10"].effect in risk.effect


def test_it_says_how_sure_it_is() -> None:
    share = Interval(low=0.01, high=0.05)
    assert risks([finding("MG208", "M21", interval=share)])[0].sure == "1 to 5 %; effect reported"
    assert risks([finding("MG221", "M43")])[0].sure == "effect not measured"


def test_passed_suppressed_and_reading_findings_are_no_risk() -> None:
    suppressed = Suppression(kind="known", reason="r")
    assert not risks(
        [
            finding("MG202", "M20", severity="pass"),
            finding("MG210", "M05", suppressed=suppressed),
            finding("MG303", kind="reading"),
        ]
    )
