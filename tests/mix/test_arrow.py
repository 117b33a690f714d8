"""New rows take the types of a Parquet file, exactly."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from mixguard.corpus.files import FileSource, open_sources
from mixguard.mix.arrow import fitted
from mixguard.mix.weave import Insert, weave_table

PART = pa.struct([pa.field("text", pa.string(), nullable=False), ("at", pa.timestamp("ms"))])
MOMENT = datetime(2026, 1, 2, 3, 4, 5)  # noqa: DTZ001 - the column has no zone
AWARE = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    ("kind", "value", "wanted"),
    [
        (pa.int32(), 7, 7),
        (pa.int8(), 1000, None),
        (pa.int64(), "7", 7),
        (pa.float32(), 0.5, 0.5),
        (pa.string(), 7, "7"),
        (pa.large_string(), "a", "a"),
        (pa.decimal128(9, 2), "1.50", Decimal("1.50")),
        (pa.timestamp("s"), "2026-01-02 03:04:05", MOMENT),
        (pa.timestamp("us", "UTC"), "2026-01-02 03:04:05+00:00", AWARE),
        (pa.timestamp("s"), "no time", None),
        (pa.date32(), "2026-01-02", MOMENT.date()),
        (pa.dictionary(pa.int32(), pa.string()), "a", "a"),
        (pa.list_(pa.int16()), [1, "2"], [1, 2]),
        (pa.list_(pa.float32(), 3), [], None),
        (pa.list_(PART), [{"text": "a", "at": "2026-01-02 03:04:05"}], [{"text": "a", "at": MOMENT}]),
        (pa.map_(pa.string(), pa.int32()), [["a", 1]], [("a", 1)]),
        (PART, {"at": None}, {"text": "", "at": None}),
        (PART, {"text": "a", "more": 1}, {"text": "a", "at": None}),
        (pa.struct([("bytes", pa.binary()), ("path", pa.string())]), None, None),
    ],
)
def test_a_value_is_converted_to_its_column(kind: Any, value: Any, wanted: Any) -> None:
    schema = pa.schema([("column", kind)])
    batch = fitted({"column": value}, schema)
    assert batch.schema == schema
    assert batch.to_pylist() == [{"column": wanted}]


@pytest.mark.parametrize(
    ("kind", "wanted"),
    [
        (pa.string(), ""),
        (pa.binary(), b""),
        (pa.int64(), 0),
        (pa.float64(), 0.0),
        (pa.bool_(), False),
        (pa.list_(pa.string()), []),
        (pa.large_list(pa.string()), []),
        (pa.map_(pa.string(), pa.string()), []),
        (pa.dictionary(pa.int8(), pa.string()), ""),
        (pa.decimal128(9, 2), Decimal("0.00")),
        (pa.timestamp("s"), datetime(1970, 1, 1)),  # noqa: DTZ001 - the column has no zone
        (PART, {"text": "", "at": None}),
    ],
)
def test_what_may_not_be_null_is_empty(kind: Any, wanted: Any) -> None:
    schema = pa.schema([pa.field("column", kind, nullable=False)])
    assert fitted({}, schema).to_pylist() == [{"column": wanted}]


def woven(table: Any, folder: Path, mark: str | None = None, **options: Any) -> Any:
    """A file of the table with one row more."""
    path, out = folder / "data.parquet", folder / "out.parquet"
    pq.write_table(table, path, **options)
    (source,) = open_sources([path], offline=True)
    assert isinstance(source, FileSource)
    weave_table(source, out, {0: [Insert("p", {"text": "new", "n": 4})]}, set(), mark)
    return pq.ParquetFile(out)


def test_compression_and_metadata_stay_column_by_column(tmp_path: Path) -> None:
    table = pa.table({"text": ["a", "b"], "n": [1, 2], "list": [[{"x": 1}], []]})
    table = table.replace_schema_metadata({"made by": "us"})
    codecs = {"text": "zstd", "n": "none", "list.list.element.x": "gzip"}
    out = woven(table, tmp_path, compression=codecs)
    group = out.metadata.row_group(0)
    assert [group.column(number).compression for number in range(3)] == ["ZSTD", "UNCOMPRESSED", "GZIP"]
    assert out.schema_arrow.equals(pq.read_schema(tmp_path / "data.parquet"), check_metadata=True)


def test_pandas_and_datasets_read_a_mix_as_they_read_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import datasets
    import pandas as pd

    frame = pd.DataFrame({"text": ["a", "b"], "n": [1, 2]}, index=pd.Index([5, 9], name="key"))
    woven(pa.Table.from_pandas(frame), tmp_path)
    read = pd.read_parquet(tmp_path / "out.parquet")
    assert read.index.name == "key"
    assert list(read["n"]) == [1, 4, 2]

    data = datasets.Dataset.from_dict({"text": ["a", "b"], "n": [0, 1]}).cast_column(
        "n", datasets.ClassLabel(5)
    )
    data.to_parquet(str(tmp_path / "hub.parquet"))
    woven(pq.read_table(tmp_path / "hub.parquet"), tmp_path, mark="pair")
    loaded = datasets.Dataset.from_parquet(str(tmp_path / "out.parquet"), cache_dir=str(tmp_path / "cache"))
    assert loaded.features == {**data.features, "pair": datasets.Value("string")}
    assert loaded["pair"][:] == [None, "p", None]
    assert json.loads(pq.read_schema(tmp_path / "out.parquet").metadata[b"huggingface"])["info"]["features"][
        "pair"
    ]
