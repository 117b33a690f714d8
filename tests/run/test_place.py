"""A run takes its place whole: killed at any step, the old one or the new one is there; what a user put there stays."""

from __future__ import annotations

import errno
import os
import shutil
import stat
from contextlib import suppress
from pathlib import Path

import pytest
from killing import at_each_step, names

from mixguard import moving
from mixguard.errors import RunFolderError
from mixguard.progress import quiet
from mixguard.run import folder as run_folder
from mixguard.run import place
from mixguard.run.journal import done_parts


def write(folder: Path, text: str) -> None:
    """Something that looks like a run."""
    (folder / "audit.json").write_text('{"version": "mixguard-audit/3", "text": "' + text + '"}')
    (folder / "annotations").mkdir(exist_ok=True)
    (folder / "annotations" / "part-00000.parquet").write_text(text)


def audit(folder: Path, text: str) -> None:
    with place.fresh(folder) as scratch:
        write(scratch, text)


def content(folder: Path) -> str:
    """The text of a run, if it is whole."""
    text = (folder / "annotations" / "part-00000.parquet").read_text()
    assert f'"{text}"' in (folder / "audit.json").read_text()
    return text


@pytest.mark.parametrize("able", [True, False])
def test_killed_at_any_step_the_old_run_or_the_new_one_is_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, able: bool
) -> None:
    if not able:
        monkeypatch.setattr(moving, "exchange", lambda *_: False)
    target, seen = tmp_path / "run", []

    def prepare() -> None:
        for path in tmp_path.iterdir():
            shutil.rmtree(path)
        target.mkdir()
        write(target, "old")

    def look() -> None:
        if not able:
            moving.restore(target)  # as every command that reads a run does
        seen.append(content(target))
        audit(target, "newer")
        assert content(target) == "newer"
        assert names(tmp_path) == ["run"]

    kills = at_each_step(prepare, lambda: audit(target, "new"), look)
    assert kills >= 8
    assert set(seen) == {"old", "new"}
    assert seen == sorted(seen, reverse=True)


def test_a_reader_finds_the_old_run_where_exchange_is_missing_and_a_kill_came_between(tmp_path: Path) -> None:
    (tmp_path / ".run.mixguard-previous").mkdir()
    write(tmp_path / ".run.mixguard-previous", "old")
    assert run_folder.read_audit(tmp_path / "run")["text"] == "old"


@pytest.mark.parametrize(
    "name", ["notes.txt", "part-1.parquet", "sub/part-00000.parquet", "part-00000.parquet.bak"]
)
def test_a_users_file_among_the_annotations_is_never_deleted(tmp_path: Path, name: str) -> None:
    target = tmp_path / "run"
    audit(target, "old")
    mine = target / "annotations" / name
    mine.parent.mkdir(exist_ok=True)
    mine.write_text("precious")
    with pytest.raises(RunFolderError, match=f"files no run wrote: annotations/{Path(name).parts[0]}"):
        audit(target, "new")
    assert mine.read_text() == "precious"
    assert content(target) == "old"


def test_a_link_or_a_folder_under_the_name_of_a_runs_file_is_the_users(tmp_path: Path) -> None:
    audit(tmp_path / "run", "old")
    (tmp_path / "elsewhere").mkdir()
    for name in ("flagged.parquet", "manifest.json"):
        (tmp_path / "run" / name).symlink_to(tmp_path / "elsewhere")
    with pytest.raises(RunFolderError, match=r"files no run wrote: flagged\.parquet, manifest\.json"):
        audit(tmp_path / "run", "new")


def test_a_file_that_a_user_puts_there_meanwhile_is_not_lost(tmp_path: Path) -> None:
    target = tmp_path / "run"
    audit(target, "old")
    with pytest.raises(RunFolderError, match=r"mine\.txt"), place.fresh(target) as scratch:
        write(scratch, "new")
        (target / "mine.txt").write_text("mine")
    assert (target / "mine.txt").read_text() == "mine"
    assert content(target) == "old"
    assert names(tmp_path) == ["run"]


def test_one_that_comes_in_the_last_moment_is_put_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target, real = tmp_path / "run", moving.replace_folder
    audit(target, "old")

    def late(scratch: Path, to: Path) -> Path | None:
        if not (target / "mine.txt").exists() and content(scratch) == "new":
            (target / "mine.txt").write_text("mine")
        return real(scratch, to)

    monkeypatch.setattr(moving, "replace_folder", late)
    with pytest.raises(RunFolderError, match=f"^{target}: .*mine"):
        audit(target, "new")
    assert (target / "mine.txt").read_text() == "mine"
    assert names(tmp_path) == ["run"]


@pytest.mark.parametrize("there", [True, False])
def test_a_linked_run_folder_stays_a_link(tmp_path: Path, there: bool) -> None:
    link, target = tmp_path / "run", tmp_path / "disk" / "run"
    target.parent.mkdir()
    link.symlink_to(target)
    if there:
        audit(target, "old")
    audit(link, "new")
    assert link.is_symlink()
    assert content(target) == "new"
    assert (names(tmp_path), names(target.parent)) == (["disk", "run"], ["run"])


def test_a_run_folder_keeps_its_mode(tmp_path: Path) -> None:
    audit(tmp_path / "run", "old")
    assert stat.S_IMODE((tmp_path / "run").stat().st_mode) == 0o755
    (tmp_path / "run").chmod(0o700)
    audit(tmp_path / "run", "new")
    assert stat.S_IMODE((tmp_path / "run").stat().st_mode) == 0o700


def test_two_runs_of_one_folder_both_end_and_one_is_there(tmp_path: Path) -> None:
    with place.fresh(tmp_path / "run") as one:
        write(one, "one")
        audit(tmp_path / "run", "other")
        assert content(tmp_path / "run") == "other"
        assert content(one) == "one"
    assert content(tmp_path / "run") == "one"
    assert names(tmp_path) == ["run"]


def test_a_full_disk_is_said_in_a_sentence(tmp_path: Path) -> None:
    said = r"cannot be written \(No space left on device\)"
    with pytest.raises(RunFolderError, match=said), place.fresh(tmp_path / "run"):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    assert names(tmp_path) == []


def test_other_errors_keep_their_own_words(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="gone"), place.fresh(tmp_path / "run"):
        raise FileNotFoundError("gone")


def test_a_manifest_that_was_half_written_into_a_run_does_not_block_the_next(tmp_path: Path) -> None:
    audit(tmp_path / "run", "old")
    (tmp_path / "run" / ".manifest.json.mixguard-abcdefgh").write_text("{")
    audit(tmp_path / "run", "new")
    assert content(tmp_path / "run") == "new"


def part(folder: Path, number: int) -> None:
    """A part that is done."""
    (folder / "unfinished" / f"part-{number:05d}.json").write_text("{}")


def test_what_was_done_stays_until_a_run_takes_its_place(tmp_path: Path) -> None:
    told = list[str]()
    with pytest.raises(KeyboardInterrupt), place.lasting(tmp_path / "run", told.append) as kept:
        part(kept, 0)
        raise KeyboardInterrupt
    assert names(tmp_path) == [".run.mixguard-unfinished"]
    (line,) = told
    assert (
        line
        == f"{tmp_path / 'run'}: stopped; what is done is kept in {kept} (parts: 1): the same command goes on from there"
    )
    with place.lasting(tmp_path / "run", told.append) as again:
        assert (again, done_parts(again)) == (kept, [0])
        write(again, "new")
    assert (content(tmp_path / "run"), names(tmp_path)) == ("new", ["run"])
    assert "unfinished" not in names(tmp_path / "run")


def test_a_run_without_a_part_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(RunFolderError, match="no"), place.lasting(tmp_path / "run", quiet):
        raise RunFolderError("no")
    assert names(tmp_path) == []


def test_a_shard_keeps_what_a_run_is_joined_from(tmp_path: Path) -> None:
    for _ in range(2):
        with place.lasting(tmp_path / "1", quiet) as kept:
            part(kept, 0)
            (kept / "unfinished" / "run.json").write_text("{}")
    assert names(tmp_path) == ["1"]
    assert names(tmp_path / "1" / "unfinished") == ["part-00000.json", "run.json"]
    (tmp_path / "1" / "unfinished" / "mine.txt").write_text("mine")
    with pytest.raises(RunFolderError, match=r"files no run wrote: unfinished/mine\.txt"):
        place.check(tmp_path / "1")


def test_two_at_once_do_not_share_what_is_done(tmp_path: Path) -> None:
    told = list[str]()
    with place.lasting(tmp_path / "run", told.append) as one:
        write(one, "one")
        with place.lasting(tmp_path / "run", told.append) as other:
            assert other != one
            write(other, "other")
        assert content(tmp_path / "run") == "other"
    assert content(tmp_path / "run") == "one"
    assert names(tmp_path) == ["run"]
    (line,) = told
    assert line.startswith(f"{tmp_path / 'run'}: another process writes this run")


@pytest.mark.parametrize("able", [True, False])
def test_killed_at_any_step_what_was_done_is_there_or_in_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, able: bool
) -> None:
    if not able:
        monkeypatch.setattr(moving, "exchange", lambda *_: False)
    target, seen = tmp_path / "run", set[str]()

    def prepare() -> None:
        for path in tmp_path.iterdir():
            shutil.rmtree(path)
        target.mkdir()
        write(target, "old")
        with suppress(KeyboardInterrupt), place.lasting(target, quiet) as kept:
            part(kept, 0)
            raise KeyboardInterrupt

    def finish() -> None:
        with place.lasting(target, quiet) as kept:
            write(kept, "new")

    def look() -> None:
        moving.restore(target)
        there = content(target)
        seen.add(there)
        with place.lasting(target, quiet) as kept:
            if there == "old":
                assert done_parts(kept) == [0]
            write(kept, "newer")
        assert content(target) == "newer"
        assert names(tmp_path) == ["run"]
        place.check(target)

    assert at_each_step(prepare, finish, look) >= 4
    assert seen == {"old", "new"}
