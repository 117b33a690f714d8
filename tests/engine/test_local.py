from __future__ import annotations

import json
from pathlib import Path

import orjson
import polars as pl
import pytest
from conftest import chat
from polars.testing import assert_frame_equal

from mixguard.config import Config, ReadConfig
from mixguard.corpus.corpus import Corpus, Tally
from mixguard.detectors import Recipe, Worker
from mixguard.engine import local
from mixguard.progress import Progress, silent
from mixguard.run.folder import scan_annotations
from mixguard.run.journal import RunJournal

CHATS = [json.dumps(chat(f"Where is parcel {n}?", "It is on its way.")) for n in range(5)]
SILENT = json.dumps({"messages": [{"role": "system", "content": "Be kind."}]})


def corpus(folder: Path, *lines: str) -> Corpus:
    path = folder / "data.jsonl"
    path.write_text("".join(f"{line}\n" for line in lines))
    return Corpus.open([path], ReadConfig(), offline=True)


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """The folder a run is written to."""
    folder = tmp_path / "run"
    folder.mkdir()
    return folder


def annotate(opened: Corpus, worker: Worker, run: Path, *, rows: int, progress: Progress = silent) -> Tally:
    """The whole map of a run."""
    journal = RunJournal(run)
    local.run(opened, Recipe(Config()), worker, journal, rows=rows, progress=progress)
    journal.close()
    return journal.tally()


def parts(run: Path) -> dict[str, int]:
    return {file.name: pl.read_parquet(file).height for file in sorted((run / "annotations").iterdir())}


def test_a_run_gives_parts_a_quarantine_and_a_tally(tmp_path: Path, run: Path, worker: Worker) -> None:
    opened = corpus(tmp_path, *CHATS[:3], '{"broken', *CHATS[3:], '{"unheard": 1}')
    tally = annotate(opened, worker, run, rows=2)
    (whole,) = opened.parts(1000)

    assert parts(run) == {"part-00000.parquet": 2, "part-00001.parquet": 2, "part-00002.parquet": 1}
    assert_frame_equal(scan_annotations(run).collect(), worker(whole.frame), abs_tol=1e-3)
    kept = [orjson.loads(line) for line in (run / "quarantine.jsonl").read_bytes().splitlines()]
    assert [(line["line"], line["reason"]) for line in kept] == [(each.place.line, each.reason) for each in whole.rejected]  # fmt: skip
    assert [line["line"] for line in kept] == [4, 7]
    assert tally == whole.tally
    assert (tally.records, tally.exchanges) == (7, 5)


def test_progress_counts_the_bytes_read(tmp_path: Path, run: Path, worker: Worker) -> None:
    opened, told = corpus(tmp_path, *CHATS), []
    tally = annotate(opened, worker, run, rows=2, progress=lambda *step: told.append(step))
    each = len(CHATS[0]) + 1
    assert told == [("judging", each * lines, opened.size, "bytes") for lines in (2, 4, 5)]
    assert tally.bytes == opened.size


def test_a_corpus_without_exchanges_still_has_one_part(tmp_path: Path, run: Path, worker: Worker) -> None:
    tally = annotate(corpus(tmp_path, SILENT), worker, run, rows=2)
    assert parts(run) == {"part-00000.parquet": 0}
    assert scan_annotations(run).collect_schema() == worker.columns
    assert (run / "quarantine.jsonl").read_bytes() == b""
    assert (tally.samples, tally.exchanges, tally.empty) == (1, 0, 1)


def test_parts_without_exchanges_are_not_written(tmp_path: Path, run: Path, worker: Worker) -> None:
    opened = corpus(tmp_path, CHATS[0], *['{"broken'] * 3, CHATS[1], SILENT)
    tally = annotate(opened, worker, run, rows=1)
    assert list(parts(run).values()) == [1, 1]
    assert len((run / "quarantine.jsonl").read_bytes().splitlines()) == tally.rejected.total() == 3
    assert tally == sum((part.tally for part in opened.parts(1)), Tally())
