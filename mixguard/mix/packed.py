"""Write a file compressed as its name says."""

from __future__ import annotations

import gzip
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, cast


@contextmanager
def packed(path: Path, suffix: str) -> Iterator[BinaryIO]:
    """A stream into a file, compressed according to its suffix and synced to disk on exit."""
    with path.open("wb") as raw:
        if suffix == ".gz":
            # No file name or mtime in the header, so the same rows give the same bytes.
            with gzip.GzipFile(filename="", mode="wb", fileobj=raw, mtime=0) as stream:
                yield cast("BinaryIO", stream)
        elif suffix == ".zst":
            import zstandard

            with zstandard.ZstdCompressor().stream_writer(raw, closefd=False) as stream:
                yield stream
        else:
            yield raw
        raw.flush()
        os.fsync(raw.fileno())
