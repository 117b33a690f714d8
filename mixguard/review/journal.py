"""Decisions on disk: one line each, appended and flushed, so that a killed review loses none."""

from __future__ import annotations

import os
from pathlib import Path

import orjson

from mixguard.errors import UsageError
from mixguard.files import LINES_MOST, read_bounded
from mixguard.model import checked
from mixguard.review.decision import Decision

_UNDO = b'{"undo":true}'


def journal_path(run: Path, author: str) -> Path:
    """Where the decisions of an author on a run are kept: beside the run folder, which the next audit replaces.

    The folder is made, for its owner alone.
    """
    raise NotImplementedError


class Journal:
    """The decisions of one file, in the order they were taken."""

    def __init__(self, path: Path) -> None:
        """Read what is there.

        Raises:
            UsageError: a line before the last is not a decision. A last line that was cut off is left out.
        """
        self.path = path
        self._taken = _read(path) if path.exists() else []

    @property
    def decisions(self) -> dict[str, Decision]:
        """The last decision of each exchange, by text id, in the order they were taken."""
        latest: dict[str, Decision] = {}
        for decision in self._taken:
            latest.pop(decision.text_id, None)
            latest[decision.text_id] = decision
        return latest

    def decide(self, decision: Decision) -> None:
        """Keep one decision; an earlier one of the same exchange no longer holds."""
        self._append(decision.model_dump_json().encode())
        self._taken.append(decision)

    def undo(self) -> Decision | None:
        """Take the last decision back, and return it; None if there is none."""
        if not self._taken:
            return None
        self._append(_UNDO)
        return self._taken.pop()

    def _append(self, line: bytes) -> None:
        handle = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        with os.fdopen(handle, "ab") as stream:
            stream.write(line + b"\n")
            stream.flush()
            os.fsync(stream.fileno())


def _read(path: Path) -> list[Decision]:
    taken: list[Decision] = []
    lines = read_bounded(path, UsageError, LINES_MOST).split(b"\n")
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            tree = orjson.loads(line)
        except orjson.JSONDecodeError:
            if number == len(lines):
                break
            raise UsageError(f"{path}:{number}: is not JSON; delete the line, or review again") from None
        if tree == {"undo": True}:
            taken = taken[:-1]
        else:
            taken.append(checked(Decision, tree, UsageError, f"{path}:{number}"))
    return taken
