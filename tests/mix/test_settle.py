"""A mix, its set-aside file and its manifest are in place together; `verify` finishes what a kill interrupted."""

from __future__ import annotations

import errno
import json
import os
import shutil
import stat
from pathlib import Path
from typing import Any

import pytest
from killing import at_each_step, names

from mixguard import moving
from mixguard.errors import CacheWarning, UsageError
from mixguard.mix.settle import finish, settle

SET = ("mix.jsonl", "sub/part.jsonl", "mix.jsonl.set-aside.jsonl", "mix.jsonl.manifest.json")

pytestmark = pytest.mark.filterwarnings("ignore::mixguard.errors.CacheWarning")


def write(folder: Path, text: str, names: tuple[str, ...] = SET) -> Path:
    out = folder / "mix.jsonl"
    with moving.scratch_folder(out) as scratch:
        moves = []
        for number, name in enumerate(names):
            (scratch / str(number)).write_text(text)
            moves.append((scratch / str(number), folder / name))
        settle(scratch, out, moves, [folder / name for name in SET if name not in names])
    return out


def seen(folder: Path) -> set[str]:
    return {(folder / name).read_text() for name in SET}


def test_killed_at_any_step_the_whole_old_set_or_the_whole_new_one_counts(tmp_path: Path) -> None:
    found: list[set[str]] = []

    def prepare() -> None:
        for path in tmp_path.iterdir():
            shutil.rmtree(path) if path.is_dir() else path.unlink()
        write(tmp_path, "old")

    def look() -> None:
        finish(tmp_path / "mix.jsonl")
        found.append(seen(tmp_path))
        write(tmp_path, "newer")
        assert seen(tmp_path) == {"newer"}
        assert names(tmp_path) == sorted({name.split("/")[0] for name in SET})

    assert at_each_step(prepare, lambda: write(tmp_path, "new"), look) >= 10
    assert all(texts in ({"old"}, {"new"}) for texts in found)
    assert {"old"} in found
    assert found.count({"new"}) > 5


def test_a_set_aside_file_that_the_new_mix_has_not_goes_with_the_old_one(tmp_path: Path) -> None:
    write(tmp_path, "old")
    write(tmp_path, "new", tuple(name for name in SET if "set-aside" not in name))
    assert names(tmp_path) == ["mix.jsonl", "mix.jsonl.manifest.json", "sub"]


def test_a_folder_in_the_place_of_a_file_is_found_before_anything_moves(tmp_path: Path) -> None:
    out = write(tmp_path, "old")
    (tmp_path / SET[1]).unlink()
    (tmp_path / SET[1]).mkdir()
    with pytest.raises(IsADirectoryError):
        write(tmp_path, "new")
    assert out.read_text() == "old"
    assert not moving.scratches(out)


def test_a_move_that_fails_halfway_is_finished_later(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out, real = write(tmp_path, "old"), Path.replace

    def stuck(path: Path, target: Path) -> Any:
        if target.name == "part.jsonl":
            raise PermissionError(errno.EPERM, "not permitted")
        return real(path, target)

    with monkeypatch.context() as patched:
        patched.setattr(Path, "replace", stuck)
        with pytest.raises(PermissionError):
            write(tmp_path, "new")
        with pytest.raises(UsageError, match=r"not permitted\); fix that, then run `mixguard verify`"):
            finish(out)
    with pytest.warns(CacheWarning, match="finished the move"):
        finish(out)
    assert seen(tmp_path) == {"new"}
    assert not moving.scratches(out)


def test_modes_are_kept_and_other_file_systems_copied_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out, real = write(tmp_path, "old"), os.replace
    out.chmod(0o600)

    def across(source: Any, target: Any) -> None:
        if Path(source).parent != Path(target).parent:
            raise OSError(errno.EXDEV, "another device")
        real(source, target)

    monkeypatch.setattr(os, "replace", across)
    write(tmp_path, "new")
    assert seen(tmp_path) == {"new"}
    assert stat.S_IMODE(out.stat().st_mode) == 0o600


@pytest.mark.parametrize("name", ["../evil", "/tmp/evil-of-mixguard", "link/evil", "sub/../../evil"])
@pytest.mark.parametrize("kind", ["moves", "remove"])
def test_a_journal_from_elsewhere_leads_nowhere(tmp_path: Path, name: str, kind: str) -> None:
    folder = tmp_path / "downloaded"
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "evil").write_text("mine")
    (tmp_path / "evil").write_text("mine")
    scratch = folder / ".mix.jsonl.mixguard-abcdefgh"
    scratch.mkdir(parents=True)
    (folder / "link").symlink_to(tmp_path / "mine")
    (scratch / "0").write_text("evil")
    moves = [["0", name]] if kind == "moves" else []
    journal = {"moves": moves, "remove": [] if moves else [name], "made_in": [1, 2]}
    (scratch / "journal.json").write_text(json.dumps(journal))
    with pytest.raises(UsageError, match="leads out of this folder"):
        finish(folder / "mix.jsonl")
    assert (tmp_path / "mine" / "evil").read_text() == (tmp_path / "evil").read_text() == "mine"
    assert not Path("/tmp/evil-of-mixguard").exists()


def test_a_journal_of_another_version_is_refused(tmp_path: Path) -> None:
    scratch = tmp_path / ".mix.jsonl.mixguard-abcdefgh"
    scratch.mkdir()
    (scratch / "journal.json").write_text('{"version": "mixguard-move/9"}')
    with pytest.raises(UsageError, match="not a journal this version can read; delete"):
        finish(tmp_path / "mix.jsonl")


def test_an_output_folder_that_is_a_link_is_written_through(tmp_path: Path) -> None:
    (tmp_path / "disk").mkdir()
    (tmp_path / "sub").symlink_to(tmp_path / "disk")
    write(tmp_path, "new")
    assert (tmp_path / "disk" / "part.jsonl").read_text() == "new"
    assert (tmp_path / "sub").is_symlink()
