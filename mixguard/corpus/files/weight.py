"""How large a columnar table becomes when it is unpacked, told without unpacking it."""

from __future__ import annotations

from typing import Any

CELL = 8
"""Bytes counted for each value beside its text; a null counts too."""


def weight(array: Any) -> int:
    """An upper bound of the bytes of an array's values: each repetition counts, as it does once they are unpacked."""
    import pyarrow.compute as pc
    import pyarrow.types as kinds

    kind, own = array.type, len(array) * CELL
    if kinds.is_dictionary(kind):
        return own + _of_dictionary(array)
    if kinds.is_run_end_encoded(kind):
        seen = array.values.slice(array.find_physical_offset(), array.find_physical_length())
        return own + len(array) * _heaviest(seen)
    if kinds.is_struct(kind) or kinds.is_union(kind):
        return own + sum(weight(array.field(number)) for number in range(kind.num_fields))
    if kinds.is_nested(kind):
        return own + _of_lists(array)
    if _is_text(kind):
        return own + (pc.sum(_lengths(array)).as_py() or 0)
    return own + (weight(array.storage) if hasattr(array, "storage") else array.nbytes)


def _of_dictionary(array: Any) -> int:
    import pyarrow.compute as pc

    if _is_text(array.dictionary.type):
        return pc.sum(pc.take(_lengths(array.dictionary), array.indices)).as_py() or 0
    return len(array) * _heaviest(array.dictionary)


def _of_lists(array: Any) -> int:
    import pyarrow.compute as pc
    import pyarrow.types as kinds

    if kinds.is_fixed_size_list(array.type):
        size = array.type.list_size
        return weight(array.values.slice(array.offset * size, len(array) * size))
    if kinds.is_map(array.type) or not hasattr(array, "sizes"):
        if not len(array):
            return 0
        first, last = array.offsets[0].as_py(), array.offsets[-1].as_py()
        parts = (array.keys, array.items) if kinds.is_map(array.type) else (array.values,)
        return sum(weight(part.slice(first, last - first)) for part in parts)
    elements = pc.sum(pc.list_value_length(array)).as_py() or 0  # views may overlap
    if len(array) == 1:
        return weight(array.values.slice(array.offsets[0].as_py(), elements))
    return int(elements) * _heaviest(array.values) if elements > len(array.values) else weight(array.values)


def _heaviest(values: Any) -> int:
    """The weight of the heaviest value."""
    import pyarrow.compute as pc

    if not len(values):
        return 0
    if _is_text(values.type):
        return (pc.max(_lengths(values)).as_py() or 0) + CELL
    return max(weight(values.slice(number, 1)) for number in range(len(values)))


def _is_text(kind: Any) -> bool:
    return any(word in str(kind) for word in ("string", "binary")) and kind.num_fields == 0


def _lengths(array: Any) -> Any:
    """The length of each text in bytes."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if not str(array.type).endswith("_view"):
        return pc.binary_length(array)
    return pa.array([len(value.as_buffer()) if value.is_valid else 0 for value in array], pa.int64())
