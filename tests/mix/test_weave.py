"""Files are copied byte for byte, with records added and left out, in any layout."""

from __future__ import annotations

import io
import json
from collections.abc import Collection
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mixguard.corpus.files import FileSource, open_sources
from mixguard.corpus.files.delimited import Header
from mixguard.corpus.records import Record
from mixguard.errors import RecordError, UsageError
from mixguard.mix.style import CellStyle, JsonStyle
from mixguard.mix.weave import Insert, Woven, weave_table, weave_text

ROWS = [{"instruction": f"Question {n}?", "output": f"Antwort {n}: schön"} for n in range(5)]
NEW = {"instruction": "New?", "output": "Neu"}


def source_of(path: Path) -> FileSource:
    (source,) = open_sources([path], offline=True)
    assert isinstance(source, FileSource)
    return source


def woven(path: Path, after: dict[int, int], drop: Collection[int] = ()) -> tuple[bytes, Woven]:
    """Weave `after[k]` copies of NEW after the k-th kept record."""
    source, out = source_of(path), io.BytesIO()
    inserts = {
        place: [Insert(f"p{place}-{number}", NEW) for number in range(count)]
        for place, count in after.items()
    }
    records = [record for record in source.records() if isinstance(record, Record)]
    done = weave_text(source, out, inserts, drop, JsonStyle.of(records))
    return out.getvalue(), done


LAYOUTS = {
    "lines": "".join(json.dumps(row) + "\n" for row in ROWS),
    "no newline at the end": "\n".join(json.dumps(row) for row in ROWS),
    "carriage returns": "\r\n".join(json.dumps(row, ensure_ascii=False) for row in ROWS) + "\r\n",
    "compact": "".join(json.dumps(row, separators=(",", ":")) + "\n" for row in ROWS),
    "blank and broken lines between": "\n\n".join([json.dumps(ROWS[0]), "not json", *map(json.dumps, ROWS[1:])]) + "\n",
    "multi-line objects": "\n".join(json.dumps(row, indent=2) for row in ROWS) + "\n",
    "array": json.dumps(ROWS),
    "indented array": json.dumps(ROWS, indent=2, ensure_ascii=False) + "\n",
    "array with margins": "  [\n" + ",\n".join("    " + json.dumps(row) for row in ROWS) + "\n  ]\n\n",
    "inside one object": json.dumps({"version": 1, "data": ROWS, "info": {"n": 5}}, indent=1),
    "end to end": "".join(map(json.dumps, ROWS)),
    "record separators": "".join(f"\x1e{json.dumps(row)}\n" for row in ROWS),
    "byte-order mark": "\ufeff" + "".join(json.dumps(row) + "\n" for row in ROWS),
}  # fmt: skip


@pytest.fixture(params=LAYOUTS)
def path(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    file = tmp_path / "data.json"
    file.write_bytes(LAYOUTS[request.param].encode())
    return file


def test_adding_nothing_reproduces_the_file(path: Path) -> None:
    content, done = woven(path, {})
    assert content == path.read_bytes()
    assert done.records == 5


def rows_of(content: bytes, folder: Path) -> list[tuple[int, Any]]:
    file = folder / "out.json"
    file.write_bytes(content)
    return [(r.place.ordinal, r.row) for r in source_of(file).records() if isinstance(r, Record)]


def test_new_records_are_in_place_and_removing_them_reproduces_the_file(path: Path, tmp_path: Path) -> None:
    content, done = woven(path, {0: 1, 2: 2, 4: 1})
    rows = rows_of(content, tmp_path)
    assert [row for _, row in rows if row != NEW] == ROWS
    new = {number for number, row in rows if row == NEW}
    assert new == set(done.added.values())
    assert [row == NEW for _, row in rows] == [False, True, False, False, True, True, False, False, True]
    assert without(content, new, tmp_path) == path.read_bytes()


def without(content: bytes, new: set[int], folder: Path) -> bytes:
    """The file without some records and the bytes before each of them."""
    file = folder / "out.json"
    file.write_bytes(content)
    bare = content.removeprefix(b"\xef\xbb\xbf")
    kept, end = content[: len(content) - len(bare)], 0
    for record in source_of(file).records():
        if isinstance(record, Record):
            if record.place.ordinal not in new:
                kept += bare[end : record.start + len(record.raw)]
            end = record.start + len(record.raw)
    return kept + bare[end:]


@pytest.mark.parametrize("drop", [{0}, {4}, {5}, {2, 3}, {0, 1, 2}, {3, 4, 5}])
def test_dropped_rows_are_gone_and_the_rest_is_intact(path: Path, tmp_path: Path, drop: set[int]) -> None:
    ordinals = [r.place.ordinal for r in source_of(path).records() if isinstance(r, Record)]
    content, done = woven(path, {0: 1}, drop)
    kept = [row for ordinal, row in zip(ordinals, ROWS, strict=True) if ordinal not in drop]
    rows = [row for _, row in rows_of(content, tmp_path)]
    assert [row for row in rows if row != NEW] == kept
    assert rows[1] == NEW
    assert set(done.left_out) == drop & set(ordinals)
    if path.read_bytes().lstrip()[:1] == b"[":
        assert json.loads(content)


def test_an_array_followed_by_lines_keeps_both_ways_of_writing(tmp_path: Path) -> None:
    path = tmp_path / "data.json"
    path.write_text(json.dumps(ROWS[:3]) + "\n" + "".join(json.dumps(row) + "\n" for row in ROWS[3:]))
    assert woven(path, {})[0] == path.read_bytes()
    content, done = woven(path, {0: 1, 2: 1}, {2})
    head, *lines = content.decode().splitlines()
    assert json.loads(head) == [ROWS[0], NEW, ROWS[1]]
    assert [json.loads(line) for line in lines] == [ROWS[3], NEW, ROWS[4]]
    assert (done.added, list(done.left_out)) == ({"p0-0": 1, "p2-0": 4}, [2])


def test_a_bare_list_of_messages_is_written_as_one(tmp_path: Path) -> None:
    path = tmp_path / "data.jsonl"
    talks = [
        [{"role": "user", "content": f"{n}?"}, {"role": "assistant", "content": "Yes."}] for n in range(3)
    ]
    path.write_text("".join(json.dumps(talk) + "\n" for talk in talks))
    source, out = source_of(path), io.BytesIO()
    records = [record for record in source.records() if isinstance(record, Record)]
    new = {"messages": talks[0]}
    weave_text(source, out, {1: [Insert("p", new)]}, {2}, JsonStyle.of(records))
    assert [json.loads(line) for line in out.getvalue().splitlines()] == [talks[0], talks[1], talks[0]]


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        (
            "a.json",
            json.dumps({"a": {"0": "x", "1": "y"}, "b": {"0": "z", "1": "w"}}),
            "inside another structure",
        ),
        ("a.json", json.dumps({"rows": [{"row_idx": 0, "row": ROWS[0]}]}), "inside another structure"),
    ],
)
def test_rows_beside_which_none_can_be_written_are_refused(
    tmp_path: Path, name: str, content: str | bytes, words: str
) -> None:
    path = tmp_path / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    with pytest.raises(UsageError, match=words):
        weave_text(source_of(path), io.BytesIO(), {0: [Insert("p", NEW)]}, (), lambda row: b"")


def test_a_table_that_never_quotes_gets_no_quotes() -> None:
    style = CellStyle.of(Header("\t", ["q", "a"], quotes=False), [])
    assert style({"q": '5" wide', "a": 'the "best", he said'}) == b'5" wide\tthe "best", he said'
    for cell in ("two\nlines", "a\ttab", "a\rreturn"):
        with pytest.raises(RecordError, match="quotes no cell"):
            style({"q": cell, "a": ""})


@given(places=st.lists(st.integers(0, 4), max_size=8), compact=st.booleans(), array=st.booleans())
def test_arbitrary_places(
    places: list[int], compact: bool, array: bool, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("weave")
    path = folder / "data.json"
    separators = (",", ":") if compact else None
    text = (
        json.dumps(ROWS, separators=separators)
        if array
        else "".join(json.dumps(row, separators=separators) + "\n" for row in ROWS)
    )
    path.write_text(text)
    content, done = woven(path, {place: places.count(place) for place in set(places)})
    assert len(done.added) == len(places)
    assert without(content, set(done.added.values()), folder) == text.encode()


def test_weaving_a_delimited_file(tmp_path: Path) -> None:
    path = tmp_path / "data.csv"
    path.write_bytes(b'instruction;output\r\n"a; b";"c ""d"""\r\nx;"two\r\nlines"\r\n')
    source, out = source_of(path), io.BytesIO()
    records = [record for record in source.records() if isinstance(record, Record)]
    style = CellStyle.of(Header(";", ["instruction", "output"]), records)
    done = weave_text(source, out, {0: [Insert("p", {"instruction": "n; 1", "output": None})]}, set(), style)
    assert out.getvalue() == path.read_bytes().replace(b'"""\r\n', b'"""\r\n"n; 1";\r\n')
    assert done.added == {"p": 1}


def test_weaving_a_parquet_file_row_by_row(tmp_path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    rows = [
        {"messages": [{"role": "user", "content": f"q{n}"}], "score": n / 3, "when": None}
        for n in range(3000)
    ]
    schema = pa.schema(
        [
            ("messages", pa.list_(pa.struct([("role", pa.string()), ("content", pa.string())]))),
            ("score", pa.float64()),
            ("when", pa.timestamp("s")),
        ],
        metadata={"made by": "us"},
    )
    path, out = tmp_path / "data.parquet", tmp_path / "out.parquet"
    pq.write_table(pa.Table.from_pylist(rows, schema), path, compression="zstd")
    new = {"messages": [{"role": "user", "content": "new"}], "score": 0.5, "when": "not a time"}
    inserts = {0: [Insert("p0", new)], 1500: [Insert("p1", new)], 2998: [Insert("p2", new)]}
    done = weave_table(source_of(path), out, inserts, {10}, None)
    table = pq.read_table(out)
    assert table.schema.equals(pq.read_schema(path), check_metadata=True)
    found = table.to_pylist()
    assert {found[number]["messages"][0]["content"] for number in done.added.values()} == {"new"}
    assert found[done.added["p0"]]["when"] is None
    kept = [row for number, row in enumerate(found) if number not in done.added.values()]
    assert kept == [row for number, row in enumerate(rows) if number != 10]
    assert pq.ParquetFile(out).metadata.row_group(0).column(0).compression == "ZSTD"
