"""Byte streams out of plain and compressed files, with a bound on how far they may expand."""

from __future__ import annotations

import gzip
import io
import zlib
from pathlib import Path
from typing import Any, BinaryIO, cast

from mixguard.errors import RecordError

EXPANSION_MAX = 200
"""Text seldom compresses 20 times; a bomb does so thousands of times."""
EXPANSION_FREE = 2**30
"""Bytes that may come out whatever the ratio."""
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
    """The decompressed bytes of a stream of `size` bytes, told by its first bytes rather than by a name."""
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
    """Whether a file begins as gzip or Zstandard does."""
    with path.open("rb") as raw:
        return raw.read(4).startswith((GZIP, ZSTD))


def _promised(header: bytes) -> int:
    """Bytes a Zstandard file's header says will come; -1 where it does not say."""
    import zstandard

    try:
        return int(zstandard.frame_content_size(header))
    except zstandard.ZstdError as error:
        raise RecordError(f"the compressed file is damaged or cut short: {error}") from None


class _Bounded(io.RawIOBase):
    """Stops a stream that expands beyond reason, and names its faults."""

    def __init__(
        self, stream: BinaryIO, packed: io.BufferedReader[Any], size: int, promised: int = -1
    ) -> None:
        super().__init__()
        self._stream = stream
        self._packed = packed
        self._promised = promised
        """Bytes the file's header says will come; -1 where it does not. Zstandard's reader stops quietly before."""
        self._limit = max(EXPANSION_FREE, EXPANSION_MAX * size)
        self._read = 0

    def readable(self) -> bool:
        return True

    def close(self) -> None:
        self._stream.close()
        self._packed.close()
        super().close()

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        import zstandard

        try:
            # `read1` gives what there is; `read` would lose it when the stream breaks off behind it.
            block = (
                self._stream.read1(len(buffer))
                if hasattr(self._stream, "read1")
                else self._stream.read(len(buffer))
            )
        except (EOFError, OSError, zlib.error, zstandard.ZstdError) as error:
            raise RecordError(f"the compressed file is damaged or cut short: {error}") from None
        self._read += len(block)
        if not block and self._read < self._promised:
            raise RecordError("the compressed file is damaged or cut short: it ends before its last byte")
        if self._read > self._limit:
            raise RecordError(f"expands beyond {self._limit:,} bytes: a decompression bomb?")
        buffer[: len(block)] = block
        return len(block)
