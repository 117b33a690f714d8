"""A map that was killed goes on from its last whole part, to the same bytes."""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import polars as pl
import pytest
from conftest import chat

from mixguard.columns import EXCHANGE, TEXT
from mixguard.config import Config
from mixguard.corpus.corpus import Corpus
from mixguard.detectors import Recipe, Worker
from mixguard.engine import resume
from mixguard.engine.resume import Mapped, made_of
from mixguard.library.taxonomy import Taxonomy
from mixguard.progress import quiet, silent
from mixguard.run.provenance import Detectors

ROWS = [chat(f"Where is parcel {n}?", "On its way.") for n in range(7)]


@dataclass
class Counting:
    """A worker that judges nothing, and counts what it is given; forked processes may use it."""

    detectors: Detectors
    taxonomy: Taxonomy
    seen: int = 0
    embedded, bank = 0, ""
    columns = EXCHANGE

    def __call__(self, frame: pl.DataFrame) -> pl.DataFrame:
        self.seen += frame.height
        return frame.drop(TEXT.names())

    def screened_by(self, screen: None) -> Counting:
        """Nothing as small as this is screened."""
        return self


@dataclass(frozen=True)
class CountingRecipe(Recipe):
    """A recipe for it."""

    made: Counting | None = None

    def worker(self) -> Worker:
        return cast("Worker", self.made)


@pytest.fixture
def counting(worker: Worker) -> Counting:
    return Counting(worker.detectors, worker.taxonomy)


@pytest.fixture
def annotate(counting: Counting) -> Callable[..., Mapped]:
    """Annotates rows in a folder; options by dotted name."""

    def run(
        folder: Path,
        *,
        corpora: Sequence[Any] = (ROWS,),
        tell: Callable[[str], None] = quiet,
        **options: object,
    ) -> Mapped:
        config = Config().replace({"run.batch": 2, **options})
        folder.mkdir(exist_ok=True)
        opened = Corpus.open(corpora, config.read, offline=True)
        return resume.annotate(
            opened, CountingRecipe(config, made=counting), folder, folder / "none", silent, tell
        )

    return run


def content(folder: Path) -> dict[str, bytes]:
    files = (path for path in folder.rglob("*") if path.is_file() and path.name != "run.json")
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


def parts_of(folder: Path) -> dict[str, bytes]:
    """The annotations by file."""
    return {name: each for name, each in content(folder).items() if name.startswith("annotations")}


class Killed(BaseException):
    """What ends a map at a write."""


def test_stopped_in_the_middle_of_any_write_it_ends_with_the_same_bytes(
    tmp_path: Path, annotate: Callable[..., Mapped], counting: Counting, monkeypatch: pytest.MonkeyPatch
) -> None:
    annotate(tmp_path / "whole")
    wanted, real, seen = content(tmp_path / "whole"), Path.write_bytes, list[int]()
    for stop in itertools.count():
        run, left = tmp_path / f"run-{stop}", itertools.count(-stop)

        def half(path: Path, written: Any, left: Iterator[int] = left) -> int:
            last = next(left) == 0
            done = real(path, bytes(written)[: len(written) // 2] if last else written)
            if last:
                raise Killed
            return done

        monkeypatch.setattr(Path, "write_bytes", half)
        with suppress(Killed):
            annotate(run)
            break
        monkeypatch.setattr(Path, "write_bytes", real)
        counting.seen = 0
        mapped = annotate(run)
        seen.append(counting.seen)
        assert content(run) == wanted
        assert (mapped.journal.tally().exchanges, mapped.run.parts) == (7, 4)
    assert seen == [7, 7, 5, 5, 3, 3, 1, 1]


@pytest.mark.parametrize("done", [0, 1, 3])
def test_only_the_rest_is_annotated(
    tmp_path: Path, annotate: Callable[..., Mapped], counting: Counting, done: int
) -> None:
    annotate(tmp_path / "run")
    for number in range(done, 4):
        (tmp_path / "run" / "unfinished" / f"part-{number:05d}.json").unlink()
    counting.seen, told = 0, list[str]()
    annotate(tmp_path / "run", tell=told.append)
    assert counting.seen == 7 - 2 * done
    assert told == ([f"resuming: parts done before: {done}"] if done else [])


def test_rows_that_changed_meanwhile_are_judged_anew(
    tmp_path: Path, annotate: Callable[..., Mapped], counting: Counting
) -> None:
    annotate(tmp_path / "run")
    counting.seen = 0
    changed = [*ROWS[:4], chat("Where is parcel four?", "On its way."), *ROWS[5:]]
    annotate(tmp_path / "run", corpora=[changed])
    assert counting.seen == 2 + 1  # the last part has the digest of the whole source
    annotate(tmp_path / "other", corpora=[changed])
    assert content(tmp_path / "run") == content(tmp_path / "other")


@pytest.mark.parametrize(
    ("option", "name"),
    [
        ({"judge.neighbours": 7}, "judge.neighbours"),
        ({"run.batch": 3}, "run.batch"),
        ({"run.shard": "1/2"}, "run.shard"),
        ({"judge.evaluation": "a.txt"}, "judge.evaluation"),
    ],
)
def test_options_that_decide_annotations_start_anew(
    tmp_path: Path, annotate: Callable[..., Mapped], option: dict[str, object], name: str
) -> None:
    annotate(tmp_path / "run")
    told = list[str]()
    annotate(tmp_path / "run", tell=told.append, **option)
    assert told[0].startswith(f"starting anew: {name} was ")


def test_another_corpus_starts_anew(
    tmp_path: Path, annotate: Callable[..., Mapped], counting: Counting
) -> None:
    annotate(tmp_path / "run")
    told = list[str]()
    for name in ("a.jsonl", "b.jsonl"):
        (tmp_path / name).write_text("".join(json.dumps(row) + "\n" for row in ROWS))
        annotate(tmp_path / "run", corpora=[tmp_path / name], tell=told.append)
    assert [line.partition(" was ")[0] for line in told] == ["starting anew: corpus"] * 2
    annotate(tmp_path / "run", corpora=[tmp_path / "a.jsonl", tmp_path / "b.jsonl"], tell=told.append)
    assert re.fullmatch(
        r"starting anew: corpus was \S*b\.jsonl in the unfinished run, and is \S*a\.jsonl and 1 more \(\w{8}\) now",
        told[-1],
    )


def test_other_options_do_not(tmp_path: Path, annotate: Callable[..., Mapped]) -> None:
    annotate(tmp_path / "run")
    told = list[str]()
    others = {
        "checks.samples": 3,
        "run.folder": "x",
        "encode.cache": str(tmp_path / "y"),
        "rebalance.seed": 4,
        "judge.endpoint": "http://h/v1#m",
    }
    annotate(tmp_path / "run", tell=told.append, **others)
    assert told == ["resuming: parts done before: 4"]


def test_files_that_judging_reads_count_by_their_content(tmp_path: Path, counting: Counting) -> None:
    file, folder = tmp_path / "tests.jsonl", tmp_path / "books"
    folder.mkdir()
    config = Config().replace({"judge.evaluation": str(file), "judge.references": str(folder)})
    seen = []
    for name, text in ((file, "a"), (file, "b"), (folder / "one.txt", "c"), (folder / "one.txt", "d")):
        name.write_text(text)
        seen.append(made_of(Corpus.open([ROWS], config.read, offline=True), config, cast("Worker", counting)))
    assert len({tuple(sorted(each.items())) for each in seen}) == 4


def test_a_shard_annotates_its_parts(
    tmp_path: Path, annotate: Callable[..., Mapped], counting: Counting
) -> None:
    annotate(tmp_path / "whole")
    wanted, found = parts_of(tmp_path / "whole"), dict[str, bytes]()
    for number in (1, 2, 3):
        counting.seen = 0
        mapped = annotate(tmp_path / "run", **{"run.shard": f"{number}/3"})
        assert mapped.run.parts == 4
        assert set(mapped.run.sources) == set(mapped.journal.sources)
        assert counting.seen == {1: 3, 2: 2, 3: 2}[number]
        found |= parts_of(tmp_path / "run")
    assert found == wanted
