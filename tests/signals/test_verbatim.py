from __future__ import annotations

from pathlib import Path

import polars as pl
from building import evidence, found, row, unstaged

from mixguard.annotate.references import References
from mixguard.signals.verbatim import LEAST, VERBATIM, VerbatimAnnotator

PASSAGE = " ".join(f"word{number}" for number in range(80))


def measured(annotator: VerbatimAnnotator, *responses: str | None) -> list[tuple[int | None, ...]]:
    frame = pl.DataFrame({"response": responses}, schema={"response": pl.String})
    return annotator(unstaged(frame)).rows()


def test_runs_are_measured_against_the_references(tmp_path: Path) -> None:
    (tmp_path / "book.txt").write_text(PASSAGE)
    annotator = VerbatimAnnotator(References.load([tmp_path]))
    rows = measured(annotator, f"He read: {PASSAGE}.", "The sea.", None)
    assert rows == [(80, 9, 9 + len(PASSAGE)), (0, None, None), (0, None, None)]
    assert measured(annotator) == []


def test_without_references_nothing_is_measured() -> None:
    assert measured(VerbatimAnnotator(), PASSAGE) == [(None, None, None)]
    finding = found(evidence([row()]), VERBATIM.check.id)
    assert finding.message == "not measured: name references with judge.references"


def test_one_run_warns() -> None:
    rows = [row(verbatim_words=LEAST), row(verbatim_words=0)]
    finding = found(evidence(rows), VERBATIM.check.id)
    assert (finding.severity, finding.count, finding.total) == ("warn", 1, 2)
