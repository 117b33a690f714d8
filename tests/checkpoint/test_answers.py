from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from probe_files import PROBES, header, probe_file

from mixguard.checkpoint.answers import Line, read_answers, to_line
from mixguard.errors import UsageError
from mixguard.library.suite import Probe

FIRST = Line(probe=PROBES[0].id, sample=0, text="No.\n\u2028\x85 Never.", opening=-0.5)


def test_a_file_is_read_as_it_was_written(tmp_path: Path) -> None:
    head = header(samples=2)
    file = probe_file(tmp_path, head, FIRST)
    read = read_answers(file)
    assert read.header == head
    assert read.rows.height == head.wanted == 2 * len(PROBES)
    assert read.rows.row(0) == (FIRST.probe, 0, FIRST.text, None, False, -0.5)
    assert read.missing == head.wanted - 1


def test_the_last_line_for_a_sample_counts(tmp_path: Path) -> None:
    failed = Line(probe=FIRST.probe, sample=0, problem="status 503")
    assert read_answers(probe_file(tmp_path, header(), failed, FIRST)).rows["text"][0] == FIRST.text
    assert read_answers(probe_file(tmp_path, header(), FIRST, failed)).rows["problem"][0] == "status 503"


def test_a_line_that_a_crash_cut_short_is_left_out(tmp_path: Path) -> None:
    file = probe_file(tmp_path, header(), FIRST)
    file.write_bytes(file.read_bytes() + to_line(FIRST)[:20])
    assert read_answers(file).rows["text"][0] == FIRST.text


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        (b'{"probe": 7}', "probe"),
        (b"<html>", "not a JSON object"),
        (b"[" * 10_000, "not a JSON object"),
        (b'{"probe": "h-1", "sample": 99}', "was not asked"),
        (b'{"probe": "zzz", "sample": 0}', "was not asked"),
        (b'{"probe": "h-1", "sample": 0, "verdict": "refused"}', "verdict"),
        (b'{"probe": "h-1", "sample": 0, "opening": NaN}', "not a JSON object"),
        (b'{"probe": "h-1", "sample": 0, "opening": -1e300}', "opening"),
        (b"[]", "Input should be"),
    ],
)
def test_a_bad_line_is_named(tmp_path: Path, line: bytes, problem: str) -> None:
    file = probe_file(tmp_path, header(), FIRST)
    file.write_bytes(file.read_bytes() + line + b"\n" + to_line(FIRST))
    with pytest.raises(UsageError, match=rf"\.probe:3: .*{problem}"):
        read_answers(file)


def test_what_is_no_probe_file_is_named(tmp_path: Path) -> None:
    file = tmp_path / "x.probe"
    file.write_text('{"messages": []}\n')
    with pytest.raises(UsageError, match=r"x\.probe:1: "):
        read_answers(file)


def test_a_hazard_is_a_code_wherever_the_file_came_from() -> None:
    with pytest.raises(ValueError, match="hazard"):
        Probe.model_validate(PROBES[0].model_dump() | {"hazard": "vcr]\nowner = 'me'"})


def test_a_header_that_asks_for_more_rows_than_memory_holds_is_refused() -> None:
    many = tuple(PROBES[0].model_copy(update={"id": f"p{number}"}) for number in range(10_001))
    with pytest.raises(ValueError, match="asks for 1,000,100 answers, more than 1,000,000"):
        header(many, samples=100)


@given(st.binary(max_size=200))
@settings(max_examples=200)
def test_no_bytes_are_more_than_a_usage_error(
    tmp_path_factory: pytest.TempPathFactory, content: bytes
) -> None:
    file = tmp_path_factory.getbasetemp() / "any.probe"
    file.write_bytes(to_line(header()) + content)
    try:
        read_answers(file)
    except UsageError as error:
        assert ".probe:" in str(error)
