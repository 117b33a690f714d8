"""Shared by the tests of readers: everything a file gives, in order."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

from mixguard.corpus.files import open_sources
from mixguard.corpus.records import Record, Rejected


class Found(NamedTuple):
    good: list[Record]
    bad: list[Rejected]

    @property
    def rows(self) -> list[dict[str, Any]]:
        return [dict(record.row) for record in self.good]


def read(path: Path, content: bytes | str | None = None, **options: Any) -> Found:
    """What a file gives, after writing it if its content is given."""
    if content is not None:
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    outcomes = [each for source in open_sources([path], **options, offline=True) for each in source.records()]
    return Found(
        [each for each in outcomes if isinstance(each, Record)],
        [each for each in outcomes if isinstance(each, Rejected)],
    )


def gaps(content: bytes, found: Found) -> bytes:
    """What belongs to no record, after checking that none overlap and each has its own bytes."""
    spans = sorted(
        [(r.start, r.start + len(r.raw), r.raw) for r in found.good]
        + [(r.start, r.start + r.extent, r.raw) for r in found.bad if r.extent]
    )
    end, left = 0, b""
    for start, stop, raw in spans:
        assert end <= start <= stop <= len(content)
        assert content[start : start + len(raw)] == raw[: stop - start]
        left += content[end:start]
        end = stop
    return left + content[end:]
