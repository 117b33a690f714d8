"""File kinds: paths in, an iterator of records out."""

from __future__ import annotations

import atexit
import glob
import io
import os
import shutil
import stat
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from io import BufferedReader
from pathlib import Path, PurePath, PurePosixPath
from typing import Any, BinaryIO

from mixguard import remote, urls
from mixguard.corpus.files import runs
from mixguard.corpus.files.base import HashedFile, Source, Whole, unchanged
from mixguard.corpus.files.compressed import decompressed, is_compressed
from mixguard.corpus.files.delimited import read_delimited
from mixguard.corpus.files.excel import read_excel
from mixguard.corpus.files.hub import HUB, INDEXES, HubSource, is_saved, saved_files
from mixguard.corpus.files.jsons import checked_all, read_json
from mixguard.corpus.files.lines import read_lines
from mixguard.corpus.files.memory import MemorySource, memory_sources
from mixguard.corpus.files.sniff import BOM, SUFFIXES, FileKind, sniff, suffix_of
from mixguard.corpus.files.tables import read_arrow, read_parquet
from mixguard.corpus.records import Place, Record, Rejected, Unchecked
from mixguard.errors import InputError, RecordError
from mixguard.files import sha256
from mixguard.progress import Progress, silent

__all__ = ["Source", "open_sources"]

STDIN = "-"
_TEXT: dict[FileKind, Callable[[BufferedReader[Any], str, int], Iterator[Record | Unchecked | Rejected]]] = {
    "json": read_json,
    "delimited": read_delimited,
    "lines": read_lines,
}
_TABLES: dict[FileKind, Callable[[Path, str, int], Iterator[Record | Rejected]]] = {
    "parquet": read_parquet,
    "arrow": read_arrow,
    "excel": read_excel,
}


@dataclass(frozen=True)
class FileSource:
    """One file of records."""

    path: Path
    name: str
    kind: FileKind
    max_record_bytes: int

    @property
    def size(self) -> int | None:
        """Bytes on disk of an uncompressed text file; None for others."""
        try:
            return self.path.stat().st_size if self.kind in _TEXT and not is_compressed(self.path) else None
        except OSError:  # gone meanwhile; reading it says so
            return None

    @property
    def files(self) -> list[Path]:
        """The file itself."""
        return [self.path]

    def digest(self) -> str:
        """SHA-256 of the bytes on disk."""
        return sha256(self.files)

    def records(self) -> Iterator[Record | Rejected | Whole]:
        """Every record in order, then the digest of the bytes read."""
        return checked_all(self.found(), self.name)

    def found(self) -> Iterator[Record | Unchecked | Rejected | Whole]:
        """The same; a plain object of a JSON file is left unchecked."""
        try:
            yield from self._text_records() if self.kind in _TEXT else self._table_records()
        except OSError as error:
            raise InputError(f"{self.name}: cannot be read ({error.strerror or error})") from None

    def _text_records(self) -> Iterator[Record | Unchecked | Rejected | Whole]:
        read = _TEXT[self.kind]
        with HashedFile(self.path) as file, io.BufferedReader(file, 2**20) as packed:
            try:
                stream = _without_bom(decompressed(packed, self.path.stat().st_size))
            except RecordError as error:
                yield Rejected(Place(self.name, 1, 0), b"", str(error), broken=True)
            else:
                yield from read(stream, self.name, self.max_record_bytes)
            yield file.whole()

    def _table_records(self) -> Iterator[Record | Rejected | Whole]:
        with unchanged(self.files, self.name) as whole:
            yield from _TABLES[self.kind](self.path, self.name, self.max_record_bytes)
        yield whole


def open_sources(
    data: Sequence[Any], *, max_record_bytes: int = 64 * 2**20, offline: bool, progress: Progress = silent
) -> tuple[Source, ...]:
    """Open files, folders, globs, URLs, `-`, `hf://owner/name[:split]`, or in-memory data.

    What is remote (`s3://`, `https://`, ...) is fetched now; `progress` is called with the bytes that came.

    Raises:
        InputError: an input is unusable or named twice.
    """
    paths = [os.fspath(each) for each in data if isinstance(each, str | os.PathLike)]
    _refuse_repeated((name, [name]) for name in map(urls.shown, paths))
    sources: list[FileSource | HubSource | MemorySource] = []
    for number, each in enumerate(data, 1):
        if isinstance(each, str | os.PathLike):
            sources += _open(os.fspath(each), max_record_bytes, offline=offline, progress=progress)
        else:
            sources += memory_sources(each, number)
    if not sources:
        raise InputError("no input: name a file, a folder, a glob, a URL, - or hf://owner/name")
    _refuse_repeated((source.name, [str(file.resolve()) for file in source.files]) for source in sources)
    return tuple(sources)


def _refuse_repeated(named: Iterable[tuple[str, Sequence[str]]]) -> None:
    """Refuse inputs that share a file: its rows would count twice."""
    seen: dict[str, str] = {}
    for name, holds in named:
        first = next((seen[each] for each in holds if each in seen), None)
        if first is not None:
            also = "" if first == name else f", also as {first}"
            raise InputError(f"{name}: named twice{also}; name each file once")
        seen.update(dict.fromkeys(holds, name))


def _open(
    name: str, max_bytes: int, *, offline: bool, progress: Progress
) -> Iterator[FileSource | HubSource]:
    _check_name(name)
    if not name:
        raise InputError("an input has an empty name: name a file, a folder, a glob, - or hf://owner/name")
    if name == STDIN:
        path = _spooled(sys.stdin.buffer)
        yield FileSource(path, name, sniff(path, "standard input"), max_bytes)
        return
    if name.startswith(HUB):
        yield HubSource.open(name, offline=offline)
        return
    for path in _local(name, offline=offline, progress=progress):
        shown = remote.named(path)
        _check_name(shown)
        yield FileSource(path, shown, sniff(path, shown), max_bytes)


def _check_name(name: str) -> None:
    try:
        name.encode()
    except UnicodeEncodeError:
        shown = name.encode(errors="backslashreplace").decode()
        raise InputError(f"{shown}: the name is not UTF-8, so no report can show it; rename it") from None


def _local(name: str, *, offline: bool, progress: Progress) -> Iterator[Path]:
    """The files that a name stands for; remote ones are fetched."""
    url = urls.url_of(name)
    if url is None:
        yield from _files(name)
        return
    for copy in remote.copies(url, _is_wanted, offline=offline, progress=progress):
        yield from _in_folder(copy) if copy.is_dir() else [copy]


def _is_wanted(name: str) -> bool:
    """Whether a file of a remote folder is fetched: a data file, or the index of a saved data set."""
    path = PurePosixPath(name)
    return not _hidden(path) and (suffix_of(path.name) in SUFFIXES or path.name in INDEXES)


def _files(name: str) -> list[Path]:
    path = Path(name)
    if path.is_dir() and runs.is_run(path):
        raise InputError(
            f"{name}: is the run folder of an earlier audit, not a corpus; `mixguard report` prints it again, `mixguard check`"
            " checks it under other limits, and `mixguard rebalance` makes a mix from it"
        )
    if path.is_dir():
        return _in_folder(path)
    if path.exists():
        if not stat.S_ISREG(path.stat().st_mode):
            raise InputError(f"{name}: not a regular file; use - to read a pipe")
        return [path]
    matches = sorted(Path(match) for match in glob.glob(name, recursive=True))
    found = [match for match in matches if match.is_file()]
    if not found:
        what = "no file matches this pattern" if glob.has_magic(name) else "no such file or folder"
        raise InputError(f"{name}: {what}")
    return found


def _in_folder(folder: Path) -> list[Path]:
    if is_saved(folder):
        return saved_files(folder)
    found = sorted(
        path
        for path in folder.rglob("*")
        if path.is_file() and suffix_of(path.name) in SUFFIXES and not _hidden(path.relative_to(folder))
    )
    written = {each for each in {above for path in found for above in path.parents} if runs.is_run(each)}
    found = [path for path in found if written.isdisjoint(path.parents)]
    if not found:
        raise InputError(f"{folder}: no data files in this folder; mixguard reads {', '.join(SUFFIXES)}")
    return found


def _hidden(path: PurePath) -> bool:
    return any(
        part.startswith((".", "~$")) for part in path.parts
    )  # Excel keeps a `~$` file beside an open one


def _spooled(stream: BinaryIO) -> Path:
    """Copy standard input to a temporary file, so that its kind can be detected before reading."""
    folder = tempfile.mkdtemp(prefix="mixguard-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    path = Path(folder, "stdin")
    with path.open("wb") as copy:
        shutil.copyfileobj(stream, copy)
    return path


def _without_bom(stream: BufferedReader) -> BufferedReader:
    with suppress(RecordError):  # damaged from its first byte on: reading says so again
        if stream.peek(3)[:3] == BOM:
            stream.read(3)
    return stream
