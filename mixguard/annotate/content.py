"""What identifies the content of an exchange: rows of the same content have the same annotations, wherever they lie."""

from __future__ import annotations

import hashlib
import io

import polars as pl

from mixguard.annotate.base import Batch
from mixguard.columns import TEXT

CONTENT = "content_id"
_IDS = {"prompt": "prompt_id", "response": "response_id"}
"""Columns that stand for long texts."""
_READ = ("kind", "polarity", "format", "flags", *(_IDS.get(name, name) for name in TEXT))


class ContentAnnotator:
    """Digests all that other annotators may read of an exchange, which is all but its place.

    By a cryptographic hash, because a corpus is hostile input: a harmful row must not get a benign one's annotations.
    """

    reads = _READ
    writes = pl.Schema({CONTENT: pl.String})

    def __call__(self, batch: Batch) -> pl.DataFrame:
        """Column `content_id`: 32 hex digits."""
        return content_ids(batch.frame).to_frame()


def content_ids(frame: pl.DataFrame) -> pl.Series:
    """The content id of each row of a frame with schema `EXCHANGE` + `TEXT`."""
    lines = io.BytesIO()
    frame.select(_READ).write_ndjson(lines)
    made = [hashlib.blake2b(line, digest_size=16).hexdigest() for line in lines.getvalue().split(b"\n")[:-1]]
    return pl.Series(CONTENT, made, dtype=pl.String)
