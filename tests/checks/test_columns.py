"""Checks are tested on columns alone, and those are the ones that a run writes."""

from __future__ import annotations

from building import ANNOTATIONS

from mixguard.detectors import Worker


def test_the_rows_that_checks_are_tested_on_have_the_columns_of_a_run(worker: Worker) -> None:
    assert dict(worker.columns) == dict(ANNOTATIONS)
