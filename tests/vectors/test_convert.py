"""The converted encoder is used only if every byte of it is as it was written; else it is converted again."""

from __future__ import annotations

import errno
import os
import shutil
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from mixguard import files
from mixguard.errors import CacheWarning, UsageError
from mixguard.vectors import convert
from mixguard.vectors.bundled import BUNDLED
from mixguard.vectors.convert import FILES, SUMS, verified
from mixguard.vectors.openvino import OpenVinoEncoder

Made = list[Path]


@pytest.fixture
def conversions(monkeypatch: pytest.MonkeyPatch) -> Iterator[Made]:
    """Conversions that take no time: the files have a few bytes each; lists the folders."""
    made: Made = []

    def quick(_: object, source: Path, target: Path, calibration: object) -> None:
        assert source.is_dir()
        made.append(target)
        for name in FILES:
            (target / name).write_bytes(name.encode() * 100)

    monkeypatch.setattr(convert, "_convert", quick)
    monkeypatch.setattr(convert, "_UNKEPT", {})
    monkeypatch.setattr(files, "_TOLD", set())
    yield made


def as_folder(file: Path) -> None:
    file.unlink()
    file.mkdir()


SPOIL: dict[str, Callable[[Path], object]] = {
    "one bit": lambda file: file.write_bytes(bytes([file.read_bytes()[0] ^ 1]) + file.read_bytes()[1:]),
    "zeroed": lambda file: file.write_bytes(bytes(file.stat().st_size)),
    "cut": lambda file: os.truncate(file, file.stat().st_size - 4),
    "empty": lambda file: os.truncate(file, 0),
    "missing": lambda file: file.unlink(),
    "a folder": as_folder,
    "writable by others": lambda file: file.chmod(0o666),
}


@pytest.mark.parametrize("kind", SPOIL)
@pytest.mark.parametrize("name", FILES)
@pytest.mark.filterwarnings("ignore::mixguard.errors.CacheWarning")
def test_a_changed_file_is_converted_again(tmp_path: Path, conversions: Made, name: str, kind: str) -> None:
    folder = verified(BUNDLED, tmp_path)
    verified(BUNDLED, tmp_path)
    assert len(conversions) == 1
    SPOIL[kind](folder / name)
    assert verified(BUNDLED, tmp_path) == folder
    assert len(conversions) == 2
    assert (folder / name).read_bytes() == name.encode() * 100
    assert verified(BUNDLED, tmp_path) == folder
    assert len(conversions) == 2
    assert sorted(path.name for path in folder.parent.iterdir()) == [folder.name, f"{folder.name}.lock"]


@pytest.mark.parametrize("content", [b"", b"[]", b"{}", b"\xff", b'{"model.bin": "0"}'])
def test_a_folder_without_hashes_is_not_believed(tmp_path: Path, conversions: Made, content: bytes) -> None:
    folder = verified(BUNDLED, tmp_path)
    (folder / SUMS).write_bytes(content)
    verified(BUNDLED, tmp_path)
    assert len(conversions) == 2


def test_scratch_of_a_killed_conversion_is_swept(tmp_path: Path, conversions: Made) -> None:
    folder = verified(BUNDLED, tmp_path)
    shutil.move(folder, folder.with_name(f".{folder.name}.mixguard-abcdefgh"))
    verified(BUNDLED, tmp_path)
    assert sorted(path.name for path in folder.parent.iterdir()) == [folder.name, f"{folder.name}.lock"]


def test_where_the_cache_cannot_be_written_a_folder_of_the_process_is_used(
    tmp_path: Path, conversions: Made
) -> None:
    (tmp_path / "file").write_text("")
    with pytest.warns(
        CacheWarning, match=r"for this run alone, which takes longer; set encode\.cache"
    ) as told:
        folder = verified(BUNDLED, tmp_path / "file" / "cache")
    assert len(told) == 1
    assert verified(BUNDLED, tmp_path / "file" / "cache") == folder
    assert len(conversions) == 1
    assert (folder / "model.bin").is_file()


@pytest.mark.filterwarnings("ignore::mixguard.errors.CacheWarning")
def test_no_room_anywhere_is_a_sentence(
    tmp_path: Path, conversions: Made, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(convert, "_convert", full)
    with pytest.raises(
        UsageError, match=r"No space left on device\); set encode\.cache to a folder with 1 GB"
    ):
        verified(BUNDLED, tmp_path)
    assert list((tmp_path / "encoders").glob("*network")) == []


def test_a_damaged_encoder_gives_the_same_vectors_as_a_whole_one(cache: Path, tmp_path: Path) -> None:
    texts = ["How do I return a parcel?", "refund please"]
    good = OpenVinoEncoder.load(BUNDLED, cache, overlap=32).encode(texts).vectors
    name = f"{BUNDLED.weights}-network"
    shutil.copytree(cache / "encoders" / name, tmp_path / "encoders" / name)
    shutil.copy(cache / "key", tmp_path / "key")
    with (tmp_path / "encoders" / name / "model.bin").open("r+b") as stream:
        stream.write(bytes(40 * 2**20))
    encoder = OpenVinoEncoder.load(BUNDLED, tmp_path, overlap=32)
    with pytest.warns(CacheWarning, match="changed or damaged, so the encoder is converted again"):
        again = encoder.encode(texts).vectors
    assert np.allclose(again, good, atol=1e-3)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        OpenVinoEncoder.load(BUNDLED, tmp_path, overlap=32).encode(texts)
