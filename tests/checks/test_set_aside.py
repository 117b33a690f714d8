"""Rows that will be set aside still count; findings and entries say which they are."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from building import TODAY, allow, answered, evidence, found, row

from mixguard.catalogue import CHECKS
from mixguard.checks.base import Evidence
from mixguard.checks.run import Checked, run_checks
from mixguard.library.aside import SetAside

PLAIN = [row(f"plain {n}") for n in range(50)]
NOW = evidence([*PLAIN, *(answered(f"harm {n}", private_secrets=1) for n in range(12)), answered("harm 0")])
BARE = run_checks(CHECKS, NOW, today=TODAY)
FIRST = found(BARE, "MG103").samples[1]  # the first has a copy


def aside(sample: str, *, expires: date = TODAY, check: str | None = None) -> SetAside:
    return SetAside(sample=sample, check=check, reason="no", author="Ann", expires=expires)


def with_aside(*entries: SetAside, now: Evidence = NOW) -> Checked:
    return run_checks(CHECKS, now, set_aside=entries, today=TODAY)


@pytest.mark.parametrize(("named", "samples"), [("sample_id", 1), ("text_id", 2)])
def test_findings_say_how_many_of_their_rows_will_be_set_aside_and_are_otherwise_the_same(
    named: str, samples: int
) -> None:
    texts = [sample.text_id for sample in found(BARE, "MG103").samples]
    twice = next(sample for sample in found(BARE, "MG103").samples if texts.count(sample.text_id) == 2)
    result = with_aside(aside(getattr(twice, named)))
    assert {each.id: each.aside for each in result.findings if each.aside}["MG103"] == samples
    assert result.set_aside[0].model_dump(include={"state", "samples"}) == {
        "state": "used",
        "samples": samples,
    }
    same = [each.model_copy(update={"aside": 0}) for each in result.findings if each.id != "MG307"]
    assert same == [each for each in BARE.findings if each.id != "MG307"]


def test_two_entries_for_one_row_count_it_once() -> None:
    result = with_aside(aside(FIRST.text_id), aside(FIRST.sample_id))
    assert found(result, "MG103").aside == 1
    assert [use.samples for use in result.set_aside] == [1, 1]


def test_an_entry_with_a_check_holds_while_that_check_flags_the_row() -> None:
    for check, state in (("MG103", "used"), ("MG215", "used"), ("MG105", "unused")):
        result = with_aside(aside(FIRST.text_id, check=check))
        assert (result.set_aside[0].state, found(result, "MG103").aside) == (state, int(state == "used"))
    gone = run_checks(
        CHECKS, NOW, [allow("MG103", sample=FIRST.text_id)],
        set_aside=[aside(FIRST.text_id, check="MG103")], today=TODAY,
    )  # fmt: skip
    assert gone.set_aside[0].state == "unused"


def test_an_allowed_row_is_still_set_aside_if_that_was_said_too() -> None:
    result = run_checks(
        CHECKS, NOW, [allow(sample=FIRST.text_id)], set_aside=[aside(FIRST.text_id)], today=TODAY
    )
    assert (result.set_aside[0].samples, found(result, "MG103").aside) == (1, 0)
    assert found(result, "MG103").count == found(BARE, "MG103").count - 1


def test_unused_and_expired_entries_are_reported_with_those_of_the_allow_file() -> None:
    entries = [
        aside(FIRST.text_id), aside("ab" * 8), aside(FIRST.sample_id, expires=TODAY - timedelta(days=1)),
    ]  # fmt: skip
    result = with_aside(*entries)
    assert [use.state for use in result.set_aside] == ["used", "unused", "expired"]
    own = found(result, "MG307")
    assert (own.severity, own.count, own.total) == ("warn", 2, 3)
    assert own.message == (
        f"set-aside entries: 1 expired: {FIRST.sample_id} (until 2026-06-14, Ann);"
        f" 1 unused: {'ab' * 8} (until 2026-06-15, Ann)"
    )
    both = run_checks(CHECKS, NOW, [allow("MG105")], set_aside=entries[:1], today=TODAY)
    assert found(both, "MG307").message == "allow-file entries: 1 unused: MG105 (until 2026-06-15, Ann)"
    fine = run_checks(CHECKS, NOW, [allow("MG103")], set_aside=entries[:1], today=TODAY)
    assert found(fine, "MG307").message == "all 2 allow-file and set-aside entries are in use"
