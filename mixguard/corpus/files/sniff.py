"""Detect a file's kind from its first bytes, with a clear error if it is not one we read."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, TypeAlias

from mixguard.corpus.files.compressed import open_text
from mixguard.errors import InputError, RecordError

FileKind: TypeAlias = Literal["json", "delimited", "parquet", "arrow"]
HEAD = 4096
BOM = b"\xef\xbb\xbf"
DELIMITED = (".csv", ".tsv")
TEXT = (".jsonl", ".json", ".ndjson", *DELIMITED)
COMPRESSION = (".gz", ".zst")
SUFFIXES = (*TEXT, ".parquet", ".arrow", ".feather")
"""Suffixes searched for in a folder; text files may also end in `.gz` or `.zst`."""

_TABLES: tuple[tuple[bytes, FileKind], ...] = (
    (b"PAR1", "parquet"),
    (b"ARROW1", "arrow"),
    (b"\xff\xff\xff\xff", "arrow"),
)
_ENCRYPTED = (
    b"age-encryption.org",
    b"Salted__",
    b"-----BEGIN PGP MESSAGE",
    b"\x85\x01",
    b"\x85\x02",
    b"$ANSIBLE_VAULT",
)
_FOREIGN = {
    b"PK\x03\x04": "a zip archive; unpack it and name the files inside",
    b"%PDF": "a PDF; extract its text first",
    b"\x89PNG": "an image, not text",
    b"\xff\xd8\xff": "an image, not text",
    b"\x80\x04": "a pickle, which can run code when loaded; export it as JSONL or Parquet",
    b"\x80\x05": "a pickle, which can run code when loaded; export it as JSONL or Parquet",
    b"SQLite format 3": "a SQLite database; export its table as JSONL or CSV",
    b"\xfd7zXZ": "an xz archive; decompress it first",
    b"BZh": "a bzip2 archive; decompress it first",
    b"\xff\xfe": "UTF-16 text; save it as UTF-8",
    b"\xfe\xff": "UTF-16 text; save it as UTF-8",
    b"version https://git-lfs": "a Git LFS pointer, not the data; run `git lfs pull`",
}  # fmt: skip


def suffix_of(name: str) -> str:
    """The suffix in lower case, ignoring a compression suffix."""
    path = Path(name.lower())
    return Path(path.stem).suffix if path.suffix in COMPRESSION else path.suffix


def sniff(path: Path, name: str) -> FileKind:
    """Detect what a file contains.

    Raises:
        InputError: the file is empty, encrypted, binary or of an unsupported kind.
    """
    with path.open("rb") as raw:
        head = raw.read(HEAD)
    if not head:
        raise InputError(f"{name}: the file is empty")
    for magic, kind in _TABLES:
        if head.startswith(magic):
            return kind
    _refuse(head, name)
    try:
        with open_text(path) as stream:
            text = stream.read1(HEAD)
    except RecordError as error:
        raise InputError(f"{name}: {error}") from None
    if text is not head:
        _refuse(text, name)
    if b"\0" in text:
        raise InputError(f"{name}: binary data, not text; mixguard reads {', '.join(SUFFIXES)}")
    if len(text) < HEAD and not text.removeprefix(BOM).strip():
        raise InputError(f"{name}: the file contains only whitespace")
    return "delimited" if suffix_of(name) in DELIMITED else "json"


def _refuse(head: bytes, name: str) -> None:
    if head.startswith(_ENCRYPTED):
        raise InputError(f"{name}: the file is encrypted; decrypt it first")
    for magic, what in _FOREIGN.items():
        if head.startswith(magic):
            raise InputError(f"{name}: {what}")
