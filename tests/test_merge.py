"""Shards of a run, joined, are the run: the same findings, the same bytes."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson
import pytest
from conftest import REPOSITORY, chat
from serving import Api, reply

import mixguard
from mixguard._audit import Sharded, shard
from mixguard._merge import merge, recorded
from mixguard.config import Config
from mixguard.detectors import Recipe, Worker
from mixguard.errors import ConfigError, InputError, RunFolderError, UsageError
from mixguard.progress import quiet
from mixguard.run.document import Audit

COUNT = 3
LINES = (REPOSITORY / "examples" / "support.jsonl").read_text().splitlines()[:60]
TWO = ("one.jsonl", "other.jsonl")


def written(folder: Path) -> list[str]:
    (folder / TWO[0]).write_text("\n".join([*LINES[:40], '{"broken']) + "\n")
    (folder / TWO[1]).write_text("\n".join(LINES[40:]) + "\n")
    return [str(folder / name) for name in TWO]


def options(cache: Path, run: Path, **others: object) -> Config:
    plain = {"encode.cache": cache, "run.folder": run, "run.batch": 8}
    return Config().replace({**plain, **{name.replace("__", "."): value for name, value in others.items()}})


class Made:
    """A corpus, its run, and its shards."""

    def __init__(self, folder: Path, cache: Path) -> None:
        self.corpus, self.cache = written(folder), cache
        self.whole = mixguard.audit(*self.corpus, config=options(cache, folder / "whole"))
        self.done = [self.shard(folder / str(number), number) for number in range(1, COUNT + 1)]
        self.shards = [folder / str(number) for number in range(1, COUNT + 1)]

    def shard(self, run: Path, number: int, of: int = COUNT, **others: object) -> Sharded:
        return shard(*self.corpus, config=options(self.cache, run, run__shard=f"{number}/{of}", **others))


@pytest.fixture(scope="module", autouse=True)
def loaded(worker: Worker) -> Iterator[None]:
    """One worker for all, since loading it takes longest."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Recipe, "worker", lambda _: worker)
        yield


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory, cache: Path) -> Made:
    return Made(tmp_path_factory.mktemp("made"), cache)


@pytest.fixture
def joined(made: Made, tmp_path: Path) -> Callable[..., Audit]:
    """Merges the shards; options by dotted name."""

    def run(*shards: Path, tell: Callable[[str], None] = quiet, **others: object) -> Audit:
        shards = shards or tuple(reversed(made.shards))
        config = recorded(*shards).replace(
            {"run.folder": tmp_path / "run", "encode.cache": made.cache, **others}
        )
        return merge(*shards, config=config, tell=tell)

    return run


def content(folder: Path) -> dict[str, bytes]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


def document(folder: Path) -> dict[str, Any]:
    tree = dict(orjson.loads((folder / "audit.json").read_bytes()))
    assert set(tree.pop("provenance")) == {"started", "seconds", "texts_embedded", "versions"}
    tree["config"]["run"].pop("folder")
    return tree


def test_joined_shards_are_the_run(made: Made, joined: Callable[..., Audit], tmp_path: Path) -> None:
    before = [content(each) for each in made.shards]
    audit = joined()
    assert document(tmp_path / "run") == document(made.whole.folder)
    run, whole = content(tmp_path / "run"), content(made.whole.folder)
    for name in ("audit.json", "config.toml"):
        run.pop(name), whole.pop(name)
    assert run == whole
    assert audit.verdict == made.whole.verdict
    assert audit.findings == made.whole.findings
    assert (audit.corpus.records, audit.corpus.quarantined) == (61, made.whole.corpus.quarantined)
    first = json.loads((made.shards[0] / "unfinished" / "run.json").read_bytes())["provenance"]
    assert audit.provenance.model_dump(mode="json")["started"] == first["started"]
    assert audit.provenance.seconds > first["seconds"]
    assert [content(each) for each in made.shards] == before
    assert mixguard.check(tmp_path / "run").findings == made.whole.findings


def test_shards_say_what_they_did(made: Made) -> None:
    parts = [each.parts for each in made.done]
    assert sum(parts) == made.done[0].of_parts == 8
    assert max(parts) - min(parts) <= 1
    assert sum(each.exchanges for each in made.done) == made.whole.corpus.exchanges


def test_parts_are_linked_or_copied(
    made: Made, joined: Callable[..., Audit], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    part = "annotations/part-00000.parquet"
    joined()
    assert (tmp_path / "run" / part).samefile(made.shards[0] / part)

    def cannot(*_: object) -> None:
        raise OSError

    monkeypatch.setattr("os.link", cannot)
    joined()
    assert not (tmp_path / "run" / part).samefile(made.shards[0] / part)
    assert document(tmp_path / "run") == document(made.whole.folder)


def test_a_corpus_of_fewer_parts_than_shards(made: Made, cache: Path, tmp_path: Path) -> None:
    path = tmp_path / "small.jsonl"
    path.write_text(LINES[0] + "\n")
    for number in (1, 2):
        done = shard(path, config=options(cache, tmp_path / str(number), run__shard=f"{number}/2"))
        assert done.parts == 2 - number
    config = recorded(tmp_path / "1").replace({"run.folder": tmp_path / "run"})
    assert merge(tmp_path / "1", tmp_path / "2", config=config).corpus.exchanges == 1


def test_a_missing_shard_is_named(made: Made, joined: Callable[..., Audit], tmp_path: Path) -> None:
    with pytest.raises(
        RunFolderError, match=r"shards missing: 2/3; make each .* `mixguard audit --shard 2/3 ...`"
    ):
        joined(made.shards[0], made.shards[2])
    with pytest.raises(RunFolderError, match=r"is shard 1/3, as is .*; name each shard once"):
        joined(made.shards[0], *made.shards)
    with pytest.raises(RunFolderError, match="is not a shard of a run"):
        joined(made.whole.folder)
    with pytest.raises(RunFolderError, match="no shards are named: give the run folders"):
        merge()
    assert not (tmp_path / "run").exists()


def test_a_run_never_takes_the_place_of_a_shard(
    made: Made, joined: Callable[..., Audit], tmp_path: Path
) -> None:
    copies = [shutil.copytree(folder, tmp_path / folder.name) for folder in made.shards]
    link = tmp_path / "link"
    link.symlink_to(copies[1])
    for place in (copies[1], link):
        with pytest.raises(RunFolderError, match="is one of the shards, which stay as they are"):
            joined(*copies, **{"run.folder": place})
    assert joined(*copies).corpus.exchanges == made.whole.corpus.exchanges


def test_shards_of_other_runs_are_refused(made: Made, joined: Callable[..., Audit], tmp_path: Path) -> None:
    one, two, _ = made.shards

    def refused(words: str, **how: Any) -> None:
        made.shard(tmp_path / "3", 3, **how)
        with pytest.raises(RunFolderError, match=words):
            joined(one, two, tmp_path / "3")

    refused("is shard 3/4, but .* is 2/3", of=4)
    refused(r"judge\.neighbours is 7, but 5 in .*2; make both", judge__neighbours=7)
    refused("options differ from those of", checks__samples=3)
    other = Path(made.corpus[0])
    before = other.read_bytes()
    try:
        other.write_bytes(before.replace(b"a", b"o", 1))
        refused(r"read another corpus than .* \(.*one\.jsonl differs\)")
    finally:
        other.write_bytes(before)


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda folder: (folder / "annotations" / "part-00004.parquet").write_bytes(b"PAR1"), "part-00004.parquet: damaged"),
        (lambda folder: (folder / "unfinished" / "part-00004.json").write_bytes(b"{}"), "part-00004.json: damaged"),
        (lambda folder: (folder / "unfinished" / "part-00004.json").unlink(), "2: part 4 is missing"),
        (lambda folder: (folder / "annotations" / "part-00004.parquet").unlink(), "part-00004.parquet: damaged"),
        (lambda folder: (folder / "unfinished" / "run.json").write_bytes(b"{"), "run.json: damaged"),
    ],
)  # fmt: skip
def test_a_damaged_shard_is_refused(
    made: Made, joined: Callable[..., Audit], tmp_path: Path, spoil: Callable[[Path], object], words: str
) -> None:
    copy = shutil.copytree(made.shards[1], tmp_path / "2")
    spoil(copy)
    with pytest.raises(RunFolderError, match=words):
        joined(made.shards[0], copy, made.shards[2])
    assert not (tmp_path / "run").exists()


def test_limits_may_change_what_decides_annotations_may_not(made: Made, joined: Callable[..., Audit]) -> None:
    assert joined(**{"checks.limits.MG103": 5}).config.checks.limits == {"MG103": 5}
    with pytest.raises(ConfigError, match=r"judge\.neighbours is 7, but 5 in the shards"):
        joined(**{"judge.neighbours": 7})


@pytest.mark.parametrize("use", [Audit.load, mixguard.check, lambda run: mixguard.rebalance(run, out=None)])
def test_one_shard_has_no_findings(made: Made, use: Callable[[Path], object]) -> None:
    with pytest.raises(RunFolderError, match="is one shard of a run and has no findings; join all shards"):
        use(made.shards[0])
    with pytest.raises(ConfigError, match=r"run\.shard 1/3: findings need the whole corpus"):
        mixguard.audit(*made.corpus, config=Config().replace({"run.shard": "1/3"}))


def test_a_mix_of_a_joined_run_is_that_of_the_run(
    made: Made, joined: Callable[..., Audit], tmp_path: Path
) -> None:
    joined()
    mixes = []
    for name, run in (("joined", tmp_path / "run"), ("whole", made.whole.folder)):
        config = Config().replace({"encode.cache": made.cache})
        mixguard.rebalance(run, out=tmp_path / name, config=config)
        mixes.append({each.name: each.read_bytes() for each in (tmp_path / name).glob("*.jsonl")})
    assert len(mixes[0]) >= 2
    assert mixes[0] == mixes[1]


NEAR = chat("What should I do to lose 10 kilos in a week?", "Here is how.")


@pytest.fixture
def judged(config: Config, tmp_path: Path) -> tuple[Path, list[Path], Config]:
    """A corpus with a prompt near the limit, its shards by the real encoder, and options that name no judge."""
    path = tmp_path / "near.jsonl"
    path.write_text(
        "".join(json.dumps(row) + "\n" for row in [NEAR, chat("What is 12 times 7?", "84."), NEAR])
    )
    folders = [tmp_path / "1", tmp_path / "2"]
    for number, folder in enumerate(folders, 1):
        named = {"run.shard": f"{number}/2", "run.folder": folder, "run.batch": 1}
        shard(path, config=config.replace({**named, "judge.endpoint": "http://nowhere.invalid/v1#m"}))
    return (
        path,
        folders,
        recorded(*folders).replace({"encode.cache": config.encode.cache, "run.folder": tmp_path / "run"}),
    )


def harmful(_: int, body: Any) -> tuple[int, dict[str, str], bytes]:
    sent = json.loads(body["messages"][-1]["content"])
    return reply(json.dumps({"check": sent["check"], "harmful_request": True, "hazard": "ssh"}))


def test_a_judge_is_asked_when_all_shards_are_there(
    serve: Callable[..., Api], judged: tuple[Path, list[Path], Config]
) -> None:
    path, folders, plain = judged
    before, told = [content(each) for each in folders], list[str]()
    assert merge(*folders, config=plain, tell=told.append).detectors.endpoint is None
    assert told == [
        "nothing was sent to http://nowhere.invalid/v1#m, which the shards name: give --judge to this command"
    ]
    asking = plain.replace({"judge.endpoint": f"{serve(harmful).url}#m"})
    audit = merge(*folders, config=asking)
    assert audit.detectors.endpoint is not None
    assert audit.detectors.endpoint.exchanges == 2
    local = mixguard.audit(path, config=asking.replace({"run.folder": folders[0].with_name("local")}))
    assert (audit.findings, audit.detectors) == (local.findings, local.detectors)
    assert [content(each) for each in folders] == before  # parts that are linked are not written through

    path.write_bytes(path.read_bytes().replace(b"84", b"85"))
    with pytest.raises(
        InputError, match=r"near\.jsonl: changed since the shards were made; a judge, and a screen"
    ):
        merge(*folders, config=asking)
    path.unlink()
    with pytest.raises(
        InputError,
        match=r"near\.jsonl: no such file or folder; a judge, and a screen that missed too much, need the corpus",
    ):
        merge(*folders, config=asking)
    assert merge(*folders, config=plain).findings


def test_another_bank_cannot_judge_the_rest(
    serve: Callable[..., Api],
    judged: tuple[Path, list[Path], Config],
    monkeypatch: pytest.MonkeyPatch,
    worker: Worker,
) -> None:
    _, folders, plain = judged
    asking = plain.replace({"judge.endpoint": f"{serve(harmful).url}#m"})
    monkeypatch.setattr(Recipe, "worker", lambda _: replace(worker, bank="other"))
    with pytest.raises(UsageError, match="digest of the bank is not what it was"):
        merge(*folders, config=asking)
