"""Moves are whole or did not happen; scratch of the dead is swept, that of the living is not."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from mixguard import moving
from mixguard.files import write_atomically

HOLD = """
import sys, time
from pathlib import Path
from mixguard import moving
with moving.scratch_folder(Path(sys.argv[1])) as scratch:
    print(scratch, flush=True)
    sys.stdin.read()
"""


def folder(path: Path, text: str) -> Path:
    path.mkdir()
    (path / "file").write_text(text)
    return path


def names(path: Path) -> list[str]:
    return sorted(entry.name for entry in path.iterdir())


def test_folders_are_exchanged_in_one_step_or_the_caller_is_told(tmp_path: Path) -> None:
    one, other = folder(tmp_path / "one", "1"), folder(tmp_path / "other", "2")
    done = moving.exchange(one, other)
    assert done == (sys.platform == "linux")
    assert ((one / "file").read_text(), (other / "file").read_text()) == (("2", "1") if done else ("1", "2"))


@pytest.mark.skipif(sys.platform != "linux", reason="exchange is of Linux")
def test_an_exchange_that_is_refused_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        moving.exchange(folder(tmp_path / "one", "1"), tmp_path / "nothing")


@pytest.mark.parametrize("able", [True, False])
def test_a_folder_replaces_another(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, able: bool) -> None:
    if not able:
        monkeypatch.setattr(moving, "exchange", lambda *_: False)
    target = tmp_path / "run"
    assert moving.replace_folder(folder(tmp_path / "a", "1"), target) is None
    old = moving.replace_folder(folder(tmp_path / "b", "2"), target)
    assert old is not None
    assert ((target / "file").read_text(), (old / "file").read_text()) == ("2", "1")


def test_what_a_kill_between_two_renames_leaves_is_put_back(tmp_path: Path) -> None:
    target = tmp_path / "run"
    previous = folder(tmp_path / ".run.mixguard-previous", "old")
    moving.restore(target)
    assert (target / "file").read_text() == "old"
    folder(previous, "older")
    moving.restore(target)
    assert (target / "file").read_text() == "old"
    assert names(tmp_path) == ["run"]


def test_scratch_of_a_living_process_is_left_alone_and_that_of_a_dead_one_swept(tmp_path: Path) -> None:
    target = tmp_path / "run"
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(target)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout is not None
        theirs = Path(other.stdout.readline().strip())
        with moving.scratch_folder(target) as mine:
            assert names(tmp_path) == sorted((theirs.name, mine.name))
        assert names(tmp_path) == [theirs.name]
        other.kill()
    with moving.scratch_folder(target) as mine:
        assert names(tmp_path) == [mine.name]


@pytest.mark.parametrize(
    "name", [".run.mixguard-notes", ".run.mixguard-12345678.bak", ".run-12345678", ".other.mixguard-abcdefgh"]
)
def test_what_is_not_scratch_of_this_target_is_never_swept(tmp_path: Path, name: str) -> None:
    (tmp_path / name).mkdir()
    moving.sweep(tmp_path / "run")
    assert names(tmp_path) == [name]


def test_a_link_is_not_scratch(tmp_path: Path) -> None:
    mine = folder(tmp_path / "mine", "mine")
    (tmp_path / ".run.mixguard-abcdefgh").symlink_to(mine)
    moving.sweep(tmp_path / "run")
    assert (mine / "file").read_text() == "mine"
    assert (tmp_path / ".run.mixguard-abcdefgh").is_symlink()


def test_a_long_name_still_has_room_for_scratch(tmp_path: Path) -> None:
    target = tmp_path / ("漢" * 85)
    write_atomically(target, b"1")
    with moving.scratch_folder(target):
        pass
    assert names(tmp_path) == [target.name]


def test_a_file_keeps_its_mode_and_a_link_stays_a_link(tmp_path: Path) -> None:
    file, link = tmp_path / "real" / "file", tmp_path / "link"
    write_atomically(file, b"1")
    assert stat.S_IMODE(file.stat().st_mode) == 0o644
    file.chmod(0o640)
    link.symlink_to(file)
    write_atomically(link, b"2")
    assert link.is_symlink()
    assert file.read_bytes() == b"2"
    assert stat.S_IMODE(file.stat().st_mode) == 0o640
    assert names(file.parent) == ["file"]


def test_a_pipe_is_written_to(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    read: list[bytes] = []
    reader = threading.Thread(target=lambda: read.append(pipe.read_bytes()))
    reader.start()
    write_atomically(pipe, b"through")
    reader.join()
    assert read == [b"through"]
    assert stat.S_ISFIFO(pipe.stat().st_mode)


def test_many_writers_leave_one_whole_file_and_nothing_else(tmp_path: Path) -> None:
    contents = [bytes([number]) * 10_000 for number in range(8)]

    def write(content: bytes) -> None:
        for _ in range(5):
            write_atomically(tmp_path / "f", content)

    threads = [threading.Thread(target=write, args=[content]) for content in contents]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (tmp_path / "f").read_bytes() in contents
    assert names(tmp_path) == ["f"]
