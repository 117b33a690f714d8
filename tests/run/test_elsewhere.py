"""A remote run is whole or not there: the marker goes first and comes last, and what cannot be put is kept."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mixguard.config import Config
from mixguard.errors import ConfigError, RunFolderError
from mixguard.run import elsewhere, place

MARKER = b'{"version": "mixguard-audit/3", "text": "%s"}'


@pytest.fixture
def memory() -> Iterator[Any]:
    import fsspec

    system = fsspec.filesystem("memory")
    system.store.clear()
    elsewhere._FETCHED.clear()
    yield system
    system.store.clear()


def put(url: str, text: bytes, parts: int = 2) -> Path:
    target = elsewhere.local(Path(url), offline=False)
    with place.fresh(target) as scratch:
        (scratch / "annotations").mkdir()
        for number in range(parts):
            (scratch / f"annotations/part-{number:05}.parquet").write_bytes(text)
        (scratch / "audit.json").write_bytes(MARKER % text)
    return target


def test_the_marker_comes_last_and_what_the_old_run_had_more_is_gone(
    memory: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    put("memory://runs/one", b"old", parts=3)
    order: list[str] = []
    puts, removes = type(memory).put_file, type(memory).rm_file

    def noted_put(own: Any, local: str, there: str, **more: Any) -> Any:
        order.append(f"put {Path(there).name}")
        return puts(own, local, there, **more)

    def noted_remove(own: Any, there: str) -> Any:
        order.append(f"remove {Path(there).name}")
        return removes(own, there)

    monkeypatch.setattr(type(memory), "put_file", noted_put)
    monkeypatch.setattr(type(memory), "rm_file", noted_remove)
    put("memory://runs/one", b"new", parts=2)
    assert order[:2] == ["remove audit.json", "remove part-00002.parquet"]
    assert order[-1] == "put audit.json"
    elsewhere._FETCHED.clear()
    folder = elsewhere.here("memory://runs/one")
    assert (folder / "annotations/part-00001.parquet").read_bytes() == b"new"
    assert not (folder / "annotations/part-00002.parquet").exists()


def test_a_run_without_its_marker_is_none(memory: Any) -> None:
    put("memory://runs/cut", b"text")
    memory.rm_file("/runs/cut/audit.json")
    elsewhere._FETCHED.clear()
    with pytest.raises(RunFolderError, match=r"memory://runs/cut: not a run folder \(no audit\.json\)"):
        elsewhere.here("memory://runs/cut")
    put("memory://runs/cut", b"again")  # what a killed run left is no obstacle
    assert elsewhere.is_run("memory://runs/cut")


@pytest.mark.parametrize("name", ["notes.md", "annotations/mine.parquet", "audit.json"])
def test_a_folder_with_anything_else_is_refused_before_the_run(memory: Any, name: str) -> None:
    memory.pipe_file(f"/runs/theirs/{name}", b"mine")
    with pytest.raises(RunFolderError, match=f"memory://runs/theirs: contains files no run wrote: {name}"):
        put("memory://runs/theirs", b"text")
    assert memory.cat_file(f"/runs/theirs/{name}") == b"mine"


def test_a_run_that_cannot_be_put_is_kept(
    memory: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise PermissionError("Access Denied")

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(type(memory), "put_file", refuse)
    with pytest.raises(RunFolderError, match=r"access is denied.*; the run is kept in one\.unsent-"):
        put("memory://runs/one", b"text")
    (kept,) = tmp_path.glob("one.unsent-*")
    assert (kept / "audit.json").read_bytes() == MARKER % b"text"


def test_a_run_is_fetched_again_only_if_it_changed_and_nothing_foreign_is(memory: Any) -> None:
    put("memory://runs/one", b"old")
    memory.pipe_file("/runs/one/../escape", b"x")
    memory.pipe_file("/runs/one/huge.bin", b"x")
    elsewhere._FETCHED.clear()
    folder = elsewhere.here("memory://runs/one")
    assert sorted(path.name for path in folder.iterdir()) == ["annotations", "audit.json"]
    (folder / "annotations/part-00000.parquet").write_bytes(b"ours")
    assert (elsewhere.here("memory://runs/one") / "annotations/part-00000.parquet").read_bytes() == b"ours"
    memory.pipe_file("/runs/one/audit.json", MARKER % b"new")
    assert (elsewhere.here("memory://runs/one") / "annotations/part-00000.parquet").read_bytes() == b"old"


def test_offline_and_web_addresses_are_refused() -> None:
    with pytest.raises(RunFolderError, match="which --offline forbids"):
        elsewhere.local(Path("memory://runs/one"), offline=True)
    with pytest.raises(RunFolderError, match="a web address cannot be written to"):
        elsewhere.local(Path("https://host/run"), offline=False)
    with pytest.raises(RunFolderError, match="cannot be read from a web address"):
        elsewhere.here("https://host/run")


def test_a_run_does_not_say_what_is_fetched(memory: Any, tmp_path: Path) -> None:
    theirs = Config().replace({"checks.baseline": "memory://elsewhere/run"})
    folder = put("memory://runs/one", b"text")
    with pytest.raises(RunFolderError, match="name it yourself"):
        elsewhere.check_named(folder, theirs, theirs)
    elsewhere.check_named(folder, theirs, Config())  # the user named it
    beside = Config().replace({"checks.baseline": "memory://runs/earlier"})
    elsewhere.check_named(folder, beside, beside)


def test_options_hold_no_secret_and_nothing_remote_offline() -> None:
    with pytest.raises(
        ConfigError, match=r"judge\.evaluation: https://h/a\?sig=\*\*\* holds a password or a signature"
    ):
        Config().replace({"judge.evaluation": ("https://h/a?sig=hidden",)})
    with pytest.raises(ConfigError, match=r"run\.folder: s3://b/run is remote, which --offline"):
        Config().replace({"run.folder": "s3://b/run", "encode.offline": True})
    stored = Config().replace({"run.folder": "s3://b/run"})
    assert Config.from_tree(__import__("tomllib").loads(stored.to_toml()), origin="test") == stored
    assert '"folder":"s3://b/run"' in stored.model_dump_json()
