"""Parts that are done: whole or made anew, in any order, and not mistaken for those of other exchanges."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import orjson
import polars as pl
import pytest
from conftest import chat

from mixguard.columns import TEXT
from mixguard.config import ReadConfig
from mixguard.corpus.corpus import Corpus, Part, Tally
from mixguard.errors import ConfigError, RunFolderError
from mixguard.run.folder import scan_annotations
from mixguard.run.journal import RunJournal, Shard

LINES = [
    *(json.dumps(chat(f"Where is parcel {n}?", "On its way.", system=f"Be kind {n}.")) for n in range(5)),
    '{"broken',
    json.dumps({"prompt": "How far?", "completion": "Far.", "note": "Somebody wrote this by hand, in full."}),
]


def parts(folder: Path, *lines: str, rows: int = 2) -> list[Part]:
    path = folder / "data.jsonl"
    path.write_text("".join(f"{line}\n" for line in lines or LINES))
    return list(Corpus.open([path], ReadConfig(), offline=True).parts(rows))


def mine(content: bytes) -> str:
    """What only one user can make for some content."""
    return hashlib.blake2b(content, key=b"mine").hexdigest()


def own(folder: Path) -> RunJournal:
    return RunJournal(folder, seal=mine)


def columns(part: Part) -> pl.DataFrame:
    return part.frame.drop(TEXT.names())


@pytest.fixture
def made(tmp_path: Path) -> list[Part]:
    return parts(tmp_path)


@pytest.fixture
def run(tmp_path: Path, made: list[Part]) -> Path:
    """A folder with all parts but the third, the last first."""
    folder = tmp_path / "run"
    folder.mkdir()
    journal = own(folder)
    for number in (3, 0, 1):
        journal.keep(number, made[number], columns(made[number]))
    return folder


def test_parts_are_kept_in_any_order_and_read_in_theirs(run: Path, made: list[Part]) -> None:
    journal = own(run)
    assert [journal.has(number, part) for number, part in enumerate(made)] == [True, True, False, True]
    journal.keep(2, made[2], columns(made[2]))
    journal.close()
    assert journal.tally() == sum((part.tally for part in made), Tally())
    assert list(journal.tally().unread) == list(sum((part.tally for part in made), Tally()).unread)
    assert scan_annotations(run).collect().equals(pl.concat([columns(part) for part in made]))
    (line,) = (run / "quarantine.jsonl").read_bytes().splitlines()
    assert orjson.loads(line) == {
        "source": str(run.parent / "data.jsonl"), "line": 6, "record": 5, "bytes": 8,
        "reason": made[2].rejected[0].reason,
    }  # fmt: skip
    assert journal.sources == journal.tally().digests


def test_parts_that_somebody_else_made_are_made_again(run: Path, made: list[Part]) -> None:
    """A folder that comes with a corpus could say of its harmful rows that they are harmless."""
    other = RunJournal(run, seal=lambda content: hashlib.blake2b(content, key=b"theirs").hexdigest())
    for journal in (other, RunJournal(run)):
        assert [journal.has(number, part) for number, part in enumerate(made)] == [False] * 4
        journal.check()  # they are whole all the same: shards of several machines can be joined
    forged = run / "unfinished" / "part-00001.json"
    tree = json.loads(forged.read_bytes())
    tree["part"]["seal"] = ""
    forged.write_bytes(
        orjson.dumps({**tree, "sha256": hashlib.sha256(orjson.dumps(tree["part"])).hexdigest()})
    )
    assert [own(run).has(number, made[number]) for number in (0, 1, 3)] == [True, False, True]


def cut(share: float) -> Callable[[bytes], bytes]:
    return lambda content: content[: int(len(content) * share)]


@pytest.mark.parametrize("name", ["annotations/part-00001.parquet", "unfinished/part-00001.json"])
@pytest.mark.parametrize(
    "spoil",
    [cut(0), cut(0.5), cut(0.99), lambda content: content[:60] + b"\0" + content[61:], lambda content: content * 2],
)  # fmt: skip
def test_half_a_part_is_no_part(
    run: Path, made: list[Part], name: str, spoil: Callable[[bytes], bytes]
) -> None:
    (run / name).write_bytes(spoil((run / name).read_bytes()))
    journal = own(run)
    assert [journal.has(number, made[number]) for number in (0, 1, 3)] == [True, False, True]
    with pytest.raises(RunFolderError, match=r"part-00001\.(json|parquet): damaged since it was written"):
        journal.check()
    journal.keep(1, made[1], columns(made[1]))
    assert journal.has(1, made[1])
    journal.check()


@pytest.mark.parametrize(
    ("number", "before", "after"),
    [(0, "Be kind 0", "Be curt 0"), (1, "parcel 3", "parcel 4"), (3, "by hand", "by mind"), (2, '{"broken', '{"brokem')],
)  # fmt: skip
def test_a_part_of_other_exchanges_is_another(
    run: Path, made: list[Part], tmp_path: Path, number: int, before: str, after: str
) -> None:
    own(run).keep(2, made[2], columns(made[2]))
    changed = parts(tmp_path, *(line.replace(before, after) for line in LINES))
    if number == 2:  # a rejected record's bytes are no exchange; its size and place are
        changed = parts(tmp_path, *(line.replace(before, f"{after} and more") for line in LINES))
    journal = own(run)
    assert [journal.has(at, part) for at, part in enumerate(changed)][number] is False


def test_parts_of_other_shards_are_not_to_be_done(run: Path, made: list[Part]) -> None:
    journal = RunJournal(run, Shard(3, 4), seal=mine)
    assert [journal.has(number, part) for number, part in enumerate(made)] == [True, True, False, True]
    assert journal.parts == 4


def test_what_a_longer_corpus_left_goes(run: Path, made: list[Part], tmp_path: Path) -> None:
    shorter = parts(tmp_path, *LINES[:2])
    (run / "annotations" / "part-00002.parquet").write_text("killed before it was known")
    journal = own(run)
    for number, part in enumerate(shorter):
        if not journal.has(number, part):
            journal.keep(number, part, columns(part))
    journal.close()
    assert journal.done() == list(range(len(shorter)))
    assert scan_annotations(run).collect().height == journal.tally().exchanges == 2


@pytest.mark.parametrize("text", ["0/3", "4/3", "1", "a/b", "1/0", "-1/2", "1/2/3"])
def test_a_shard_that_cannot_be(text: str) -> None:
    with pytest.raises(ConfigError, match=r"run\.shard"):
        Shard.read(text)


def test_shards_share_the_parts() -> None:
    shards = [Shard.read(f"{number}/3") for number in (1, 2, 3)]
    assert [[number for number in range(7) if shard.has(number)] for shard in shards] == [
        [0, 3, 6],
        [1, 4],
        [2, 5],
    ]
    assert Shard.read(None).has(5)


def test_a_tally_is_what_its_tree_says() -> None:
    tally = Tally(
        records=3,
        broken=Counter({"a": 1}),
        formats=Counter({("b", "x"): 2, ("a", "x"): 5}),
        unread=Counter({("b", "c", True): 1, ("a", "c", False): 2}),
        asked={"b": "q"},
        digests={"b": "1", "a": "2"},
    )
    again = Tally.of(json.loads(json.dumps(tally.tree())))
    assert again == tally
    assert [list(again.unread), list(again.digests)] == [list(tally.unread), list(tally.digests)]


@pytest.mark.parametrize(
    "tree",
    [
        {"records": "x"},
        {"formats": [1]},
        {"formats": [["a", 1]]},
        {"flags": [[{}, 1]]},
        {"digests": [["a", 1]]},
    ],
)
def test_other_trees_are_no_tally(tree: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="not a tally"):
        Tally.of(tree)
