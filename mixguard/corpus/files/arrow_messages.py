"""What the batches of an Arrow file claim to unpack to, read from their headers.

The headers are FlatBuffers; https://arrow.apache.org/docs/format/Columnar.html says what is in them.
"""

from __future__ import annotations

import struct
from typing import Any

_DICTIONARY, _BATCH = 2, 3
"""`MessageHeader`: a dictionary, whose field 1 is a batch, and a batch."""


def unpacked_bytes(file: Any) -> int:
    """Bytes that compressed batches claim to have, uncompressed; a damaged file gives what was found before.

    Args:
        file: an open Arrow file or stream, at its beginning.
    """
    import pyarrow as pa

    found = 0
    try:
        file.seek(8 if file.read(6) == b"ARROW1" else 0)
        for message in pa.ipc.MessageReader.open_stream(file):
            if message.body is not None:
                found += _of_message(memoryview(message.metadata), memoryview(message.body))
    except Exception:  # noqa: BLE001 - the library raises all kinds; reading the file says what is wrong
        return found
    return found


def _of_message(header: memoryview, body: memoryview) -> int:
    table = _offset(header, 0)
    kind = _field(header, table, 1)
    batch = _field(header, table, 2)
    if kind is None or batch is None or header[kind] not in (_DICTIONARY, _BATCH):
        return 0
    batch = _offset(header, batch)
    if header[kind] == _DICTIONARY:
        inner = _field(header, batch, 1)
        if inner is None:
            return 0
        batch = _offset(header, inner)
    buffers = _field(header, batch, 2)
    if _field(header, batch, 3) is None or buffers is None:  # not compressed
        return 0
    start = _offset(header, buffers)
    (count,) = struct.unpack_from("<I", header, start)
    found = 0
    for number in range(count):
        at, length = struct.unpack_from("<qq", header, start + 4 + 16 * number)
        if length >= 8:
            found += max(0, struct.unpack_from("<q", body, at)[0])
    return found


def _offset(header: memoryview, at: int) -> int:
    """Where the offset at a position points to."""
    return at + int(struct.unpack_from("<I", header, at)[0])


def _field(header: memoryview, table: int, number: int) -> int | None:
    """The position of a table's field; None if it is absent."""
    (back,) = struct.unpack_from("<i", header, table)
    layout = table - back
    (size,) = struct.unpack_from("<H", header, layout)
    if 4 + 2 * number >= size:
        return None
    (place,) = struct.unpack_from("<H", header, layout + 4 + 2 * number)
    return table + place if place else None
