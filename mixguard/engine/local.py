"""The map on this machine: batches one after the other, each written as one Parquet part."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

import polars as pl


def run(
    batches: Iterable[pl.DataFrame], worker: Callable[[pl.DataFrame], pl.DataFrame], folder: Path
) -> list[Path]:
    """Annotate every batch into `folder/part-*.parquet`; memory holds one batch at a time."""
    folder.mkdir(parents=True, exist_ok=True)
    parts = []
    for number, batch in enumerate(batches):
        part = folder / f"part-{number:05d}.parquet"
        worker(batch).write_parquet(part)
        parts.append(part)
    return parts
