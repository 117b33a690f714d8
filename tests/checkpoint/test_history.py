from __future__ import annotations

import re
from pathlib import Path

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from monitoring import history, run

from mixguard.checkpoint.history import add_run, read_history
from mixguard.errors import UsageError

DAYS = ("2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z", "2026-01-03T00:00:00Z")


def test_what_is_added_is_read_again_in_its_order(tmp_path: Path) -> None:
    there = history(tmp_path, run(DAYS[0]), run(DAYS[1], promoted=True), run(DAYS[2], bad=1))
    again = read_history(there.path)
    assert [each.at for each in again.runs] == list(DAYS)
    assert again == there
    assert again.baseline == 1


def test_adding_keeps_every_byte_that_was_there(tmp_path: Path) -> None:
    path = history(tmp_path, run(DAYS[0])).path
    before = path.read_bytes()
    add_run(path, run(DAYS[1]))
    assert path.read_bytes().startswith(before)
    assert path.read_bytes().count(b"\n") == 2


def test_what_a_crash_left_of_a_line_is_overwritten(tmp_path: Path) -> None:
    path = history(tmp_path, run(DAYS[0]), run(DAYS[1])).path
    whole = path.read_bytes()
    path.write_bytes(whole[:-40])
    assert len(read_history(path).runs) == 1
    add_run(path, run(DAYS[1]))
    assert path.read_bytes() == whole


def test_a_run_is_added_once_and_promoted_once_more(tmp_path: Path) -> None:
    path = history(tmp_path, run(DAYS[0])).path
    with pytest.raises(UsageError, match=r"history\.jsonl:1: holds this run already"):
        add_run(path, run(DAYS[0]))
    assert add_run(path, run(DAYS[0], promoted=True)).baseline == 1


@pytest.mark.parametrize("harm", ["changed", "removed"])
def test_a_line_changed_or_taken_out_is_named(tmp_path: Path, harm: str) -> None:
    path = history(tmp_path, *map(run, DAYS)).path
    lines = path.read_bytes().splitlines(keepends=True)
    lines[1:2] = [lines[1].replace(b"ggg", b"bbb", 1)] if harm == "changed" else []
    path.write_bytes(b"".join(lines))
    place = 3 if harm == "changed" else 2
    with pytest.raises(UsageError, match=rf"history\.jsonl:{place}: does not follow the line before it"):
        read_history(path)


@pytest.mark.parametrize(
    ("line", "told"),
    [
        (b"{}", "version 'None' is not read here"),
        (b'{"version": "mixguard-history/9"}', "version 'mixguard-history/9' is not read here"),
        (b"[]", "valid dictionary"),
        (b"<html>", "not a line of a history"),
        (b"", "not a line of a history"),
        (b"[" * 5000, "not a line of a history"),
    ],
)
def test_a_wrong_line_is_named_with_its_place(tmp_path: Path, line: bytes, told: str) -> None:
    path = history(tmp_path, run(DAYS[0])).path
    path.write_bytes(path.read_bytes() + line + b"\n")
    with pytest.raises(UsageError, match=re.escape(f"{path}:2: ") + ".*" + re.escape(told)):
        read_history(path)


@pytest.mark.parametrize("content", [b"a diary", b"\x00\xff" * 100])
def test_another_file_is_never_overwritten(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "diary.txt"
    path.write_bytes(content)
    with pytest.raises(UsageError, match=r"diary\.txt:1: is not a history"):
        add_run(path, run(DAYS[0]))
    assert path.read_bytes() == content


def test_a_sample_too_few_is_named(tmp_path: Path) -> None:
    path = history(tmp_path, run(DAYS[0])).path
    tree = orjson.loads(path.read_bytes())
    tree["states"]["injection"]["i-0"] = "g"
    path.write_bytes(orjson.dumps(tree) + b"\n")
    with pytest.raises(UsageError, match=r":1: i-0 has 1 of 3 samples"):
        read_history(path)


def test_a_partial_run_promoted_by_hand_is_refused(tmp_path: Path) -> None:
    path = history(tmp_path, run(DAYS[0], promoted=True)).path
    path.write_bytes(path.read_bytes().replace(b'"i-0":"ggg"', b'"i-0":"eee"'))
    with pytest.raises(UsageError, match=r":1: is promoted, but answers are missing"):
        read_history(path)


def test_a_folder_or_a_missing_file_is_refused(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "none"):
        with pytest.raises(UsageError):
            read_history(path)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(cut=st.integers(0, 400), junk=st.binary(max_size=60))
def test_whatever_bytes_follow_it_is_read_or_refused_in_a_sentence(
    tmp_path: Path, cut: int, junk: bytes
) -> None:
    path = tmp_path / "h.jsonl"
    path.unlink(missing_ok=True)
    add_run(path, run(DAYS[0], size=3, mixed=1))
    path.write_bytes(path.read_bytes()[: -cut or None] + junk)
    try:
        assert len(read_history(path).runs) <= 1
    except UsageError as error:
        assert str(path) in str(error)
