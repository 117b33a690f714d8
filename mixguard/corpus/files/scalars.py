"""Values of columnar tables, one by one: what Python cannot hold costs only itself."""

from __future__ import annotations

from typing import Any

from mixguard.errors import RecordError


def checked(batch: Any) -> None:
    """Refuse a batch whose memory is not what its layout says: reading it could end the process.

    Raises:
        RecordError: an offset or an index points outside.
    """
    import pyarrow as pa

    try:
        for column in batch.columns:
            column.validate()
            _check(column)
    except pa.ArrowException as error:
        raise RecordError(str(error)) from None


def _check(array: Any) -> None:
    """Refuse an array whose offsets or indices point outside; its lengths are sound."""
    import pyarrow as pa
    import pyarrow.types as kinds

    kind = array.type
    if kinds.is_dictionary(kind):
        _check_indices(array)
        _check(array.dictionary)
    elif kinds.is_struct(kind):
        for number in range(kind.num_fields):
            _check(array.field(number))
    elif kinds.is_list(kind) or kinds.is_large_list(kind):
        shell = pa.large_list(pa.null()) if kinds.is_large_list(kind) else pa.list_(pa.null())
        inner = [pa.nulls(len(array.values))]
        pa.Array.from_buffers(
            shell, len(array), array.buffers()[:2], offset=array.offset, children=inner
        ).validate(full=True)
        _check(array.values)
    else:
        try:
            # As bytes and integers: a text that is not UTF-8 and a time beyond all bounds cost only their row.
            bare = array.view(_bare(kind))
        except (pa.ArrowException, TypeError, ValueError):
            bare = array
        bare.validate(full=True)


def _check_indices(array: Any) -> None:
    import pyarrow as pa
    import pyarrow.compute as pc

    indices, size = array.indices, len(array.dictionary)
    indices.validate(full=True)
    least, most = pc.min(indices).as_py(), pc.max(indices).as_py()
    if least is not None and not 0 <= least <= most < size:
        raise pa.ArrowInvalid("an index points outside its dictionary")


def row_at(batch: Any, number: int) -> dict[str, Any]:
    """A row, value by value.

    Raises:
        RecordError: a value cannot be read; the message names its column.
    """
    row = {}
    for name, column in zip(batch.schema.names, batch.columns, strict=True):
        try:
            row[name] = value_of(column[number])
        except UnicodeDecodeError as error:
            where = name[:40].encode("ascii", "backslashreplace").decode()
            raise RecordError(
                f"column {where}: not valid UTF-8 (byte 0x{error.object[error.start]:02x})"
            ) from None
        except Exception as error:  # noqa: BLE001 - the library raises all kinds
            where = name[:40].encode("ascii", "backslashreplace").decode()
            raise RecordError(f"column {where}: cannot be read ({type(error).__name__})") from None
    return row


def value_of(scalar: Any) -> Any:
    """A value as Python has it; a time beyond Python's range as its number, in the column's unit."""
    import pyarrow as pa
    import pyarrow.types as kinds

    try:
        return scalar.as_py()
    except UnicodeDecodeError:
        raise
    except Exception:
        kind = scalar.type
        if kinds.is_temporal(kind):
            whole = pa.int32() if kind.bit_width == 32 else pa.int64()
            return str(pa.array([scalar], kind).view(whole)[0].as_py())
        if kinds.is_struct(kind):
            return {kind.field(n).name: value_of(scalar[n]) for n in range(kind.num_fields)}
        if kinds.is_dictionary(kind) or not kinds.is_nested(kind):
            inner = getattr(scalar, "value", None)
            if not hasattr(inner, "as_py"):
                raise
            return value_of(inner)
        return [value_of(inner) for inner in scalar.values]


def _bare(kind: Any) -> Any:
    """The type of the same layout for which any bytes are a value."""
    import pyarrow as pa
    import pyarrow.types as kinds

    if kinds.is_temporal(kind) and kind.bit_width in (32, 64):
        return pa.int32() if kind.bit_width == 32 else pa.int64()
    if kinds.is_decimal(kind):
        return pa.binary(kind.bit_width // 8)
    return (
        pa.binary() if kinds.is_string(kind) else pa.large_binary() if kinds.is_large_string(kind) else kind
    )
