"""Parts are used again by a run that is made of the same, and by no other, which says why."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from mixguard.config import Config
from mixguard.detectors import Worker
from mixguard.errors import RunFolderError
from mixguard.run.provenance import Provenance
from mixguard.run.unfinished import Unfinished, begin

MADE_OF = {"version of polars": "1.0", "judge.neighbours": "5"}


def unfinished(worker: Worker, made_of: dict[str, str] = MADE_OF, *, fresh: bool = False) -> Unfinished:
    return Unfinished(
        made_of=made_of,
        columns={},
        detectors=worker.detectors,
        config=Config().replace({"run.fresh": fresh}),
        provenance=Provenance(started=datetime.now(UTC), seconds=0, texts_embedded=0, versions={}),
    )


@pytest.fixture
def folder(tmp_path: Path, worker: Worker) -> Path:
    """An unfinished run with two parts."""
    for name in (
        "unfinished/lock",
        "unfinished/part-00000.json",
        "unfinished/part-00001.json",
        "annotations/part-00000.parquet",
        "audit.json",
    ):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("")
    unfinished(worker).write(tmp_path)
    return tmp_path


def names(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def test_a_run_of_the_same_goes_on(folder: Path, worker: Worker) -> None:
    before, told = names(folder), list[str]()
    begin(folder, unfinished(worker), told.append)
    assert (names(folder), told) == (before, ["resuming: parts done before: 2"])


@pytest.mark.parametrize(
    ("made_of", "why"),
    [
        ({**MADE_OF, "judge.neighbours": "7"}, "judge.neighbours was 5 in the unfinished run, and is 7 now"),
        ({**MADE_OF, "digest of a.txt": "x"}, "digest of a.txt was none in the unfinished run, and is x now"),
    ],
)  # fmt: skip
def test_a_run_of_something_else_starts_anew_and_says_why(
    folder: Path, worker: Worker, made_of: dict[str, str], why: str
) -> None:
    told = list[str]()
    begin(folder, unfinished(worker, made_of), told.append)
    assert told == [f"starting anew: {why}"]
    assert names(folder) == {"unfinished/lock", "unfinished/run.json"}
    assert Unfinished.load(folder).made_of == made_of


@pytest.mark.parametrize("content", [b"", b"{}", b'{"version": "mixguard-unfinished/99"}', b"\xff"])
def test_a_damaged_head_starts_anew(folder: Path, worker: Worker, content: bytes) -> None:
    (folder / "unfinished" / "run.json").write_bytes(content)
    with pytest.raises(RunFolderError, match=r"run\.json: damaged, or written by another version"):
        Unfinished.load(folder)
    told = list[str]()
    begin(folder, unfinished(worker), told.append)
    assert told == ["starting anew: what an unfinished run left cannot be read"]


def test_fresh_starts_anew_without_parts_nothing_is_said(folder: Path, worker: Worker) -> None:
    told = list[str]()
    begin(folder, unfinished(worker, fresh=True), told.append)
    assert told == ["starting anew: run.fresh is on"]
    begin(folder, unfinished(worker, {}), told.append)
    assert len(told) == 1
