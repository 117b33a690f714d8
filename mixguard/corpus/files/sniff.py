"""Detect a file's kind from its first bytes, with a clear error if it is not one we read."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Literal, TypeAlias

from mixguard.corpus.files.compressed import open_text
from mixguard.errors import InputError, RecordError

FileKind: TypeAlias = Literal["json", "delimited", "lines", "parquet", "arrow", "excel"]
HEAD = 4096
BOM = b"\xef\xbb\xbf"
DELIMITED = (".csv", ".tsv")
LINES = (".txt", ".text")
EXCEL = (".xlsx", ".xlsm", ".xlsb", ".xls", ".ods")
TEXT = (".jsonl", ".json", ".ndjson", *DELIMITED)
_ZIP = b"PK\x03\x04"
COMPRESSION = (".gz", ".zst")
SUFFIXES = (*TEXT, ".parquet", ".arrow", ".feather", ".xlsx")
"""Suffixes searched for in a folder; text files may also end in `.gz` or `.zst`. A `.txt` file, which may be a licence
or a note, must be named."""
_WORKBOOKS = (_ZIP, b"\xd0\xcf\x11\xe0")

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
    _ZIP: "a zip archive; unpack it and name the files inside",
    b"%PDF": "a PDF; extract its text first",
    b"\x89PNG": "an image, not text",
    b"\xff\xd8\xff": "an image, not text",
    b"\x80\x04": "a pickle, which can run code when loaded; export it as JSONL or Parquet",
    b"\x80\x05": "a pickle, which can run code when loaded; export it as JSONL or Parquet",
    b"SQLite format 3": "a SQLite database; export its table as JSONL or CSV",
    b"\xfd7zXZ": "an xz archive; decompress it first",
    b"BZh": "a bzip2 archive; decompress it first",
    b"\xff\xfe\0\0": "UTF-32 text; save it as UTF-8",
    b"\0\0\xfe\xff": "UTF-32 text; save it as UTF-8",
    b"\xff\xfe": "UTF-16 text; save it as UTF-8",
    b"\xfe\xff": "UTF-16 text; save it as UTF-8",
    b"\xd0\xcf\x11\xe0": "an old Office document; save it as CSV or JSONL",
    b"GIF8": "an image, not text",
    b"7z\xbc\xaf": "a 7z archive; unpack it and name the files inside",
    b"Rar!": "a RAR archive; unpack it and name the files inside",
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
    head = _head(path, name)
    for magic, kind in _TABLES:
        if head.startswith(magic):
            return kind
    suffix = suffix_of(path.name)  # a URL may end in a query
    if suffix in EXCEL and head.startswith(_WORKBOOKS):
        return "excel"
    _refuse(head, name)
    try:
        with open_text(path) as stream:
            text = stream.read1(HEAD)
    except RecordError as error:
        raise InputError(f"{name}: {error}") from None
    if text is not head:
        _refuse(text, name)
    if b"\0" in text:
        raise InputError(f"{name}: {_with_zeros(text)}")
    if len(text) < HEAD and not text.removeprefix(BOM).strip():
        raise InputError(f"{name}: the file contains only whitespace")
    if suffix in LINES and not _is_json(text.removeprefix(BOM)):
        return "lines"
    return "delimited" if suffix in DELIMITED else "json"


def _head(path: Path, name: str) -> bytes:
    try:
        with path.open("rb") as raw:
            head = raw.read(HEAD)
    except OSError as error:
        raise InputError(f"{name}: cannot be read ({error.strerror})") from None
    if not head:
        raise InputError(f"{name}: the file is empty")
    return head


def _with_zeros(text: bytes) -> str:
    """What text with zero bytes is: wide characters have one in two, or three in four."""
    for zeros, name in ((3, "UTF-32"), (1, "UTF-16")):
        if text.count(b"\0") * (zeros + 1) > len(text) * zeros * 0.8:
            return f"looks like {name} text; save it as UTF-8"
    return f"binary data, not text; mixguard reads {', '.join(SUFFIXES)}"


def _is_json(text: bytes) -> bool:
    """Whether text begins with a JSON object, or a list of them."""
    return re.match(rb'\s*(?:\[\s*)*\{\s*"', text) is not None


def _refuse(head: bytes, name: str) -> None:
    if head.startswith(_ENCRYPTED):
        raise InputError(f"{name}: the file is encrypted; decrypt it first")
    zipped = _zipped(head, suffix_of(name)) if head.startswith(_ZIP) else None
    what = zipped or next((what for magic, what in _FOREIGN.items() if head.startswith(magic)), None)
    if what is not None:
        raise InputError(f"{name}: {what}")


def _zipped(head: bytes, suffix: str) -> str | None:
    """What a file is that is a zip archive by the way."""
    if b"xl/" in head or suffix in EXCEL:
        return "an Excel workbook; give it a name that ends in .xlsx, or save its sheet as CSV UTF-8"
    if b"[Content_Types].xml" in head or suffix in (".docx", ".pptx", ".odt"):
        return "an Office document; save its text as JSONL, CSV or plain text"
    return "NumPy arrays; save them as JSONL or Parquet" if suffix == ".npz" else None
