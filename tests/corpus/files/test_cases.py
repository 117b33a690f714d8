"""Files that people hold, and files that were damaged: what is read of each, and what is said of the rest."""

from __future__ import annotations

import gzip
import json
import os
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import zstandard
from reading import read

from mixguard.corpus.files import open_sources
from mixguard.errors import InputError

CASES = Path(__file__).parents[2] / "data" / "cases"
ROW = {"prompt": "Where does fig grow best?", "completion": "On a sunny slope."}
TALK = [{"role": "user", "content": "Hello?"}, {"role": "assistant", "content": "Hello."}]
LINE = json.dumps(ROW) + "\n"


def test_an_array_may_be_followed_by_lines_and_by_other_arrays(tmp_path: Path) -> None:
    assert len(read(CASES / "k1a-array-then-lines.json").good) == 3
    for content, count in (
        ("[]\n" + LINE, 1),
        (LINE + json.dumps([ROW, ROW]) + "\n" + LINE, 4),
        (json.dumps([ROW, ROW]) * 3, 6),
        (json.dumps([ROW] * 3, indent=1) + "\n" + LINE * 2, 5),
        ("\ufeff".join([LINE, LINE]), 2),
    ):
        found = read(tmp_path / "a.json", content)
        assert (found.rows, found.bad) == ([ROW] * count, [])


def test_a_list_a_line_is_a_conversation(tmp_path: Path) -> None:
    found = read(CASES / "k1b-list-per-line.jsonl")
    assert [len(row["messages"]) for row in found.rows] == [2] * 4
    assert {record.inner for record in found.good} == {"list"}
    turns = read(tmp_path / "a.jsonl", '["Hi", "Hello"]\n["Bye", "See you"]\n')
    assert turns.rows == [{"messages": ["Hi", "Hello"]}, {"messages": ["Bye", "See you"]}]
    assert read(tmp_path / "b.json", json.dumps([TALK, TALK])).rows == [{"messages": TALK}] * 2
    assert read(tmp_path / "c.json", json.dumps(TALK, indent=2)).rows == [{"messages": TALK}]
    several = read(tmp_path / "d.jsonl", (json.dumps([ROW, ROW]) + "\n") * 2)
    assert several.rows == [ROW] * 4
    documents = read(tmp_path / "e.json", '["one", "two"]')
    assert [each.reason for each in documents.bad] == ["expected a JSON object, found a string"] * 2


@pytest.mark.parametrize(
    "key", ["data", "instances", "rows", "examples", "train", "records", "items", "conversations"]
)
def test_a_list_inside_one_object_is_read_element_by_element(tmp_path: Path, key: str) -> None:
    for content in (
        {key: [ROW, ROW]},
        {"version": "x" * 9000, key: [ROW, ROW], "info": {"n": [1, {"data": []}]}},
    ):
        for indent in (None, 2):
            text = json.dumps(content, indent=indent)
            found = read(tmp_path / "a.json", text)
            assert (found.rows, found.bad) == ([ROW] * 2, [])
            assert [text[each.start :].startswith(each.raw.decode()) for each in found.good] == [True] * 2
            assert all(each.listed for each in found.good)


def test_other_wrappers(tmp_path: Path) -> None:
    assert len(read(CASES / "k16a-data.json").rows) == 2
    hub = {"features": [{"name": "prompt"}], "rows": [{"row_idx": 0, "row": ROW, "truncated_cells": []}]}
    split = {"columns": list(ROW), "index": [0, 1], "data": [list(ROW.values())] * 2}
    columns = {key: {"0": value, "1": value} for key, value in ROW.items()}
    table = {"schema": {"fields": [{"name": "prompt"}]}, "data": [ROW, ROW]}
    both = {"train": [ROW], "test": [ROW]}
    for content, count, inner in (
        (hub, 1, "part"), (split, 2, "part"), (columns, 2, "part"), ({"0": ROW, "1": ROW}, 2, "part"),
        (table, 2, ""), (both, 2, ""), ({"type": "text2text", "instances": [ROW]}, 1, ""),
    ):  # fmt: skip
        found = read(tmp_path / "a.json", json.dumps(content))
        assert (found.rows, {each.inner for each in found.good}) == ([ROW] * count, {inner})


@pytest.mark.parametrize(
    "row", [{"messages": TALK}, {"conversations": TALK, "id": 1}, {"data": ["a", "b"]}, {"id": 1, "data": []}]
)
def test_one_object_that_is_a_record_stays_one(tmp_path: Path, row: dict[str, Any]) -> None:
    assert read(tmp_path / "a.json", json.dumps(row, indent=2)).rows == [row]
    lines = [{"data": [{"a": 1}]}, {"data": [{"a": 2}]}]
    assert read(tmp_path / "b.jsonl", "\n".join(map(json.dumps, lines))).rows == lines


def test_logged_requests_are_read_with_their_answer(tmp_path: Path) -> None:
    asked = {"custom_id": "1", "method": "POST", "body": {"model": "m", "messages": TALK[:1]}}
    answered = {**asked, "response": {"body": {"choices": [{"message": TALK[1]}]}}}
    found = read(tmp_path / "a.jsonl", json.dumps(asked) + "\n" + json.dumps(answered))
    assert [row["messages"] for row in found.rows] == [TALK[:1], TALK]


@pytest.mark.parametrize(
    "broken",
    [b'{"prompt": "x"y", "completion": "z"}', b'{"prompt": "x, "completion": "z"}', b'{"prompt": ["x"}'],
)
@pytest.mark.parametrize("form", [", ".join, ",\n ".join])
def test_a_broken_element_costs_only_itself(
    tmp_path: Path, broken: bytes, form: Callable[[list[str]], str]
) -> None:
    row = json.dumps(ROW)
    content = (
        b"["
        + form([row, row, "BROKEN", row, row]).encode().replace(b"BROKEN", broken)
        + b"]\n"
        + LINE.encode()
    )
    found = read(tmp_path / "a.json", content)
    assert found.rows == [ROW] * 5
    assert [each.extent for each in found.bad] in ([len(broken)], [len(broken) + 1])


@pytest.mark.parametrize(
    ("content", "broken"),
    [
        (LINE + '{"prompt": "cut', True),
        (LINE + '{"prompt": "cut\n', False),
        ("[" + LINE + ",", True),
        ("[" + LINE + ', {"prompt', True),
        ('{"data": [' + LINE, True),
        (LINE + "nonsense\n", False),
    ],
)
def test_a_file_that_breaks_off_says_so(tmp_path: Path, content: str, broken: bool) -> None:
    found = read(tmp_path / "a.json", content)
    assert found.rows == [ROW]
    assert [each.broken for each in found.bad] == [broken]


def streamed(content: bytes) -> bytes:
    """Zstandard without the size in its header."""
    packer = zstandard.ZstdCompressor().compressobj()
    return packer.compress(content) + packer.flush()


@pytest.mark.parametrize("pack", [gzip.compress, zstandard.ZstdCompressor().compress, streamed])
def test_damaged_compression_is_broken_and_joined_files_are_whole(
    tmp_path: Path, pack: Callable[[bytes], bytes]
) -> None:
    content = "".join(json.dumps({**ROW, "n": n * 7919}) + "\n" for n in range(8_000)).encode()
    packed = pack(content)
    for damaged in (packed[: len(packed) * 62 // 100], packed + b"garbage"):
        found = read(tmp_path / "a.jsonl.x", damaged)
        assert found.bad[-1].broken
        assert "damaged or truncated" in found.bad[-1].reason
        assert len(found.good) > 1000
    assert len(read(tmp_path / "b.jsonl.x", packed * 2).good) == 16_000


def test_blanks_are_passed_quickly(tmp_path: Path) -> None:
    found = read(tmp_path / "a.jsonl.gz", gzip.compress(b" " * 2**24 + b"\n" + LINE.encode()))
    assert [each.place.line for each in found.good] == [2]


def test_python_reads_it_so_it_is_judged(tmp_path: Path) -> None:
    found = read(CASES / "nan-surrogate.jsonl")
    assert [each.flags for each in found.good] == [("non_finite_number", "lone_surrogate"), ()]
    assert found.rows[0] == {"prompt": "a \ufffd b", "completion": "fine", "score": None}
    deep = read(CASES / "dup-deep.jsonl")
    assert (len(deep.good), deep.bad[0].reason) == (1, "nested more than 200 deep")
    huge = read(tmp_path / "a.jsonl", '{"a": ' + "9" * 5000 + ', "b": NaN}\n{"a": ' + "9" * 30 + "}\n")
    assert len(huge.good) + len(huge.bad) == 2


def test_a_byte_that_is_not_utf_8_costs_at_most_its_row(tmp_path: Path) -> None:
    found = read(CASES / "k18a-latin1.csv")
    assert (found.rows, found.good[0].flags) == ([{"prompt": "café?", "completion": "yes"}], ("not_utf8",))
    rows = "".join(f"Where does fig {n} grow?,On slope {n}\n" for n in range(400)).encode()
    at = len(rows) * 3 // 4
    for fault, good in ((b"\x92", 400), (b"\x81", 399), (b"\xcf\xf0\xe8\xe2", 399)):
        content = b"prompt,completion\n" + rows[:at] + fault + rows[at:]
        found = read(tmp_path / "a.csv", content)
        assert (len(found.good), len(found.bad)) == (good, 400 - good)
    utf8 = read(tmp_path / "b.csv", "prompt,completion\né,1\n".encode() + b"\xe9,2\n3,3\n")
    assert [each.reason for each in utf8.bad] == ["not valid UTF-8 (byte 0xe9); save the file as UTF-8"]


@pytest.mark.parametrize("line", ['"open quote,x', 'x,"open quote', '"a"b,c', '"a" ,b'])
@pytest.mark.parametrize("other", ["plain {n},row", '"quoted, {n}","row"', 'plain {n},"two\nlines"'])
def test_a_stray_quote_costs_only_its_line(tmp_path: Path, line: str, other: str) -> None:
    rows = "".join(other.format(n=n) + "\n" for n in range(300))
    found = read(tmp_path / "a.csv", f"prompt,completion\n{rows}{line}\n{rows}")
    assert len(found.good) == 600
    assert [each.raw.decode() for each in found.bad] == [line]


def test_headers(tmp_path: Path) -> None:
    indexed = read(tmp_path / "a.csv", ",prompt,completion,,\n0,a,b,,\n")
    assert list(indexed.rows[0]) == ["", "prompt", "completion", "unnamed 4", "unnamed 5"]
    assert read(tmp_path / "b.csv", "sep=;\nprompt;completion\na,b;c\n").rows == [
        {"prompt": "a,b", "completion": "c"}
    ]
    assert read(tmp_path / "c.csv", "prompt,completion\ra,b\rc,d\r").rows[1] == {
        "prompt": "c",
        "completion": "d",
    }
    for content, words in (
        ("prompt,prompt\na,b\n", r"d\.csv:1: two columns have the same name \(prompt\); rename one"),
        ("prompt,completion\n", "a header line, but no rows"),
        (",\na,b\n", r"d\.csv:1: the header line names no column"),
        ('"prompt,completion\na,b\n', r"d\.csv:1: cannot read the header line"),
    ):
        with pytest.raises(InputError, match=words):
            read(tmp_path / "d.csv", content)


def test_a_table_that_never_quotes(tmp_path: Path) -> None:
    found = read(CASES / "k21a-unquoted.tsv")
    assert (len(found.good), found.bad) == (20, [])
    assert found.rows[0]["answer"] == 'The "best" is number 0'
    found = read(tmp_path / "a.tsv", 'q\ta\n"Best" of\tb\n"open\tc\nd"\te\n')
    assert found.rows == [{"q": '"Best" of', "a": "b"}, {"q": '"open', "a": "c"}, {"q": 'd"', "a": "e"}]
    quoted = read(tmp_path / "b.tsv", 'q\ta\n"two\nlines"\tb\n5" wide\tc\n')
    assert [row["q"] for row in quoted.rows] == ["two\nlines", '5" wide']


def test_plain_text_is_a_document_a_line(tmp_path: Path) -> None:
    assert read(CASES / "k20c-lines.txt").rows == [{"text": "A first paragraph."}, {"text": "A second one."}]
    found = read(tmp_path / "a.txt", b"one\r\n\n  \n\xff\xff\xff\ntwo " + b"x" * 99, max_record_bytes=50)
    assert (found.rows, [each.extent for each in found.bad]) == ([{"text": "one"}], [3, 103])
    assert read(tmp_path / "lines.txt", LINE * 2).rows == [ROW] * 2


def workbook(path: Path, sheets: list[list[list[Any]]]) -> None:
    """The least that Excel would open."""
    main = "http://schemas.openxmlformats.org"
    rels = f"{main}/officeDocument/2006/relationships"
    numbers = range(1, len(sheets) + 1)
    with zipfile.ZipFile(path, "w") as packed:
        kind = "application/vnd.openxmlformats-officedocument.spreadsheetml"
        packed.writestr(
            "[Content_Types].xml",
            f'<Types xmlns="{main}/package/2006/content-types">'
            '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
            f'<Override PartName="/xl/workbook.xml" ContentType="{kind}.sheet.main+xml"/>'
            + "".join(
                f'<Override PartName="/xl/s{n}.xml" ContentType="{kind}.worksheet+xml"/>' for n in numbers
            )
            + "</Types>",
        )
        head = f'<Relationships xmlns="{main}/package/2006/relationships">'
        packed.writestr(
            "_rels/.rels",
            f'{head}<Relationship Id="r" Type="{rels}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        )
        packed.writestr(
            "xl/workbook.xml",
            f'<workbook xmlns="{main}/spreadsheetml/2006/main" xmlns:r="{rels}"><sheets>'
            + "".join(f'<sheet name="s{n}" sheetId="{n}" r:id="r{n}"/>' for n in numbers)
            + "</sheets></workbook>",
        )
        packed.writestr(
            "xl/_rels/workbook.xml.rels",
            head
            + "".join(f'<Relationship Id="r{n}" Type="{rels}/worksheet" Target="s{n}.xml"/>' for n in numbers)
            + "</Relationships>",
        )
        for number, rows in zip(numbers, sheets, strict=True):
            cells = "".join(
                "<row>" + "".join(f'<c t="inlineStr"><is><t>{cell}</t></is></c>' for cell in row) + "</row>"
                for row in rows
            )
            packed.writestr(
                f"xl/s{number}.xml",
                f'<worksheet xmlns="{main}/spreadsheetml/2006/main"><sheetData>{cells}</sheetData></worksheet>',
            )


def test_every_sheet_of_a_workbook_is_read(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    workbook(path, [[list(ROW), ["1?", "yes"]], [list(ROW), ["2?", "yes"], ["3?", "no"]], []])
    found = read(path)
    assert [row["prompt"] for row in found.rows] == ["1?", "2?", "3?"]
    assert [each.place.line for each in found.good] == [1, 2, 3]
    workbook(path, [[list(ROW)]])
    with pytest.raises(InputError, match="no sheet has rows"):
        read(path)
    with pytest.raises(InputError, match="not a readable Excel workbook"):
        read(CASES / "k20a-book.xlsx")


def test_a_workbook_without_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "fastexcel", None)
    with pytest.raises(InputError, match=r"pip install 'mixguard\[excel\]', or save its sheet as CSV UTF-8"):
        read(CASES / "k20a-book.xlsx")


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("a.jsonl", "{}".encode("utf-16-le"), "looks like UTF-16 text"),
        ("a.jsonl", "{}".encode("utf-32"), "UTF-32 text"),
        ("a.csv", "prompt,completion\na,b\n".encode("utf-16"), "UTF-16 text"),
        ("a.docx", b"PK\x03\x04..[Content_Types].xml", "an Office document"),
        ("a.bin", b"PK\x03\x04....xl/workbook.xml", "an Excel workbook; give it a name"),
    ],
)
def test_advice_fits(tmp_path: Path, name: str, content: bytes, words: str) -> None:
    with pytest.raises(InputError, match=words):
        read(tmp_path / name, content)


def test_hostile_inputs(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="empty name"):
        open_sources([""], offline=True)
    os.mkfifo(tmp_path / "pipe")
    for special in (tmp_path / "pipe", Path("/dev/zero")):
        with pytest.raises(InputError, match="not a regular file"):
            open_sources([special], offline=True)
    (tmp_path / "loop").symlink_to(tmp_path)
    (tmp_path / "self").symlink_to(tmp_path / "self")
    (tmp_path / "a.jsonl").write_text(LINE)
    assert len(read(tmp_path).good) == 1
    (source,) = open_sources([tmp_path / "a.jsonl"], offline=True)
    (tmp_path / "a.jsonl").unlink()
    assert source.size is None
    with pytest.raises(InputError, match=r"a\.jsonl: cannot be read"):
        list(source.records())
    found = read(tmp_path / "b.jsonl", "x" * 5_000_000 + "\n" + LINE, max_record_bytes=2**20)
    assert (found.rows, found.bad[0].extent) == ([ROW], 5_000_000)
    assert len(found.bad[0].raw) == 1024


def test_a_file_that_shrinks_while_being_read_ends_early(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text(LINE * 40_000)
    reading = open_sources([path], offline=True)[0].records()
    next(reading)
    os.truncate(path, 2_000_001)
    assert 20_000 < sum(1 for _ in reading) < 39_999
