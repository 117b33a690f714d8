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
        return io.BufferedReader(_Bounded(cast("BinaryIO", _Frames(stream)), stream, size), 2**20)
    return stream


def is_compressed(path: Path) -> bool:
    """Whether a file starts like gzip or Zstandard."""
    with path.open("rb") as raw:
        return raw.read(4).startswith((GZIP, ZSTD))


class _Frames:
    """Reads Zstandard frames; unlike the library's own reader it notices a stream that ends early."""

    PACKED = 1024
    """Bytes unpacked at once: a block of a few bytes can stand for 128 KB."""

    def __init__(self, packed: io.BufferedReader[Any]) -> None:
        self._packed = packed
        self._frame: Any = None
        self._rest = b""

    def read1(self, _: int) -> bytes:
        """The next bytes; empty at the end."""
        import zstandard

        while block := self._rest or self._packed.read(self.PACKED):
            if self._frame is None:
                self._frame = zstandard.ZstdDecompressor().decompressobj()
            text: bytes = self._frame.decompress(block)
            self._rest = self._frame.unused_data if self._frame.eof else b""
            if self._frame.eof:
                self._frame = None
            if text:
                return text
        if self._frame is not None:
            raise EOFError("it ends early")
        return b""

    def close(self) -> None:
        """Close the packed stream."""
        self._packed.close()


class _Bounded(io.RawIOBase):
    """Limits how far a stream may expand, and reports damage as RecordError."""

    def __init__(self, stream: BinaryIO, packed: io.BufferedReader[Any], size: int) -> None:
        super().__init__()
        self._stream = stream
        self._packed = packed
        self._left = b""
        self._limit = max(EXPANSION_FREE, EXPANSION_MAX * size)
        self._read = 0

    def readable(self) -> bool:
        return True

    def close(self) -> None:
        self._stream.close()
        self._packed.close()
        super().close()

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]  # its `Buffer` is new in Python 3.12
        block = self._left or self._block(len(buffer))
        self._left = block[len(buffer) :]
        block = block[: len(buffer)]
        buffer[: len(block)] = block
        return len(block)

    def _block(self, length: int) -> bytes:
        import zstandard

        try:
            # `read1` returns what is available; `read` would lose it if the stream breaks off right after.
            block: bytes = self._stream.read1(length)  # type: ignore[attr-defined]
        except (EOFError, OSError, zlib.error, zstandard.ZstdError) as error:
            raise RecordError(f"the compressed file is damaged or truncated: {error}") from None
        self._read += len(block)
        if self._read > self._limit:
            raise RecordError(f"expands beyond {self._limit:,} bytes: a decompression bomb?")
        return block
