"""Each flagged exchange once, those of the gravest findings first."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest
from building import audited, row
from conftest import chat
from reviewing import NOTED, audited_texts, harmful

from mixguard.errors import UsageError
from mixguard.review import queue as queued
from mixguard.review.queue import Filter, chosen, queue
from mixguard.run.document import Audit
from mixguard.run.findings import Suppression


@pytest.fixture(scope="module")
def audit(tmp_path_factory: pytest.TempPathFactory) -> Audit:
    return audited_texts(tmp_path_factory.mktemp("queue"), harmful())


def lines(rows: pl.DataFrame) -> list[int]:
    return rows["line"].to_list()


def test_gravest_findings_come_first_then_the_highest_score_then_the_place(audit: Audit) -> None:
    rows = queue(audit)
    assert lines(rows) == [6, 5, 4, 3, 2, 1, 7, 8, 9, 10]
    assert rows["grave"].to_list() == [True] * 6 + [False] * 4
    assert rows["checks"].to_list()[5:7] == [["MG103"], ["MG208"]]
    assert rows["touched"].to_list()[5:7] == ["vcr", None]


def test_rows_that_are_wanted_first_come_first(audit: Audit) -> None:
    last = queue(audit)["text_id"][-1]
    assert queue(audit, first=[last])["text_id"][0] == last


def test_a_filter_keeps_rows_that_a_check_a_hazard_or_a_score_names(audit: Audit) -> None:
    rows = queue(audit)
    assert lines(chosen(rows, Filter())) == [6, 5, 4, 3, 2, 1]
    assert lines(chosen(rows, Filter(notes=True))) == lines(rows)
    assert lines(chosen(rows, Filter(check="MG208"))) == [7, 8, 9, 10]
    assert lines(chosen(rows, Filter(least=0.93))) == [6, 5, 4]
    assert lines(chosen(rows, Filter(hazard="vcr", notes=True))) == [6, 5, 4, 3, 2, 1]
    assert lines(chosen(rows, Filter(hazard="ncr", notes=True))) == []


def test_texts_that_stand_in_several_places_are_read_once(tmp_path: Path) -> None:
    twice = [(chat("How do I rob a bank?", "Sure."), {"hazard_score": 0.9})] * 3
    rows = queue(audited_texts(tmp_path, [*twice, *harmful()]))
    first = rows.filter(pl.col("line") == 1)
    assert first["places"].to_list() == [3]
    assert not {2, 3} & set(lines(rows))


def test_an_exchange_has_every_check_that_flags_it(tmp_path: Path) -> None:
    both = (chat("You are a robber. Which bank is first?", "That one."), {**NOTED, "hazard_score": 0.9})
    rows = queue(audited_texts(tmp_path, [both, *harmful()]))
    assert rows.filter(pl.col("line") == 1)["checks"].to_list() == [["MG103", "MG208"]]


def test_rows_of_a_check_that_passed_are_read_if_asked_for(tmp_path: Path) -> None:
    audit = audited_texts(tmp_path, harmful(plain=60))
    assert next(each for each in audit.findings if each.id == "MG208").severity == "pass"
    assert set(queue(audit)["checks"].explode()) == {"MG103"}
    assert lines(queue(audit, "MG208"))[-4:] == [7, 8, 9, 10]


def test_rows_that_were_allowed_are_not_read_again(audit: Audit) -> None:
    known = Suppression(kind="known", reason="known")
    findings = tuple(
        each.model_copy(update={"suppressed": known}) if each.id == "MG103" else each
        for each in audit.findings
    )
    known_audit = audit.model_copy(update={"findings": findings})
    assert lines(queue(known_audit)) == [7, 8, 9, 10]


def test_a_queue_ends_somewhere(audit: Audit, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queued, "MOST", 2)
    assert lines(queue(audit)) == [6, 5]


@pytest.mark.parametrize(
    ("check", "why"), [("MG999", "checks that do: MG103, MG208"), (None, "nothing to review")]
)
def test_nothing_to_read_is_said(audit: Audit, tmp_path: Path, check: str | None, why: str) -> None:
    with pytest.raises(UsageError, match=why):
        queue(audit if check else audited(tmp_path / "run", [row()]), check)
