"""Byte streams from plain and compressed files, with a limit on how far they may expand."""

from __future__ import annotations

import gzip
import io
import zlib
from pathlib import Path
from typing import Any, BinaryIO, cast

from mixguard.errors import RecordError

EXPANSION_MAX = 200
"""Text rarely compresses 20-fold; a bomb compresses thousands-fold."""
EXPANSION_FREE = 2**30
"""Bytes allowed at any ratio."""
GZIP, ZSTD = b"\x1f\x8b", b"\x28\xb5\x2f\xfd"


def open_text(path: Path) -> io.BufferedReader:
    """The decompressed bytes of a file."""
    stream = path.open("rb")
    try:
        return decompressed(stream, path.stat().st_size)
    except RecordError:
        stream.close()
        raise


def decompressed(stream: io.BufferedReader[Any], size: int) -> io.BufferedReader:
    """The decompressed bytes of a stream of `size` bytes; its first bytes decide, not its name."""
    magic = stream.peek(18)[:18]
    if magic.startswith(GZIP):
        return io.BufferedReader(_Bounded(cast("BinaryIO", gzip.open(stream)), stream, size), 2**20)
    if magic.startswith(ZSTD):
        import zstandard

        promised = _promised(magic)
        reader = zstandard.ZstdDecompressor().stream_reader(stream, read_across_frames=True)
        return io.BufferedReader(_Bounded(cast("BinaryIO", reader), stream, size, promised), 2**20)
    return stream


def is_compressed(path: Path) -> bool:
    """Whether a file starts like gzip or Zstandard."""
    with path.open("rb") as raw:
        return raw.read(4).startswith((GZIP, ZSTD))


def _promised(header: bytes) -> int:
    """Decompressed size in a Zstandard header; -1 if not given."""
    import zstandard

    try:
        return int(zstandard.frame_content_size(header))
    except zstandard.ZstdError as error:
        raise RecordError(f"the compressed file is damaged or truncated: {error}") from None


class _Bounded(io.RawIOBase):
    """Limits how far a stream may expand, and reports damage as RecordError."""

    def __init__(
        self, stream: BinaryIO, packed: io.BufferedReader[Any], size: int, promised: int = -1
    ) -> None:
        super().__init__()
        self._stream = stream
        self._packed = packed
        self._promised = promised
        """Decompressed size in the header; -1 if not given. Zstandard's reader ignores a short stream."""
        self._limit = max(EXPANSION_FREE, EXPANSION_MAX * size)
        self._read = 0

    def readable(self) -> bool:
        return True

    def close(self) -> None:
        self._stream.close()
        self._packed.close()
        super().close()

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]  # its `Buffer` is new in Python 3.12
        import zstandard

        try:
            # `read1` returns what is available; `read` would lose it if the stream breaks off right after.
            block = (
                self._stream.read1(len(buffer))
                if hasattr(self._stream, "read1")
                else self._stream.read(len(buffer))
            )
        except (EOFError, OSError, zlib.error, zstandard.ZstdError) as error:
            raise RecordError(f"the compressed file is damaged or truncated: {error}") from None
        self._read += len(block)
        if not block and self._read < self._promised:
            raise RecordError("the compressed file is damaged or truncated: it ends early")
        if self._read > self._limit:
            raise RecordError(f"expands beyond {self._limit:,} bytes: a decompression bomb?")
        buffer[: len(block)] = block
        return len(block)
