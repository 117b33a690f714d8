"""Flagged rows as a file: JSON Lines, CSV or Parquet, written part by part."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import BinaryIO

import polars as pl

RISKY = r"^[=+\-@\t\r\n\x{FF1D}\x{FF0B}\x{FF0D}\x{FF20}]"
"""Beginnings of a cell that spreadsheets run as a formula; the last four are the wide forms of the first."""


def write_jsonl(parts: Iterable[pl.DataFrame], out: BinaryIO) -> int:
    """One JSON object per row; the number of rows."""
    count = 0
    for part in parts:
        out.write(part.write_ndjson().encode())
        count += part.height
    return count


def write_csv(parts: Iterable[pl.DataFrame], out: BinaryIO) -> int:
    """A table with a header, UTF-8; the number of rows.

    A cell that a spreadsheet would run begins with an apostrophe, lists are joined by a semicolon, and marks are JSON.
    """
    count = 0
    for number, part in enumerate(parts):
        flat = part.with_columns(pl.col("checks").list.join("; "))
        if "marks" in flat.columns:
            flat = flat.with_columns(
                pl.struct("marks")
                .struct.json_encode()
                .str.strip_prefix('{"marks":')
                .str.strip_suffix("}")
                .alias("marks")
            )
        guarded = flat.with_columns(map(_guarded, flat.select(pl.col(pl.String)).columns))
        out.write(guarded.write_csv(include_header=number == 0).encode())
        count += part.height
    return count


def _guarded(name: str) -> pl.Expr:
    text = pl.col(name)
    return pl.when(text.str.contains(RISKY)).then("'" + text).otherwise(text).alias(name)


def write_parquet(parts: Iterable[pl.DataFrame], out: BinaryIO) -> int:
    """A Parquet file with the columns of the rows; the number of rows."""
    from pyarrow.parquet import ParquetWriter

    count, writer = 0, None
    for part in parts:
        table = part.to_arrow(compat_level=pl.CompatLevel.oldest())
        writer = writer or ParquetWriter(out, table.schema, compression="zstd")
        writer.write_table(table)
        count += part.height
    if writer is not None:
        writer.close()
    return count


WRITERS: dict[str, Callable[[Iterable[pl.DataFrame], BinaryIO], int]] = {
    "jsonl": write_jsonl,
    "csv": write_csv,
    "parquet": write_parquet,
}
"""By name of the format, which is the end of the file's name too."""
