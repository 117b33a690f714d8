"""Names from a listing are hostile: whatever they are, their copies stay inside, apart, and are called by their names."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mixguard import remote
from mixguard.errors import InputError
from mixguard.remote import spool

HOSTILE = (
    "../../etc/passwd",
    "/etc/passwd",
    "a//b",
    "./x",
    "..",
    "a\nb.jsonl",
    "nul\0",
    "C:\\x",
    "x" * 900 + ".jsonl",
    "a/../b",
)


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_name_stays_inside_and_keeps_its_name(name: str) -> None:
    url = f"memory://hostile/{HOSTILE.index(name)}"
    folder = remote.stand_in(url)
    path = spool.inside(folder, url, name)
    assert path.resolve().is_relative_to(folder)
    path.write_bytes(b"x")
    assert remote.named(path) == f"{url}/{name}"


@given(names=st.sets(st.text("ab./\\%~:\n é", min_size=1, max_size=8), min_size=2, max_size=2))
def test_two_names_are_two_files(names: set[str]) -> None:
    folder = remote.stand_in("memory://two/folder")
    try:
        paths = {spool.inside(folder, "memory://two/folder", name) for name in names}
    except InputError:  # one is a folder of the other; no file is there in this test
        return
    assert len(paths) == 2
    assert all(path.resolve().is_relative_to(folder) for path in paths)


def test_the_end_of_a_long_name_tells_its_kind() -> None:
    assert remote.stand_in(f"memory://long/{'x' * 500}.jsonl.gz").name.endswith(".jsonl.gz")


def test_what_lies_beside_a_stand_in_is_named_beside_it() -> None:
    run = remote.stand_in("s3://bucket/deep/run")
    assert remote.named(run.with_name("run-after")) == "s3://bucket/deep/run-after"
    assert (
        remote.named(run / "annotations" / "part-00000.parquet")
        == "s3://bucket/deep/run/annotations/part-00000.parquet"
    )
    assert remote.address(Path("data.jsonl")) is None


def test_addresses_that_differ_in_their_query_are_two_files() -> None:
    one, other = (remote.stand_in(f"https://host/get?file={name}") for name in "ab")
    assert one != other
    assert remote.named(one) == "https://host/get?file=a"


def test_a_name_that_is_a_file_and_a_folder_is_refused() -> None:
    folder = remote.stand_in("memory://both/folder")
    spool.inside(folder, "memory://both/folder", "a").write_bytes(b"x")
    with pytest.raises(InputError, match="both a file and a folder"):
        spool.inside(folder, "memory://both/folder", "a/b")


def test_a_disk_too_small_is_refused_before_anything_is_fetched() -> None:
    with pytest.raises(InputError, match=r"MB do not fit into the .* free in .*; set TMPDIR"):
        spool.room(10**18, "s3://bucket/big")


def test_the_scratch_is_private_and_goes_with_the_process(tmp_path: Path) -> None:
    import subprocess
    import sys

    code = "from mixguard import remote; print(remote.stand_in('s3://b/x').parent.parent)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env={**__import__("os").environ, "TMPDIR": str(tmp_path)})  # fmt: skip
    made = Path(done.stdout.strip())
    assert made.parent == tmp_path.resolve()
    assert not made.exists()
    assert (spool.root().stat().st_mode & 0o077) == 0
