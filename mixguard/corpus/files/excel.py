"""Records from the sheets of a workbook; needs the extra `mixguard[excel]`."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from pathlib import Path

from mixguard.corpus.files.cells import record
from mixguard.corpus.files.compressed import EXPANSION_MAX
from mixguard.corpus.records import Record
from mixguard.errors import InputError

UNPACKED_FREE = 2**28
"""Bytes of XML allowed at any ratio; a sheet takes several times as much in memory."""


def read_excel(path: Path, name: str, _: int) -> Iterator[Record]:
    """Every row of every sheet, below its header.

    Raises:
        InputError: the extra is missing, or the workbook cannot be read.
    """
    try:
        import fastexcel  # noqa: F401 - polars needs it
    except ImportError:
        raise InputError(
            f"{name}: an Excel workbook; to read it, pip install 'mixguard[excel]', or save its sheet as CSV UTF-8"
        ) from None
    import polars as pl

    _check_size(path, name)
    try:
        with path.open("rb") as stream:
            sheets = pl.read_excel(stream.read(), sheet_id=0, engine="calamine", raise_if_empty=False)
    except Exception as error:  # noqa: BLE001 - the library raises all kinds, and all mean the same
        told = str(error).partition("\n")[0]
        raise InputError(
            f"{name}: not a readable Excel workbook ({told}); open it, and save its sheet as CSV UTF-8"
        ) from None
    ordinal = 0
    for sheet in sheets.values():
        for row in sheet.iter_rows(named=True):
            if any(value is not None for value in row.values()):
                yield record(row, name, ordinal)
                ordinal += 1
    if not ordinal:
        raise InputError(f"{name}: no sheet has rows below a header line")


def _check_size(path: Path, name: str) -> None:
    limit = max(UNPACKED_FREE, EXPANSION_MAX * path.stat().st_size)
    try:
        with zipfile.ZipFile(path) as packed:
            size = sum(part.file_size for part in packed.infolist())
    except (zipfile.BadZipFile, ValueError, NotImplementedError):
        return  # an old workbook, or a damaged one, which the reader refuses
    if size > limit:
        raise InputError(f"{name}: expands beyond {limit:,} bytes: a decompression bomb?")
