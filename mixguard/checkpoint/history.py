"""A history: what was read in a model's answers, run after run, in an append-only file.

JSON Lines, one run a line, without any prompt or answer: the conditions, and a letter for each answer to each probe. Each line holds
the SHA-256 of the line before it, so a line that was changed or taken out is noticed.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import NamedTuple

import orjson

from mixguard import moving
from mixguard.checkpoint.monitored import VERSION, Run
from mixguard.errors import UsageError
from mixguard.files import LINES_MOST, read_bounded
from mixguard.model import checked


class History(NamedTuple):
    """A history, read."""

    path: Path
    runs: tuple[Run, ...]

    @property
    def baseline(self) -> int | None:
        """Place of the run that was promoted last."""
        return max((place for place, run in enumerate(self.runs) if run.promoted), default=None)


def read_history(path: Path) -> History:
    """Read a history; a last line cut off by a crash is left out.

    Raises:
        UsageError: it cannot be read, a line is invalid, or a line does not follow the one before (the message has file:line).
    """
    return History(path, tuple(run for run, _ in _read(path)))


def add_run(path: Path, run: Run) -> History:
    """Append a run to a history, which is made if missing: one line, synced, under a lock.

    Raises:
        UsageError: the history cannot be read, or holds this run already.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with moving.locked(path.parent):
        there = _read(path) if path.exists() else []
        for number, (known, _) in enumerate(there, 1):
            if known.content == run.content and known.promoted >= run.promoted:
                raise UsageError(f"{path}:{number}: holds this run already")
        run = run.model_copy(update={"before": _digest_of(there)})
        end = sum(len(line) + 1 for _, line in there)
        _append(
            path, end, orjson.dumps(run.model_dump(mode="json", exclude_defaults=True) | {"version": VERSION})
        )
    return History(path, (*(known for known, _ in there), run))


def _append(path: Path, end: int, line: bytes) -> None:
    """Write a line after the first `end` bytes; what a crash left of another there is overwritten."""
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | getattr(os, "O_BINARY", 0), 0o644)
    with os.fdopen(handle, "wb") as stream:
        stream.seek(max(end - 1, 0))
        stream.write(b"\n" * bool(end) + line + b"\n")
        stream.truncate()
        stream.flush()
        os.fsync(stream.fileno())
    moving.sync(path.parent)


def _read(path: Path) -> list[tuple[Run, bytes]]:
    """Every run with its line; a last line that a crash cut off is left out."""
    found: list[tuple[Run, bytes]] = []
    *lines, last = read_bounded(path, UsageError, LINES_MOST).split(b"\n")
    for number, line in enumerate(lines, 1):
        run = _parsed(line, f"{path}:{number}")
        if run.before != _digest_of(found):
            raise UsageError(
                f"{path}:{number}: does not follow the line before it: a line was changed, added or taken out by hand"
            )
        found.append((run, line))
    if last and not found:
        raise UsageError(f"{path}:1: is not a history; name a new file, or one made by mixguard monitor add")
    return found


def _digest_of(lines: list[tuple[Run, bytes]]) -> str:
    """What the next line says of the one before it."""
    return hashlib.sha256(lines[-1][1]).hexdigest() if lines else ""


def _parsed(line: bytes, place: str) -> Run:
    try:
        tree = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        raise UsageError(f"{place}: not a line of a history: {error}") from None
    if isinstance(tree, dict) and tree.get("version") != VERSION:
        raise UsageError(
            f"{place}: version {str(tree.get('version'))[:40]!r} is not read here; this mixguard reads {VERSION}"
        )
    return checked(Run, tree, UsageError, place)
