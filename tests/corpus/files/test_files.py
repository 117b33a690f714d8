"""Records from every kind of file, and a clear error for unusable files."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from mixguard.corpus.files import open_sources
from mixguard.corpus.files.base import Whole
from mixguard.corpus.records import Record, Rejected
from mixguard.errors import InputError

ROWS: list[dict[str, Any]] = [{"text": f'row {n} "quoted" {{brace}} é 漢'} for n in range(5)]


def read(*paths: Path | str, **options: Any) -> tuple[list[Record], list[Rejected]]:
    outcomes = [
        record for source in open_sources(paths, **options, offline=True) for record in source.records()
    ]
    good = [record for record in outcomes if isinstance(record, Record)]
    return good, [record for record in outcomes if isinstance(record, Rejected)]


def rows_of(*paths: Path | str) -> list[dict[str, Any]]:
    good, bad = read(*paths)
    assert not bad
    return [dict(record.row) for record in good]


def jsonl(rows: list[dict[str, Any]]) -> bytes:
    return b"".join(orjson.dumps(row) + b"\n" for row in rows)


TEXT_FORMS: dict[str, Callable[[list[dict[str, Any]]], bytes]] = {
    "lines": jsonl,
    "no final line end": lambda rows: jsonl(rows).rstrip(b"\n"),
    "crlf": lambda rows: jsonl(rows).replace(b"\n", b"\r\n"),
    "blank lines": lambda rows: b"\n\n" + jsonl(rows).replace(b"\n", b"\n\n  \n"),
    "bom": lambda rows: b"\xef\xbb\xbf" + jsonl(rows),
    "array": orjson.dumps,
    "pretty array": lambda rows: json.dumps(rows, indent=2).encode(),
    "pretty objects": lambda rows: b"\n".join(orjson.dumps(row, option=orjson.OPT_INDENT_2) for row in rows),
}


@pytest.mark.parametrize("form", TEXT_FORMS)
def test_every_json_layout_is_read(tmp_path: Path, form: str) -> None:
    path = tmp_path / "data.jsonl"
    path.write_bytes(TEXT_FORMS[form](ROWS))
    assert rows_of(path) == ROWS


row_lists = st.lists(
    st.dictionaries(st.text(max_size=5), st.none() | st.integers(-9, 9) | st.text(max_size=9) | st.lists(st.text(max_size=3), max_size=2), min_size=1, max_size=3),
    min_size=1, max_size=6,
)  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(rows=row_lists, form=st.sampled_from(sorted(TEXT_FORMS)))
def test_any_rows_round_trip_with_their_raw_bytes(
    tmp_path_factory: pytest.TempPathFactory, rows: list[dict[str, Any]], form: str
) -> None:
    path = tmp_path_factory.mktemp("any") / "data.jsonl"
    content = TEXT_FORMS[form](rows)
    path.write_bytes(content)
    good, bad = read(path)
    assert not bad
    assert [dict(record.row) for record in good] == rows
    lines = content.split(b"\n")
    for record in good:
        assert record.raw in content
        assert record.raw[:1] in lines[record.place.line - 1]


@settings(max_examples=300, deadline=None)
@given(content=st.binary(max_size=200) | st.text(alphabet='{}[]",:\\ \nab1\t', max_size=80).map(str.encode))
def test_no_bytes_crash_the_reader(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    path = tmp_path_factory.mktemp("any") / "data.jsonl"
    path.write_bytes(content)
    try:
        good, bad = read(path)
    except InputError as error:
        assert str(path) in str(error)
        return
    ordinals = [r.place.ordinal for r in good] + [r.place.ordinal for r in bad]
    assert sorted(ordinals) == list(range(len(ordinals)))


def test_a_broken_record_costs_only_itself(tmp_path: Path) -> None:
    path = tmp_path / "data.jsonl"
    path.write_bytes(b'{"a": 1}\n{"a": 2\n{"a": 3}\nnonsense\n[1]\n"x"\n{"a": "\xff"}\n{"a": 4}\n')
    good, bad = read(path)
    assert [record.row["a"] for record in good] == [1, 3, 4]
    assert [record.place.line for record in bad] == [2, 4, 5, 6, 7]
    assert "array" in bad[2].reason


def test_a_truncated_array_keeps_its_complete_records(tmp_path: Path) -> None:
    path = tmp_path / "data.json"
    path.write_bytes(orjson.dumps(ROWS)[:-20])
    good, bad = read(path)
    assert [dict(record.row) for record in good] == ROWS[:4]
    assert len(bad) == 1


def test_oddities_are_flagged(tmp_path: Path) -> None:
    path = tmp_path / "data.jsonl"
    path.write_text('{"a": NaN}\n{"a": 1, "a": 2}\n{"a": "b\\":"}\n{"a": {"b": 1}, "b": {"b": 2}}\n')
    good, _ = read(path)
    assert [record.flags for record in good] == [("non_finite_number",), ("duplicate_keys",), (), ()]
    assert good[0].row["a"] is None


@pytest.mark.parametrize("lines", [True, False])
def test_an_overlong_record_is_rejected(tmp_path: Path, lines: bool) -> None:
    rows: list[dict[str, Any]] = [{"a": 1}, {"a": "x" * 5000}, {"a": 3}]
    path = tmp_path / "data.json"
    path.write_bytes(jsonl(rows) if lines else orjson.dumps(rows))
    good, bad = read(path, max_record_bytes=2048)
    assert [record.row["a"] for record in good] == [1, 3]
    assert "longer than 2,048 bytes" in bad[0].reason
    assert len(bad[0].raw) <= 2049


@pytest.mark.parametrize("pack", [gzip.compress, zstandard.ZstdCompressor().compress])
def test_compressed_text_is_read(tmp_path: Path, pack: Callable[[bytes], bytes]) -> None:
    path = tmp_path / "data.jsonl.packed"
    path.write_bytes(pack(jsonl(ROWS)))
    assert rows_of(path) == ROWS
    path.write_bytes(pack(jsonl(ROWS * 2000))[:-30])
    good, bad = read(path)
    assert bad
    assert "truncated" in bad[-1].reason
    assert len(good) <= 5 * 2000


def test_a_decompression_bomb_is_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mixguard.corpus.files.compressed.EXPANSION_FREE", 2**16)
    path = tmp_path / "data.jsonl.gz"
    path.write_bytes(gzip.compress(b'{"a": "' + b"x" * 2**24 + b'"}\n'))
    _, bad = read(path)
    assert "bomb" in bad[-1].reason


@pytest.mark.parametrize("suffix", ["csv", "tsv"])
def test_delimited(tmp_path: Path, suffix: str) -> None:
    mark = "," if suffix == "csv" else "\t"
    path = tmp_path / f"data.{suffix}"
    path.write_bytes(
        f'question{mark}answer\r\n"two\nlines"{mark}yes\r\nonly one\r\nlast{mark}"[""x""]"\r\n'.encode()
    )
    good, bad = read(path)
    assert [dict(record.row) for record in good] == [
        {"question": "two\nlines", "answer": "yes"},
        {"question": "last", "answer": '["x"]'},
    ]
    assert [r.place.line for r in good] + [r.place.line for r in bad] == [2, 5, 4]
    assert "1 cells, but 2 in the header" in bad[0].reason
    assert good[0].raw == f'"two\nlines"{mark}yes'.encode()


def test_tables(tmp_path: Path) -> None:
    table = pa.Table.from_pylist(
        [{"messages": [{"role": "user", "content": "hi"}], "n": n, "b": b"x"} for n in range(3)]
    )
    pq.write_table(table, tmp_path / "data.parquet")
    with pa.OSFile(str(tmp_path / "file.arrow"), "wb") as sink, pa.ipc.new_file(sink, table.schema) as writer:
        writer.write_table(table)
    with (
        pa.OSFile(str(tmp_path / "stream.arrow"), "wb") as sink,
        pa.ipc.new_stream(sink, table.schema) as writer,
    ):
        writer.write_table(table)
    for name in ("data.parquet", "file.arrow", "stream.arrow"):
        good, bad = read(tmp_path / name)
        assert [record.row["n"] for record in good] == [0, 1, 2]
        assert [record.place.line for record in good] == [1, 2, 3]
        assert orjson.loads(good[0].raw) == good[0].row
        assert not bad


def test_saved_datasets_and_the_hub_scheme(tmp_path: Path) -> None:
    import datasets

    one = datasets.Dataset.from_list(ROWS)
    one.save_to_disk(str(tmp_path / "one"))
    datasets.DatasetDict({"train": one, "test": one.select([0])}).save_to_disk(str(tmp_path / "both"))
    assert rows_of(tmp_path / "one") == ROWS
    assert rows_of(tmp_path / "both") == [*ROWS, ROWS[0]]
    assert rows_of(f"hf://{tmp_path / 'one'}") == ROWS
    assert rows_of(f"hf://{tmp_path / 'both'}:test") == ROWS[:1]
    (source,) = open_sources([f"hf://{tmp_path / 'one'}"], offline=True)
    assert len(source.digest()) == 64
    with pytest.raises(InputError, match="train, test"):
        open_sources([f"hf://{tmp_path / 'both'}:dev"], offline=True)
    with pytest.raises(InputError, match="cannot load"):
        open_sources(["hf://nobody/nothing"], offline=True)


def test_folders_and_globs(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / ".hidden").mkdir()
    for place in ("a.jsonl", "sub/b.jsonl", ".hidden/c.jsonl"):
        (tmp_path / place).write_bytes(jsonl(ROWS[:1]))
    (tmp_path / "notes.md").write_text("# notes")
    assert len(rows_of(tmp_path)) == 2
    assert len(rows_of(f"{tmp_path}/**/*.jsonl")) == 2
    assert len(rows_of(tmp_path / "a.jsonl", tmp_path / "sub")) == 2


def test_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    class Input:
        buffer = io.BytesIO(jsonl(ROWS))

    monkeypatch.setattr("sys.stdin", Input)
    (source,) = open_sources(["-"], offline=True)
    for _ in range(2):
        records = [record for record in source.records() if isinstance(record, Record)]
        assert [record.place.source for record in records] == ["-"] * 5


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("empty.jsonl", b"", "empty"),
        ("blank.jsonl", b" \n\n", "whitespace"),
        ("binary.jsonl", b"ab\0\1" * 50, "binary"),
        ("a.jsonl.age", b"age-encryption.org/v1\n", "encrypted"),
        ("a.enc", b"Salted__12345678", "encrypted"),
        ("a.zip", b"PK\x03\x04rest", "unpack"),
        ("a.pkl", b"\x80\x04rest", "pickle"),
        ("wide.jsonl", "{}".encode("utf-16"), "UTF-8"),
        ("a.parquet", b"PAR1 nothing more", "Parquet"),
    ],
)
def test_unusable_files_give_a_one_line_error(
    tmp_path: Path, name: str, content: bytes, message: str
) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(InputError, match=message) as caught:
        read(path)
    assert name in str(caught.value)
    assert "\n" not in str(caught.value)


def test_missing_input_is_reported(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file"):
        open_sources([tmp_path / "absent.jsonl"], offline=True)
    with pytest.raises(InputError, match="no file matches"):
        open_sources([f"{tmp_path}/*.jsonl"], offline=True)
    with pytest.raises(InputError, match="no data"):
        open_sources([tmp_path], offline=True)
    with pytest.raises(InputError, match="no input"):
        open_sources([], offline=True)


def test_an_index_cannot_point_outside_its_folder(tmp_path: Path) -> None:
    (tmp_path / "saved").mkdir()
    (tmp_path / "saved" / "state.json").write_text('{"_data_files": [{"filename": "../secret.arrow"}]}')
    with pytest.raises(InputError, match="outside"):
        open_sources([tmp_path / "saved"], offline=True)


def test_an_input_named_twice_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import datasets

    path = tmp_path / "a.jsonl"
    path.write_bytes(jsonl(ROWS))
    (tmp_path / "b.jsonl").write_bytes(jsonl(ROWS))
    datasets.Dataset.from_list(ROWS).save_to_disk(str(tmp_path / "saved"))
    splits = {"train": datasets.Dataset.from_list(ROWS), "test": datasets.Dataset.from_list(ROWS[:1])}
    datasets.DatasetDict(splits).save_to_disk(str(tmp_path / "both"))
    monkeypatch.chdir(tmp_path)
    hub = f"hf://{tmp_path / 'both'}"
    for repeated in (
        ("a.jsonl", "a.jsonl"),
        ("a.jsonl", path),
        ("*.jsonl", "a*"),
        (".", "b.jsonl"),
        ("-", "-"),
        ("saved", f"hf://{tmp_path / 'saved'}"),
        (hub, f"{hub}:test"),
    ):
        with pytest.raises(InputError, match="named twice"):
            open_sources(repeated, offline=True)
    (tmp_path / "c.jsonl").symlink_to(path)
    with pytest.raises(InputError, match=r"c\.jsonl: named twice, also as a\.jsonl"):
        open_sources(["*.jsonl"], offline=True)
    assert len(rows_of("a.jsonl", "b.jsonl")) == 2 * len(ROWS)
    assert len(rows_of(f"{hub}:train", f"{hub}:test", "saved")) == 2 * len(ROWS) + 1


def test_a_name_that_is_not_utf_8_is_reported(tmp_path: Path) -> None:
    path = tmp_path / os.fsdecode(b"caf\xe9.jsonl")
    path.write_bytes(jsonl(ROWS))
    for named in (path, tmp_path, f"{tmp_path}/*.jsonl"):
        with pytest.raises(InputError, match=r"caf\\udce9\.jsonl: the name is not UTF-8") as raised:
            open_sources([named], offline=True)
        str(raised.value).encode()


def write_as(path: Path, rows: list[dict[str, Any]]) -> None:
    """Write rows in the kind of file that the suffix implies."""
    table = pa.Table.from_pylist(rows)
    if path.suffix == ".parquet":
        pq.write_table(table, path)
    elif path.suffix == ".arrow":
        with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_file(sink, table.schema) as writer:
            writer.write_table(table)
    elif path.suffix == ".csv":
        path.write_text("text\n" + "".join(f"row {n}\n" for n in range(len(rows))))
    else:
        raw = json.dumps(rows).encode() if path.suffix == ".json" else jsonl(rows)
        packed = {".gz": gzip.compress, ".zst": zstandard.ZstdCompressor().compress}
        path.write_bytes(packed.get(path.suffix, lambda raw: raw)(raw))


@pytest.mark.parametrize(
    "name", ["a.jsonl", "a.json", "a.csv", "a.jsonl.gz", "a.jsonl.zst", "a.parquet", "a.arrow"]
)
def test_the_digest_covers_the_bytes_read(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    write_as(path, ROWS * 500)
    (source,) = open_sources([path], offline=True)
    reading = source.records()
    first = next(reading)
    *_, whole = reading
    assert isinstance(first, Record)
    assert whole == Whole(hashlib.sha256(path.read_bytes()).hexdigest())


def test_a_file_replaced_while_being_read_keeps_the_digest_of_the_judged_bytes(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(jsonl(ROWS * 5000))
    judged = hashlib.sha256(path.read_bytes()).hexdigest()
    reading = open_sources([path], offline=True)[0].records()
    next(reading)
    (tmp_path / "b.jsonl").write_bytes(jsonl(ROWS))
    (tmp_path / "b.jsonl").replace(path)
    *_, whole = reading
    assert whole == Whole(judged)


def test_a_table_that_changes_while_being_read_is_reported(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    write_as(path, ROWS * 500)
    reading = open_sources([path], offline=True)[0].records()
    next(reading)
    with path.open("ab") as file:
        file.write(b"more")
    with pytest.raises(InputError, match="changed while being read"):
        list(reading)


def test_a_truncated_stream_is_hashed_to_its_end(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl.gz"
    path.write_bytes(gzip.compress(jsonl(ROWS * 5000))[:-200])
    *_, broken, whole = open_sources([path], offline=True)[0].records()
    assert isinstance(broken, Rejected)
    assert whole == Whole(hashlib.sha256(path.read_bytes()).hexdigest())
