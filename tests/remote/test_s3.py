"""Corpora, runs, mixes and reports on a real S3 server."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import zstandard
from buckets import s3_server
from conftest import chat

from mixguard import audit, check, remote
from mixguard._rebalance import rebalance
from mixguard.config import Config, ReadConfig
from mixguard.corpus.corpus import Corpus
from mixguard.errors import InputError, RunFolderError, UsageError
from mixguard.files import write_atomically
from mixguard.mix.manifest import verify
from mixguard.remote.places import BLOCK
from mixguard.run import elsewhere
from mixguard.run.document import Audit
from mixguard.run.texts import read_texts

pytestmark = pytest.mark.usefixtures("afresh")

ROWS = [chat(f"Where is parcel {number}?", f"It is on its way, number {number}.") for number in range(8)]
LINES = b"".join(json.dumps(row).encode() + b"\n" for row in ROWS)


def prompts(*names: str) -> list[str]:
    found = [part.frame for part in Corpus.open(names, ReadConfig(), offline=False).parts(100)]
    return pl.concat(found)["prompt"].to_list()


@pytest.mark.parametrize("name", ["plain.jsonl", "a b/grüße, 你好.jsonl", "packed.jsonl.gz", "packed.jsonl.zst", "table.parquet", "x%41+&=.jsonl"])  # fmt: skip
def test_every_kind_of_object_gives_the_same_rows(s3: Any, name: str, tmp_path: Path) -> None:
    content = LINES
    if name.endswith(".gz"):
        content = gzip.compress(LINES)
    elif name.endswith(".zst"):
        content = zstandard.compress(LINES)
    elif name.endswith(".parquet"):
        pl.DataFrame(ROWS).write_parquet(tmp_path / "table.parquet")
        content = (tmp_path / "table.parquet").read_bytes()
    s3.pipe_file(f"bucket/kinds/{name}", content)
    corpus = Corpus.open([f"s3://bucket/kinds/{name}"], ReadConfig(), offline=False)
    assert [source.name for source in corpus.sources] == [f"s3://bucket/kinds/{name}"]
    assert prompts(f"s3://bucket/kinds/{name}") == [row["messages"][0]["content"] for row in ROWS]


def test_a_thousand_keys_below_a_prefix_are_read_in_order(s3: Any) -> None:
    from moto.s3.models import s3_backends

    (account,) = [each for _, each in s3_backends.items() if "bucket" in each["aws"].buckets]
    for number in range(1001):  # a page of a listing has 1,000; most are no data, so that the test is quick
        name = f"many/{number:04}.{'md' if number % 50 else 'jsonl'}"
        account["aws"].put_object("bucket", name, LINES)
    corpus = Corpus.open(["s3://bucket/many"], ReadConfig(), offline=False)
    wanted = [f"s3://bucket/many/{number:04}.jsonl" for number in range(0, 1001, 50)]
    assert [source.name for source in corpus.sources] == wanted
    pattern = Corpus.open(["s3://bucket/many/00*.jsonl"], ReadConfig(), offline=False)
    assert [source.name for source in pattern.sources] == wanted[:2]


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("s3://bucket/nothing.jsonl", "no such file or folder"),
        ("s3://bucket/nothing/*.jsonl", "no file matches this pattern"),
        ("s3://no-such-bucket/data.jsonl", "no such bucket; check its name"),
    ],
)
def test_what_is_not_there_is_told_plainly(s3: Any, url: str, said: str) -> None:
    with pytest.raises(InputError) as raised:
        prompts(url)
    assert str(raised.value) == f"{url}: {said}"


def test_no_credentials_are_told_with_their_variables(
    s3: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    import s3fs

    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    monkeypatch.setenv("HOME", str(tmp_path))
    s3fs.S3FileSystem.clear_instance_cache()
    with pytest.raises(InputError, match="no credentials were found; set AWS_ACCESS_KEY_ID"):
        prompts("s3://bucket/kinds/plain.jsonl")
    s3fs.S3FileSystem.clear_instance_cache()


def test_an_object_replaced_between_two_blocks_is_refused(s3: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from mixguard.remote import fetch

    s3.pipe_file("bucket/long.jsonl", LINES * 20_000)
    seen: list[int] = []

    def replace(_: object, count: int) -> None:
        if not seen:
            s3.pipe_file("bucket/long.jsonl", LINES[::-1] * 20_000)
        seen.append(count)

    monkeypatch.setattr(fetch._Meter, "came", replace)
    assert len(LINES) * 20_000 > 2 * BLOCK
    with pytest.raises(InputError, match="changed while it was read"):
        prompts("s3://bucket/long.jsonl")


def test_a_run_goes_to_a_bucket_and_comes_back(s3: Any, config: Config) -> None:
    s3.pipe_file("bucket/corpus/data.jsonl", LINES)
    config = config.replace({"run.folder": "s3://bucket/runs/one"})
    made = audit("s3://bucket/corpus/data.jsonl", config=config)
    assert list(made.corpus.sources) == ["s3://bucket/corpus/data.jsonl"]
    names = sorted(path.removeprefix("bucket/runs/one/") for path in s3.find("bucket/runs/one"))
    assert names == [
        "annotations/part-00000.parquet",
        "audit.json",
        "config.toml",
        "flagged.parquet",
        "quarantine.jsonl",
    ]
    stored = s3.cat_file("bucket/runs/one/audit.json") + s3.cat_file("bucket/runs/one/config.toml")
    assert b"mixguard-remote" not in stored
    assert b'folder = "s3://bucket/runs/one"' in stored
    elsewhere._FETCHED.clear()
    again = Audit.load("s3://bucket/runs/one")
    assert again.annotations.collect().equals(made.annotations.collect())
    assert "in s3://bucket/runs/one" in str(again)
    assert check("s3://bucket/runs/one").findings == made.findings
    ids = again.annotations.collect()["sample_id"].to_list()[:1]
    assert read_texts(again, ids)["prompt"].to_list() == ["Where is parcel 0?"]


def test_a_mix_goes_to_a_bucket_and_is_verified_there(s3: Any, config: Config, tmp_path: Path) -> None:
    s3.pipe_file("bucket/corpus/more.jsonl", LINES * 3)
    config = config.replace({"run.folder": tmp_path / "run"})
    before = audit("s3://bucket/corpus/more.jsonl", config=config)
    mix = rebalance(before.folder, out=Path("s3://bucket/mixes/more.jsonl"), config=config)
    assert mix.after is not None
    assert list(mix.after.corpus.sources) == ["s3://bucket/mixes/more.jsonl"]
    assert sorted(s3.ls("bucket/mixes", detail=False, refresh=True))[:2] == [
        "bucket/mixes/more.jsonl", "bucket/mixes/more.jsonl.manifest.json",
    ]  # fmt: skip
    assert verify(Path("s3://bucket/mixes/more.jsonl")) == []
    s3.pipe_file("bucket/mixes/more.jsonl", LINES)
    assert verify(Path("s3://bucket/mixes/more.jsonl")) == [
        "s3://bucket/mixes/more.jsonl: changed since it was written"
    ]
    with pytest.raises(UsageError, match=r"s3://bucket/corpus/more\.jsonl: is an input"):
        rebalance("s3://bucket/corpus/more.jsonl", out=Path("s3://bucket/corpus/more.jsonl"), config=config)


def test_a_bucket_that_is_not_there_is_told_before_anything_is_judged(s3: Any, config: Config) -> None:
    config = config.replace({"run.folder": "s3://no-such-bucket/run"})
    with pytest.raises(RunFolderError, match="no such bucket"):
        audit(ROWS, config=config)
    with pytest.raises(UsageError, match="no such bucket"):
        write_atomically(Path("s3://no-such-bucket/report.html"), b"x")


def test_a_server_that_dies_is_told_plainly(monkeypatch: pytest.MonkeyPatch) -> None:
    from mixguard.remote import fetch

    with s3_server() as server:
        import s3fs

        s3fs.S3FileSystem.clear_instance_cache()
        monkeypatch.setattr(s3fs.S3FileSystem, "retries", 1)
        system = s3fs.S3FileSystem()
        system.mkdir("dying")
        system.pipe_file("dying/long.jsonl", LINES * 20_000)
        monkeypatch.setattr(fetch._Meter, "came", lambda *_: server.stop())
        with pytest.raises(InputError) as raised:
            remote.copies("s3://dying/long.jsonl", bool)
        told = str(raised.value)
        assert told.startswith("s3://dying/long.jsonl: its server cannot be reached; check the address"), told
        s3fs.S3FileSystem.clear_instance_cache()
