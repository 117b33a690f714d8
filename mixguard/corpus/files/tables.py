"""Records from columnar files: Parquet, Arrow, and folders saved by `datasets`."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from mixguard.corpus.files.arrow_messages import unpacked_bytes
from mixguard.corpus.files.cells import record
from mixguard.corpus.files.compressed import EXPANSION_FREE, EXPANSION_MAX
from mixguard.corpus.files.scalars import checked, row_at
from mixguard.corpus.files.weight import weight
from mixguard.corpus.records import Place, Record, Rejected
from mixguard.errors import InputError, RecordError

ROWS_AT_ONCE = 1024
BYTES_AT_ONCE = 2**25
"""Bytes of rows unpacked at once."""
MESSAGE_MAX = 200


class Unpacked:
    """Makes rows of batches and numbers them, from batch to batch.

    Args:
        name: of the source.
        max_bytes: how large a row may be.
    """

    def __init__(self, name: str, max_bytes: int = 2**26) -> None:
        self._name = name
        self._max = max_bytes
        self.rows = 0

    def batch(self, batch: Any) -> Iterator[Record | Rejected]:
        """The rows of a batch that is known to be sound."""
        for start in range(0, batch.num_rows, ROWS_AT_ONCE):
            yield from self._part(batch.slice(start, ROWS_AT_ONCE))

    def _part(self, part: Any) -> Iterator[Record | Rejected]:
        """A few rows, halved until they are light."""
        heavy = weight_of(part)
        if heavy > BYTES_AT_ONCE and part.num_rows > 1:
            half = part.num_rows // 2
            yield from self._part(part.slice(0, half))
            yield from self._part(part.slice(half))
        elif heavy > max(self._max, BYTES_AT_ONCE):
            yield self.rejected(f"longer than {self._max:,} bytes", heavy)
        else:
            yield from self._light(part)

    def _light(self, part: Any) -> Iterator[Record | Rejected]:
        try:
            rows = part.to_pylist()
        except Exception:  # noqa: BLE001 - any value may be beyond what Python can hold; find which
            rows = [None] * part.num_rows
        for number, row in enumerate(rows):
            try:
                yield record(row_at(part, number) if row is None else row, self._name, self.rows)
                self.rows += 1
            except RecordError as error:
                yield self.rejected(str(error), part.slice(number, 1).nbytes)

    def rejected(self, reason: str, length: int, *, rows: int = 1, broken: bool = False) -> Rejected:
        """Rows that cannot be read."""
        place = Place(self._name, self.rows + 1, self.rows)
        self.rows += rows
        return Rejected(place, b"", reason, length, broken)


def weight_of(batch: Any) -> int:
    """Bytes of a batch's values, and eight for each row."""
    found: int = sum(map(weight, batch.columns)) + batch.num_rows * 8
    return found


def check_weight(batches: Iterable[Any], path: Path, name: str) -> None:
    """Refuse a table that becomes far larger than its file.

    Raises:
        InputError: it does.
    """
    limit, total = max(EXPANSION_FREE, EXPANSION_MAX * path.stat().st_size), 0
    for batch in batches:
        total += batch if isinstance(batch, int) else weight_of(batch)
        if total > limit:
            raise InputError(f"{name}: expands beyond {limit:,} bytes: a decompression bomb?")


def read_parquet(path: Path, name: str, max_bytes: int) -> Iterator[Record | Rejected]:
    """Every row of a Parquet file; a damaged row group costs only itself.

    Raises:
        InputError: it is none, or would take far more memory than it has bytes.
    """
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(path) as file:
            _check_names(file.schema_arrow.names, name)
            groups = [file.metadata.row_group(number) for number in range(file.num_row_groups)]
            texts = sorted({column for group in groups for column in _with_dictionary(group)})
        check_weight(map(_claimed, groups), path, name)
        file = pq.ParquetFile(path, read_dictionary=texts)
    except InputError:
        raise
    except Exception as error:  # noqa: BLE001 - the library raises all kinds, and all mean the same
        raise InputError(f"{name}: not a readable Parquet file: {_first_line(error)}") from None
    unpacked = Unpacked(name, max_bytes)
    with file:
        check_weight(
            (batch for number in range(len(groups)) for batch in _intact(_group(file, number))), path, name
        )
        for number, group in enumerate(groups):
            first = unpacked.rows
            for batch in _group(file, number):
                if not isinstance(batch, Exception):
                    yield from unpacked.batch(batch)
                    continue
                left = max(1, first + group.num_rows - unpacked.rows)
                length = math.ceil(group.total_byte_size * left / max(1, group.num_rows))
                reason = f"rows of a damaged row group: {_first_line(batch)}"
                yield unpacked.rejected(reason, length, rows=left, broken=True)


def _group(file: Any, number: int) -> Iterator[Any]:
    """The batches of a row group; if it is damaged, the last is the reason."""
    group = file.metadata.row_group(number)
    at_once = max(1, min(ROWS_AT_ONCE, BYTES_AT_ONCE * group.num_rows // max(1, _claimed(group))))
    return _sound(_until_damaged(file.iter_batches(at_once, row_groups=[number])))


def _until_damaged(batches: Iterator[Any]) -> Iterator[Any]:
    """The batches; if one cannot be read, the last item is the reason."""
    while True:
        try:
            batch = next(batches)
        except StopIteration:
            return
        except Exception as error:  # noqa: BLE001 - the library raises all kinds
            yield error
            return
        yield batch


def _sound(batches: Iterable[Any]) -> Iterator[Any]:
    """The batches whose memory is what it should be, and for the others the reason."""
    for batch in batches:
        try:
            if not isinstance(batch, Exception):
                checked(batch)
            yield batch
        except RecordError as error:
            yield error


def _intact(batches: Iterable[Any]) -> Iterator[Any]:
    return (batch for batch in batches if not isinstance(batch, Exception))


def _with_dictionary(group: Any) -> Iterator[str]:
    """Columns in which a long text may stand once for many rows; they are kept that way until rows are made."""
    for number in range(group.num_columns):
        column = group.column(number)
        if column.physical_type == "BYTE_ARRAY" and column.has_dictionary_page:
            yield column.path_in_schema


def _claimed(group: Any) -> int:
    """Bytes of a row group before rows are made of it, as its metadata says."""
    columns = [group.column(number) for number in range(group.num_columns)]
    claimed: int = max(group.total_byte_size, sum(8 * column.num_values for column in columns))
    return claimed


def read_arrow(path: Path, name: str, max_bytes: int) -> Iterator[Record | Rejected]:
    """Every row of an Arrow file or stream; a damaged batch of a file costs only itself.

    The file is read, not mapped: a mapped file that shrinks meanwhile would end the process.

    Raises:
        InputError: it is none, or would take far more memory than it has bytes.
    """
    import pyarrow as pa

    with pa.OSFile(str(path)) as file:
        check_weight([unpacked_bytes(file)], path, name)
        check_weight(_intact(_batches(file, name)), path, name)
        unpacked = Unpacked(name, max_bytes)
        for batch in _batches(file, name):
            if isinstance(batch, Exception):
                reason = f"a damaged batch of rows: {_first_line(batch)}"
                yield unpacked.rejected(reason, 0, broken=True)
            else:
                yield from unpacked.batch(batch)


def _batches(file: Any, name: str) -> Iterator[Any]:
    """Every sound batch, and why another is not; a stream ends there."""
    import pyarrow as pa

    try:
        file.seek(0)
        is_file = file.read(6) == b"ARROW1"
        file.seek(0)
        reader = pa.ipc.open_file(file) if is_file else pa.ipc.open_stream(file)
        _check_names(reader.schema.names, name)
    except InputError:
        raise
    except Exception as error:  # noqa: BLE001 - the library raises all kinds, and all mean the same
        raise InputError(f"{name}: not a readable Arrow file: {_first_line(error)}") from None
    if is_file:
        parts = (_until_damaged(iter(map(reader.get_batch, [n]))) for n in range(reader.num_record_batches))
        batches: Iterator[Any] = (batch for part in parts for batch in part)
    else:
        batches = _until_damaged(iter(reader.read_next_batch, None))
    yield from _sound(batches)


def _check_names(names: list[str], name: str) -> None:
    """Refuse columns of which a row could hold only one."""
    twice = next((column for column, count in Counter(names).items() if count > 1), None)
    if twice is not None:
        raise InputError(f"{name}: two columns have the same name ({twice[:40]}); rename one")


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0][:MESSAGE_MAX] or type(error).__name__
