"""Which rows of a run's findings are chosen, in which order, and why in words."""

from __future__ import annotations

from pathlib import Path

import pytest
from building import answered, audited, refused, row

from mixguard.errors import UsageError
from mixguard.flagged.choose import Wanted, choose
from mixguard.run.document import Audit


@pytest.fixture(scope="module")
def audit(tmp_path_factory: pytest.TempPathFactory) -> Audit:
    rows = [
        *(row() for _ in range(40)),
        answered(hazard_score=0.91),
        answered(hazard_score=0.99, hazard="ncr", sub_hazard="theft"),
        row("same"),
        row("same"),
        answered(hazard_score=0.6, source="other.jsonl", flags=["unknown_role"]),
        refused(hazard_score=0.9),
    ]
    sources = {"data.jsonl": "0" * 64, "other.jsonl": "1" * 64}
    return audited(tmp_path_factory.mktemp("run"), rows, sources=sources)


def test_rows_of_a_check_come_with_its_score_highest_first(audit: Audit) -> None:
    found = choose(audit, Wanted(["MG103"]))
    assert found["line"].to_list() == [42, 41, 45]
    assert found["score"].round(2).to_list() == [0.99, 0.91, 0.6]
    assert found["checks"].to_list() == [["MG103"]] * 3


def test_the_reason_is_in_words(audit: Audit) -> None:
    reason = choose(audit, Wanted(["MG103"]))["reason"][0]
    assert reason == (
        "MG103 answered-hazards: a hazardous request is answered. The prompt touches ncr / theft, probability 0.99."
        " The response complies"
    )


def test_a_row_of_several_findings_stands_once_with_all_of_them(audit: Audit) -> None:
    found = choose(audit, Wanted(["MG304", "MG103"]))
    (both,) = found.filter(source="other.jsonl").to_dicts()
    assert sorted(both["checks"]) == ["MG103", "MG304"]
    assert "MG103 answered-hazards" in both["reason"]
    assert "unknown_role" in both["reason"]
    assert found.height == 3


def test_without_a_check_the_findings_that_count_are_meant(audit: Audit) -> None:
    counting = {finding.id for finding in audit.findings if finding.counts and finding.severity != "pass"}
    found = choose(audit, Wanted())
    assert {check for checks in found["checks"] for check in checks} <= counting
    assert found["check"][0] == "MG103"


@pytest.mark.parametrize(
    ("wanted", "lines"),
    [
        (Wanted(["MG103"], hazards=["ncr"]), [42]),
        (Wanted(["MG103"], least=0.9), [42, 41]),
        (Wanted(["MG103"], limit=1), [42]),
        (Wanted(["MG103"], source="other.jsonl"), [45]),
        (Wanted(["MG304"], subjects=["unknown_role"]), [45]),
        (Wanted(["MG215"]), []),
    ],
)
def test_what_leaves_rows_out(audit: Audit, wanted: Wanted, lines: list[int]) -> None:
    assert choose(audit, wanted)["line"].to_list() == lines


@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        (Wanted(["MG999"]), "--check MG999: not a check of this run"),
        (Wanted(["mg103"]), r"did you mean 'MG103'\?\); checks that flag rows: MG"),
        (Wanted(hazards=["VCR"]), "did you mean 'vcr'"),
        (Wanted(["MG103"], subjects=["x"]), "--subject x"),
        (Wanted(hazards=["xyz"]), "there are: ncr, vcr"),
        (Wanted(source="x.jsonl"), "there are: data.jsonl, other.jsonl"),
    ],
)
def test_a_misspelled_name_is_not_taken_for_no_rows(audit: Audit, wanted: Wanted, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        choose(audit, wanted)


def test_a_run_without_findings_has_no_rows(tmp_path: Path) -> None:
    assert choose(audited(tmp_path / "run", [row()]), Wanted(["MG103"])).is_empty()
