"""Decisions on disk: one line each, appended and synced, so that a killed review loses none."""

from __future__ import annotations

import hashlib
import os
import re
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, TypeAlias

import orjson

from mixguard import urls
from mixguard.errors import UsageError
from mixguard.files import read_bounded, told, trusted
from mixguard.library.entries import RowId
from mixguard.model import Model, checked
from mixguard.moving import hold
from mixguard.review.decision import Decision

LONGEST = 64 * 2**20
"""Bytes of the longest journal that is read."""
SUFFIX = ".review"
_PLAIN = re.compile(r"[a-z0-9][a-z0-9@._+-]{0,63}")
"""An author whose name can be that of a file, on disks that ignore case too."""


class Undo(Model):
    """Takes back the last decision of an exchange: named, so that it means the same wherever the line ends up."""

    undo: RowId


_Line: TypeAlias = Decision | Undo


def review_folder(run: Path) -> Path:
    """The folder beside a run folder where decisions on it are kept, since the next audit replaces the run; may not exist.

    Raises:
        UsageError: the run is remote.
    """
    if urls.url_of(run) is not None:
        raise UsageError(
            f"{urls.shown(run)}: decisions are kept beside a run folder on this machine; copy the run here first"
        )
    run = run if run.name not in ("", "..") else run.resolve()
    return run.with_name(run.name + SUFFIX)


def journal_path(run: Path, author: str) -> Path:
    """Where an author's decisions on a run are kept; the folder is made, for its owner alone.

    Raises:
        UsageError: the folder cannot be made, or others could write to it.
    """
    if not author.strip():
        raise UsageError("the reviewer has no name; every decision needs an author")
    folder = review_folder(run)
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        safe = trusted(folder)
    except OSError as error:
        raise UsageError(f"{folder}: cannot be made: {told(error)}") from None
    if not safe:
        raise UsageError(
            f"{folder}: other users could decide in your name here; make the folder yours with mode 700, or delete it"
        )
    return folder / f"{_file_name(author.strip())}.jsonl"


def _file_name(author: str) -> str:
    if _PLAIN.fullmatch(author):
        return author
    rest = re.sub(r"[^a-z0-9@._+-]+", "-", author.casefold()).strip("-.")[:40]
    return f"{rest or 'reviewer'}-{hashlib.blake2b(author.encode(), digest_size=4).hexdigest()}"


class Journal:
    """The decisions of one file, in the order they were taken; several processes may write to it."""

    def __init__(self, path: Path) -> None:
        """Read what is there.

        Raises:
            UsageError: the file is another user's or too long, or a line is not a decision. A last line that was cut off
                is left out.
        """
        self.path = path
        self._taken: list[Decision] = []
        self._read = 0
        """Bytes of whole lines that were read."""
        if path.exists():
            self._take(_content(path))

    @property
    def decisions(self) -> dict[str, Decision]:
        """The last decision of each exchange, by text id, in the order they were taken."""
        latest: dict[str, Decision] = {}
        for decision in self._taken:
            latest.pop(decision.text_id, None)
            latest[decision.text_id] = decision
        return latest

    def refresh(self) -> None:
        """Read what other processes wrote since.

        Raises:
            UsageError: as when it was read first.
        """
        if self.path.exists() and self.path.stat().st_size != self._read:
            self._catch_up(_content(self.path))

    def decide(self, decision: Decision) -> None:
        """Keep one decision; an earlier one of the same exchange no longer holds.

        Raises:
            UsageError: it cannot be written.
        """
        with self._open() as stream:
            self._append(stream, decision)

    def undo(self) -> Decision | None:
        """Take the last decision back, and return it; None if there is none.

        Raises:
            UsageError: it cannot be written.
        """
        with self._open() as stream:
            if not self._taken:
                return None
            last = self._taken[-1]
            self._append(stream, Undo(undo=last.text_id))
            return last

    @contextmanager
    def _open(self) -> Iterator[BinaryIO]:
        """The file, held by this process alone, after what others wrote to it was read."""
        try:
            handle = os.open(self.path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600)
            with os.fdopen(handle, "r+b") as stream:
                with suppress(OSError):  # where nothing can be locked, one process writes as before
                    hold(handle)
                content = _content(self.path)
                self._catch_up(content)
                stream.truncate(self._read)  # what a killed process had begun
                if not content[: self._read].endswith(b"\n") and self._read:
                    stream.write(b"\n")
                    self._read += 1
                yield stream
        except OSError as error:
            raise UsageError(f"{self.path}: cannot be written: {told(error)}") from None

    def _append(self, stream: BinaryIO, line: _Line) -> None:
        content = line.model_dump_json().encode() + b"\n"
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())
        self._keep([line])
        self._read += len(content)

    def _catch_up(self, content: bytes) -> None:
        if len(content) < self._read:  # somebody put another file there
            self._taken, self._read = [], 0
        self._take(content)

    def _take(self, content: bytes) -> None:
        """Read the lines that are new; the last one counts if it is whole, even without an end."""
        *lines, rest = content[self._read :].split(b"\n")
        if _is_json(rest):
            lines.append(rest)
            rest = b""
        first = content.count(b"\n", 0, self._read) + 1
        found = [_parsed(line, f"{self.path}:{number}") for number, line in enumerate(lines, first)]
        self._keep([line for line in found if line is not None])
        self._read = len(content) - len(rest)

    def _keep(self, lines: Sequence[_Line]) -> None:
        for line in lines:
            if isinstance(line, Decision):
                self._taken.append(line)
                continue
            there = [number for number, each in enumerate(self._taken) if each.text_id == line.undo]
            if there:
                del self._taken[there[-1]]


def _content(path: Path) -> bytes:
    if sys.platform != "win32" and os.geteuid() and path.stat().st_uid not in (os.geteuid(), 0):
        raise UsageError(f"{path}: belongs to another user; make your own copy and name that")
    return read_bounded(path, UsageError, LONGEST)


def _parsed(line: bytes, where: str) -> _Line | None:
    if not line.strip():
        return None
    if not _is_json(line):
        raise UsageError(f"{where}: is not JSON; delete the line, or review again")
    tree = orjson.loads(line)
    kind: type[_Line] = Undo if isinstance(tree, dict) and "undo" in tree else Decision
    return checked(kind, tree, UsageError, where)


def _is_json(line: bytes) -> bool:
    try:
        orjson.loads(line)
    except orjson.JSONDecodeError:
        return False
    return True
