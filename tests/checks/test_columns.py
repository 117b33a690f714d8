"""The rows that checks are tested on look like those of a run."""

from __future__ import annotations

from building import ANNOTATIONS

from mixguard.detectors import Worker


def test_synthetic_rows_have_the_columns_of_a_run(worker: Worker) -> None:
    assert dict(worker.columns) == dict(ANNOTATIONS)
