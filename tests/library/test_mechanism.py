"""The risk mechanisms: each is measured by a check, or the file says why data cannot show it."""

from __future__ import annotations

from mixguard.catalogue import CHECKS
from mixguard.library.mechanism import mechanisms


def test_checks_name_mechanisms_that_exist() -> None:
    assert {name for check in CHECKS for name in check.mechanisms} <= set(mechanisms())


def test_a_mechanism_has_a_check_or_a_reason_for_having_none() -> None:
    measured = {name for check in CHECKS for name in check.mechanisms}
    without = {name for name, each in mechanisms().items() if each.beyond is None} - measured
    assert without == set()
