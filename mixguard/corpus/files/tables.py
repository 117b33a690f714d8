"""Records from columnar files: Parquet, Arrow, and folders saved by `datasets`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson

from mixguard.corpus.records import Place, Record, Rejected
from mixguard.errors import InputError

ROWS_AT_ONCE = 1024


def read_parquet(path: Path, name: str) -> Iterator[Record | Rejected]:
    """Every row of a Parquet file."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(path) as file:
            yield from _rows(file.iter_batches(ROWS_AT_ONCE), name)
    except (pa.ArrowException, OSError) as error:
        raise InputError(f"{name}: not a readable Parquet file: {_first_line(error)}") from None


def read_arrow(path: Path, name: str) -> Iterator[Record | Rejected]:
    """Every row of an Arrow file or stream."""
    import pyarrow as pa

    try:
        with pa.memory_map(str(path)) as mapped:
            try:
                reader = pa.ipc.open_file(mapped)
                batches = (reader.get_batch(number) for number in range(reader.num_record_batches))
            except pa.ArrowInvalid:
                mapped.seek(0)
                batches = iter(pa.ipc.open_stream(mapped))
            yield from _rows((part for batch in batches for part in _sliced(batch)), name)
    except (pa.ArrowException, OSError) as error:
        raise InputError(f"{name}: not a readable Arrow file: {_first_line(error)}") from None


def _sliced(batch: Any) -> Iterator[Any]:
    for start in range(0, batch.num_rows, ROWS_AT_ONCE):
        yield batch.slice(start, ROWS_AT_ONCE)


def _rows(batches: Iterator[Any], name: str) -> Iterator[Record]:
    ordinal = 0
    for batch in batches:
        for row in batch.to_pylist():
            yield record(row, name, ordinal)
            ordinal += 1


def record(row: dict[str, Any], name: str, ordinal: int) -> Record:
    """A table row as a record; its raw bytes are its JSON, keys in column order."""
    plain = {str(key): _plain(value) for key, value in row.items()}
    return Record(Place(name, ordinal + 1, ordinal), orjson.dumps(plain), plain)


def as_json(value: Any) -> bytes:
    """Any value as JSON, as far as JSON can hold it."""
    return orjson.dumps(_plain(value))


def _plain(value: Any) -> Any:
    """The value as JSON: bytes become null, times and decimals become text."""
    if value is None or isinstance(value, str | bool | int | float):
        return value
    if isinstance(value, dict):
        return {str(key): _plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    return None if isinstance(value, bytes) else str(value)


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0]
