"""New rows as Arrow batches of a file's own schema."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from mixguard.errors import RecordError


def fitted(row: Mapping[str, Any], schema: Any) -> Any:
    """Convert one row to a schema: a batch.

    A value that a column cannot hold, even as a string, becomes null; where null is not allowed, the type's empty value.

    Raises:
        RecordError: a column is not nullable and has no empty value.
    """
    import pyarrow as pa

    columns = [_column(column, row.get(column.name)) for column in schema]
    return pa.RecordBatch.from_arrays(columns, schema=schema)


def marked_schema(schema: Any, mark: str) -> Any:
    """A schema with a text column more, which `datasets` is told of if it wrote the schema."""
    import pyarrow as pa

    metadata = dict(schema.metadata or {})
    if b"huggingface" in metadata:
        told = json.loads(metadata[b"huggingface"])
        features = told.get("info", {}).get("features")
        if isinstance(features, dict):
            features[mark] = {"dtype": "string", "_type": "Value"}
            metadata[b"huggingface"] = json.dumps(told).encode()
    return schema.append(pa.field(mark, pa.string())).with_metadata(metadata or None)


def codecs(group: Any) -> dict[str, str]:
    """The compression of each column of a row group, by path."""
    columns = [group.column(number) for number in range(group.num_columns)]
    names = {column.path_in_schema: column.compression.lower() for column in columns}
    return {path: "none" if codec == "uncompressed" else codec for path, codec in names.items()}


def _column(field: Any, value: Any) -> Any:
    array = _array(_held(value, field.type), field.type)
    if array.null_count and not field.nullable:
        array = _array(_empty(field.type), field.type)
        if array.null_count:
            raise RecordError(f"column {field.name!r} is not nullable, and a new row has no value for it")
    return array


def _array(value: Any, kind: Any) -> Any:
    """One value as an array; null if the type cannot hold it."""
    import pyarrow as pa

    try:
        return pa.array([value], kind)
    except (pa.ArrowException, TypeError, ValueError, OverflowError):
        return pa.nulls(1, kind)


def _held(value: Any, kind: Any) -> Any:
    """A value with everything in it as the type has it: text as a time or a number, missing keys as null."""
    import pyarrow as pa

    types = pa.types
    if isinstance(value, dict) and types.is_struct(kind):
        return {field.name: _allowed(_held(value.get(field.name), field.type), field) for field in kind}
    if isinstance(value, list) and types.is_map(kind):
        return [(key, _held(inner, kind.item_type)) for key, inner in value]
    if isinstance(value, list) and hasattr(kind, "value_type"):
        return [_held(inner, kind.value_type) for inner in value]
    if value is None or isinstance(value, list | dict):
        return value if _array(value, kind).null_count == 0 else None
    return value if _array(value, kind).null_count == 0 else _cast(str(value), kind)


def _cast(text: str, kind: Any) -> Any:
    """A text as a value of the type; None if it cannot be one."""
    import pyarrow as pa

    try:
        return pa.array([text]).cast(kind)[0]
    except pa.ArrowException:
        return None


def _allowed(value: Any, field: Any) -> Any:
    return _empty(field.type) if value is None and not field.nullable else value


def _empty(kind: Any) -> Any:
    """The empty value of a type; None if it has none."""
    import pyarrow as pa

    types = pa.types
    if types.is_dictionary(kind):
        return _empty(kind.value_type)
    if types.is_struct(kind):
        return {field.name: _allowed(None, field) for field in kind}
    if types.is_map(kind) or types.is_list(kind) or types.is_large_list(kind):
        return []
    for candidate in ("", b"", False, 0):
        array = _array(candidate, kind)
        if not array.null_count:
            return candidate
    return _cast("0", kind)
