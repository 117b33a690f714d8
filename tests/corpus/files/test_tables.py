"""Columnar files: every type, values that Python cannot hold, damage, and what a small file may become."""

from __future__ import annotations

import io
import random
import struct
import subprocess
import sys
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from reading import read

from mixguard.corpus.files.arrow_messages import unpacked_bytes
from mixguard.corpus.files.weight import weight
from mixguard.errors import InputError

CASES = Path(__file__).parents[2] / "data" / "cases"
BIG = "x" * 2**20


def write(path: Path, table: pa.Table, chunk: int | None = None, **options: Any) -> Path:
    if path.suffix == ".parquet":
        pq.write_table(table, path, **options)
    else:
        with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_file(sink, table.schema, **options) as writer:
            writer.write_table(table, max_chunksize=chunk)
    return path


ARRAYS: list[tuple[pa.Array, list[Any]]] = [
    (pa.array(["a", None]), ["a", None]),
    (pa.array(["a", None], pa.large_string()), ["a", None]),
    (pa.array(["a", "b" * 40], pa.string_view()), ["a", "b" * 40]),
    (pa.array([b"a", None]), [None, None]),
    (pa.array([[1], [2, 3]], pa.list_view(pa.int64())), [[1], [2, 3]]),
    (pa.array([["x"], None], pa.large_list(pa.string())), [["x"], None]),
    (pa.array([[1, 2], [3, 4]], pa.list_(pa.int8(), 2)), [[1, 2], [3, 4]]),
    (pa.array([[("a", 1)], []], pa.map_(pa.string(), pa.int32())), [[["a", 1]], []]),
    (pa.array([{"a": {"b": None}}, None]), [{"a": {"b": None}}, None]),
    (pa.array(["a", "a"]).dictionary_encode(), ["a", "a"]),
    (pc.run_end_encode(pa.array(["a", "a"])), ["a", "a"]),
    (pa.nulls(2), [None, None]),
    (pa.array([1, 2], pa.decimal128(5, 2)), ["1.00", "2.00"]),
    (pa.array([2**64 - 1, 0], pa.uint64()), [2**64 - 1, 0]),
    (pa.ExtensionArray.from_storage(pa.json_(pa.utf8()), pa.array(["{}", "[]"])), ["{}", "[]"]),
    (
        pa.UnionArray.from_sparse(pa.array([0, 1], pa.int8()), [pa.array([1, 2]), pa.array(["a", "b"])]),
        [1, "b"],
    ),
]


@pytest.mark.parametrize(("array", "values"), ARRAYS, ids=[str(array.type) for array, _ in ARRAYS])
def test_every_type_is_read(tmp_path: Path, array: pa.Array, values: list[Any]) -> None:
    found = read(write(tmp_path / "a.arrow", pa.table({"v": array})))
    assert ([row["v"] for row in found.rows], found.bad) == (values, [])
    assert weight(array) >= sum(len(str(value)) for value in values if isinstance(value, str))


@pytest.mark.parametrize("name", ["date", "time", "timestamp", "duration"])
def test_a_time_beyond_python_costs_no_row(name: str) -> None:
    found = read(CASES / f"pq-{name}.parquet")
    assert (len(found.good), found.bad) == (3, [])
    assert {row["prompt"] for row in found.rows} == {"hello there"}


@pytest.mark.parametrize("suffix", [".parquet", ".arrow"])
@pytest.mark.parametrize("inside", [False, True])
def test_text_that_is_not_utf_8_costs_only_its_row(tmp_path: Path, suffix: str, inside: bool) -> None:
    offsets = pa.array([0, 2, 4, 6], pa.int32()).buffers()[1]
    texts = pa.Array.from_buffers(pa.string(), 3, [None, offsets, pa.py_buffer(b"ab\xff\xfecd")])
    column = pa.ListArray.from_arrays(pa.array([0, 1, 2, 3], pa.int32()), texts) if inside else texts
    found = read(write(tmp_path / f"a{suffix}", pa.table({"v": column})))
    assert [row["v"] for row in found.rows] == ([["ab"], ["cd"]] if inside else ["ab", "cd"])
    assert [(each.place.line, each.reason) for each in found.bad] == [
        (2, "column v: not valid UTF-8 (byte 0xff)")
    ]


@pytest.mark.parametrize("name", ["segv.arrow", "negsize.arrow"])
def test_damaged_memory_is_never_touched(name: str) -> None:
    """In a process of its own, which would end by a signal otherwise."""
    script = (
        "import sys; from mixguard.corpus.files import open_sources\n"
        "for each in open_sources([sys.argv[1]], offline=True)[0].records(): print(getattr(each, 'broken', ''))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(CASES / name)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "True" in done.stdout


def test_bit_flips_never_end_the_process(tmp_path: Path) -> None:
    rows = [
        {"messages": [{"role": "user", "content": f"hi {n}"}], "n": n, "c": {"k": [n]}} for n in range(40)
    ]
    table = pa.Table.from_pylist(rows).append_column(
        "cat", pa.array([str(n % 4) for n in range(40)]).dictionary_encode()
    )
    for suffix in (".arrow", ".parquet"):
        whole = write(tmp_path / f"a{suffix}", table).read_bytes()
        rng = random.Random(5)
        for _ in range(100):
            content = bytearray(whole)
            content[rng.randrange(len(content))] ^= 1 << rng.randrange(8)
            try:
                found = read(tmp_path / f"b{suffix}", bytes(content))
            except InputError:
                continue
            assert len(found.good) <= 40


def test_a_damaged_batch_costs_only_itself(tmp_path: Path) -> None:
    table = pa.table({"text": [f"row {n}" for n in range(300)]})
    content = bytearray(write(tmp_path / "a.arrow", table, 100).read_bytes())
    at = content.index(struct.pack("<3i", 0, 7, 14))  # the offsets of the second batch
    content[at + 4 : at + 8] = b"\xff\xff\xff\x7f"
    found = read(tmp_path / "b.arrow", bytes(content))
    assert [row["text"] for row in found.rows] == [f"row {n}" for n in (*range(100), *range(200, 300))]
    assert [(each.place.ordinal, each.broken) for each in found.bad] == [(100, True)]


@pytest.mark.parametrize("name", ["pq-bomb.parquet", "arrow-bomb.arrow"])
def test_bombs_are_refused(name: str) -> None:
    with pytest.raises(InputError, match=r"expands beyond 1,073,741,824 bytes: a decompression bomb\?"):
        read(CASES / name)


def bombs() -> dict[str, pa.Table]:
    one = pa.array([BIG])
    many = pa.array([0] * 300, pa.int32())
    return {
        "dictionary": pa.table({"v": pa.DictionaryArray.from_arrays(many, one)}),
        "runs": pa.table({"v": pa.RunEndEncodedArray.from_arrays(pa.array([300], pa.int32()), one)}),
        "views": pa.table({"v": pa.ListViewArray.from_arrays(many, pa.array([1] * 300, pa.int32()), one)}),
        "inside": pa.table(
            {
                "v": pa.ListArray.from_arrays(
                    pa.array([0, 300], pa.int32()), pa.DictionaryArray.from_arrays(many, one)
                )
            }
        ),
    }


@pytest.mark.parametrize("name", ["dictionary", "runs", "views", "inside"])
def test_repetition_counts_as_what_it_becomes(
    tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mixguard.corpus.files.tables.EXPANSION_FREE", 2**24)
    path = write(tmp_path / "a.arrow", bombs()[name])
    with pytest.raises(InputError, match="bomb"):
        read(path)


def test_a_plain_parquet_column_may_be_a_bomb_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mixguard.corpus.files.tables.EXPANSION_FREE", 2**24)
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table({"v": [BIG] * 64}), path, compression="zstd", store_schema=False)
    assert path.stat().st_size < 2**18
    with pytest.raises(InputError, match="bomb"):
        read(path)


def test_compressed_batches_say_what_they_become() -> None:
    sink = io.BytesIO()
    table = pa.table({"v": [BIG] * 8})
    options = pa.ipc.IpcWriteOptions(compression="zstd")
    with pa.ipc.new_file(sink, table.schema, options=options) as writer:
        writer.write_table(table)
    assert len(sink.getvalue()) < 2**17
    assert 8 * 2**20 <= unpacked_bytes(pa.BufferReader(sink.getvalue())) < 9 * 2**20


def test_a_row_that_is_too_long_costs_only_itself(tmp_path: Path) -> None:
    path = write(tmp_path / "a.parquet", pa.table({"v": ["a", BIG * 40, "b"]}))
    found = read(path, max_record_bytes=2**25)
    assert ([row["v"] for row in found.rows], len(found.bad)) == (["a", "b"], 1)


def test_columns_of_the_same_name_are_refused(tmp_path: Path) -> None:
    table = pa.Table.from_arrays([pa.array(["a"]), pa.array(["b"])], names=["v", "v"])
    for suffix in (".arrow", ".parquet"):
        with pytest.raises(InputError, match=r"two columns have the same name \(v\)"):
            read(write(tmp_path / f"a{suffix}", table))
