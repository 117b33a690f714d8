"""The part of a hand-written TOML file that review writes: a block between two marks, the rest is its owner's."""

from __future__ import annotations

import tomllib
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from mixguard.errors import ConfigError, UsageError
from mixguard.files import TOML_MOST, read_bounded, spelt, told, write_atomically
from mixguard.library.entries import Entry, read_entries
from mixguard.urls import url_of

BEGIN = b"# --- written by mixguard review: everything down to the end mark is replaced; write your own entries outside it ---"
END = b"# --- end of what mixguard review wrote ---"


class Kind(NamedTuple):
    """What the tables of a file are."""

    entry: type[Entry]
    table: str
    """Their name, as in `[[allow]]`."""
    checks: Sequence[str]
    """Checks that an entry may name."""


class Edited(NamedTuple):
    """A file, cut at the marks."""

    path: Path
    kind: Kind
    before: bytes
    after: bytes
    entries: Sequence[Entry]
    """Those of the block."""
    content: bytes
    """All of the file; empty if there is none."""

    @classmethod
    def read(cls, path: Path, kind: Kind) -> Edited:
        """Read a file, if it is there.

        Raises:
            UsageError: it cannot be read, its marks are damaged, or the block is not what review writes.
        """
        there = path.exists() or url_of(path) is not None
        content = read_bounded(path, UsageError, TOML_MOST) if there else b""
        lines = content.splitlines(keepends=True)
        begins, ends = (
            [number for number, line in enumerate(lines) if line.strip() == mark] for mark in (BEGIN, END)
        )
        if not begins and not ends:
            return cls(path, kind, content, b"", (), content)
        if len(begins) != 1 or len(ends) != 1 or begins > ends:
            where = (begins or ends)[-1] + 1
            raise UsageError(
                f"{path}:{where}: the block that `mixguard review` writes must have exactly one begin mark and one end mark; put back"
                f" {END.decode()!r}, or delete the block, which will be written again"
            )
        (first,), (last,) = begins, ends
        place = f"{path}:{first + 1}"
        try:
            entries = _parsed(b"".join(lines[first:last]), kind, place)
        except ConfigError as error:
            raise UsageError(
                f"{error}; `mixguard review` writes these lines; fix them, or delete everything down to the end mark"
            ) from None
        return cls(path, kind, b"".join(lines[:first]), b"".join(lines[last + 1 :]), entries, content)

    def replaced(self, entries: Sequence[Entry], authors: Collection[str] | None) -> bytes:
        """The file with other entries in its block.

        Args:
            entries: the new ones.
            authors: whose old entries are replaced; None for everybody's.

        Raises:
            UsageError: the file would not be one that `check` reads.
        """
        others = [each for each in self.entries if authors is not None and each.author not in authors]
        listed = sorted((*others, *entries), key=lambda entry: (entry.sample or "", entry.check or ""))
        before = self.before if not self.before or self.before.endswith(b"\n") else self.before + b"\n"
        tables = b"\n".join(_table(entry, self.kind.table) for entry in listed)
        block = b"".join((before, BEGIN, b"\n", tables, END, b"\n", self.after))
        content = block if listed else self.before + self.after
        if len(content) > TOML_MOST:
            raise UsageError(
                f"{self.path}: would be longer than {TOML_MOST // 2**20} MiB, the most that is read"
            )
        try:
            _parsed(content, self.kind, str(self.path))
        except ConfigError as error:
            raise UsageError(f"{error}; fix this first: the file is unchanged") from None
        return content

    def write(self, content: bytes) -> None:
        """Write the file, if it changes.

        Raises:
            UsageError: it cannot be written.
        """
        if content == self.content:
            return
        try:
            write_atomically(self.path, content)
        except OSError as error:
            raise UsageError(f"{self.path}: cannot be written: {told(error)}") from None


def _parsed(content: bytes, kind: Kind, place: str) -> tuple[Entry, ...]:
    try:
        tree: dict[str, Any] = tomllib.loads(content.decode("utf-8-sig"))
    except (ValueError, RecursionError) as problem:
        raise ConfigError(f"{place}: not valid TOML: {problem}") from None
    return read_entries(tree, place, kind.entry, kind.table, kind.checks)


def _table(entry: Entry, table: str) -> bytes:
    values = entry.model_dump(exclude_none=True, exclude={"expires"})
    lines = [f"[[{table}]]", *(f"{name} = {spelt(value)}" for name, value in values.items())]
    return "\n".join([*lines, f"expires = {entry.expires}", ""]).encode()
