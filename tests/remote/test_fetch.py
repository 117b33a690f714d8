"""Copies of remote files: whole, of one version, fetched once; with fsspec's file system in memory."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

import pytest

from mixguard import remote
from mixguard.errors import InputError, UsageError
from mixguard.remote import fetch, places, spool

pytestmark = pytest.mark.usefixtures("afresh")


class Counted:
    """The file system, with what is opened noted down; `change` may answer in its place."""

    def __init__(self, system: Any, patch: pytest.MonkeyPatch) -> None:
        self.opened: list[str] = []
        self.system = system
        opens = type(system).open

        def noted(own: Any, path: str, mode: str = "rb", **more: Any) -> Any:
            if mode == "rb":
                self.opened.append(path)
                return self.change(path, opens(own, path, mode, **more))
            return opens(own, path, mode, **more)

        patch.setattr(type(system), "open", noted)

    def change(self, path: str, stream: Any) -> Any:
        return stream


@pytest.fixture
def memory(monkeypatch: pytest.MonkeyPatch) -> Iterator[Counted]:
    import fsspec

    system = fsspec.filesystem("memory")
    system.store.clear()
    system.pseudo_dirs[:] = [""]
    for name in ("a.jsonl", "b.jsonl", "deep/c.csv", "notes.md"):
        system.pipe_file(f"/box/{name}", name.encode())
    yield Counted(system, monkeypatch)
    system.store.clear()


def every(name: str) -> bool:
    return not name.endswith(".md")


def test_a_file_a_pattern_and_a_folder_are_copied(memory: Counted) -> None:
    (file,) = remote.copies("memory://box/a.jsonl", every)
    assert file.read_bytes() == b"a.jsonl"
    assert [path.name for path in remote.copies("memory://box/*.jsonl", every)] == ["a.jsonl", "b.jsonl"]
    (folder,) = remote.copies("memory://box", every)
    found = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
    assert found == ["a.jsonl", "b.jsonl", "deep/c.csv"]
    assert remote.named(folder / "deep/c.csv") == "memory://box/deep/c.csv"


def test_reading_twice_fetches_once_and_a_change_is_fetched_again(memory: Counted) -> None:
    for _ in range(3):
        remote.copies("memory://box/*.jsonl", every)
    assert len(memory.opened) == 2
    memory.system.pipe_file("/box/a.jsonl", b"changed")
    (first, _) = remote.copies("memory://box/*.jsonl", every)
    assert first.read_bytes() == b"changed"
    assert len(memory.opened) == 3


def test_what_was_fetched_is_there_offline_by_its_name_and_nothing_else(memory: Counted) -> None:
    (file,) = remote.copies("memory://box/a.jsonl", every)
    assert remote.copies("memory://box/a.jsonl", every, offline=True) == [file]
    with pytest.raises(InputError, match="which --offline forbids"):
        remote.copies("memory://box/b.jsonl", every, offline=True)
    assert memory.opened == ["/box/a.jsonl"]


def test_a_file_that_changes_while_it_is_read_is_refused_and_no_copy_is_left(
    memory: Counted, monkeypatch: pytest.MonkeyPatch
) -> None:
    def change(path: str, stream: Any) -> Any:
        memory.system.pipe_file(path, b"a.jsonL")
        return stream

    monkeypatch.setattr(memory, "change", change)
    memory.system.pipe_file("/moving/a.jsonl", b"a.jsonl")
    with pytest.raises(InputError, match=r"memory://moving/a\.jsonl: changed while it was read"):
        remote.copies("memory://moving/a.jsonl", every)
    assert list(remote.stand_in("memory://moving/a.jsonl").parent.iterdir()) == []


@pytest.mark.parametrize(
    ("content", "said"), [(b"a.js", "broke off before its end"), (b"a.jsonl, and more", "changed")]
)
def test_fewer_or_more_bytes_than_were_told_are_refused(
    memory: Counted, monkeypatch: pytest.MonkeyPatch, content: bytes, said: str
) -> None:
    monkeypatch.setattr(memory, "change", lambda *_: io.BytesIO(content))
    with pytest.raises(InputError, match=said):
        remote.copies("memory://box/a.jsonl", every)


def test_progress_counts_the_bytes_of_all_files(memory: Counted) -> None:
    seen: list[tuple[str, int, int | None, str]] = []
    remote.copies("memory://box", every, progress=lambda *told: seen.append(told))
    assert seen[-1] == ("fetching", 24, 24, "bytes")


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("memory://box/none.jsonl", "no such file or folder"),
        ("memory://box/*.parquet", "no file matches this pattern"),
        ("memory://box/notes.md/", "notes"),
        ("nothing://box/a", "nothing:// cannot be read; use https://"),
        ("zip://box/a", "cannot be read; use https://"),
        ("simplecache://memory::box/a", "cannot be read; use https://"),
        ("file:///etc/passwd", "write the path without file://"),
    ],
)
def test_a_name_that_leads_nowhere_says_so(memory: Counted, url: str, said: str) -> None:
    try:
        assert remote.copies(url, every)[0].read_bytes().startswith(said.encode())
    except InputError as error:
        assert said in str(error)


def test_a_missing_package_is_named_with_its_command(monkeypatch: pytest.MonkeyPatch) -> None:
    import fsspec

    def absent(_: str) -> None:
        raise ImportError("Install s3fs to access S3")

    monkeypatch.setattr(fsspec, "get_filesystem_class", absent)
    for protocol, command in (
        ("s3", "pip install 'mixguard[s3]'"),
        ("gs", "pip install 'mixguard[gcs]'"),
        ("abfs", "Install"),
    ):
        with pytest.raises(UsageError) as raised:
            remote.copies(f"{protocol}://bucket/x", every)
        assert command in str(raised.value)


def test_a_listing_without_end_is_refused(memory: Counted, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(places, "MOST", 3)
    with pytest.raises(InputError, match="4 files, and at most 3 are read at once"):
        remote.copies("memory://box", every)


def test_a_disk_that_fills_up_meanwhile_is_told_plainly(
    memory: Counted, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spool, "RESERVE", 10**18)
    with pytest.raises(InputError, match="set TMPDIR to a folder on a larger disk"):
        remote.copies("memory://box/a.jsonl", every)
    monkeypatch.setattr(spool, "RESERVE", 0)

    def full(*_: Any) -> Any:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(fetch._Meter, "came", full)
    with pytest.raises(InputError, match=r"no space is left in .*; set TMPDIR"):
        remote.copies("memory://box/a.jsonl", every)


def test_a_library_that_fails_is_one_sentence_without_secrets(
    memory: Counted, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(path: str, stream: Any) -> Any:
        raise ValueError("cannot parse https://user:hunter2@host/x?sig=hunter2\nand a second line")

    monkeypatch.setattr(memory, "change", fail)
    with pytest.raises(InputError) as raised:
        remote.copies("memory://box/a.jsonl", every)
    assert "hunter2" not in str(raised.value)
    assert "\n" not in str(raised.value)
