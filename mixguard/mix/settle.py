"""Move a mix, its set-aside file and its manifest into place together, or finish a move that a kill interrupted.

All files are complete in a scratch folder beside the mix before its journal is written; from then on the new set counts.
The journal lists the moves, which can be repeated, so whoever finds it (`verify`, the next `rebalance`) finishes them.
"""

from __future__ import annotations

import errno
import os
import shutil
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePath
from typing import Literal

from pydantic import ValidationError

from mixguard import moving
from mixguard.errors import CacheWarning, UsageError
from mixguard.model import Model


class MoveJournal(Model):
    """What is still to be moved."""

    version: Literal["mixguard-move/1"] = "mixguard-move/1"
    moves: tuple[tuple[str, str], ...]
    """Name in the scratch folder, and path relative to the mix's folder, in order; the manifest is last."""
    remove: tuple[str, ...] = ()
    """Files of the old set that the new one does not have."""
    made_in: tuple[int, int]
    """Device and inode of the scratch folder: a journal that was copied or unpacked here has others."""


def settle(scratch: Path, out: Path, moves: Sequence[tuple[Path, Path]], remove: Sequence[Path]) -> None:
    """Move files into place, as one.

    Args:
        scratch: the folder that they are in, beside `out`.
        out: the mix.
        moves: complete files, and where they belong: in the folder of `out` or below it.
        remove: files that go.

    Raises:
        OSError: they could not be moved; before the first move, if there is no journal.
    """
    folder = out.absolute().parent
    for _, path in moves:
        if path.is_dir():
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
        path.parent.mkdir(parents=True, exist_ok=True)
    journal = MoveJournal(
        moves=tuple((made.name, str(path.absolute().relative_to(folder))) for made, path in moves),
        remove=tuple(str(path.absolute().relative_to(folder)) for path in remove),
        made_in=_identity(scratch),
    )
    for made, _ in moves:
        moving.sync(made)
    with moving.locked(folder):
        _finish_all(out)
        moving.write_synced(scratch / moving.KEEP, journal.model_dump_json().encode())
        _move(scratch, folder, journal)


def finish(out: Path) -> None:
    """Finish the moves of an interrupted `rebalance` to this path, if there was one.

    Raises:
        UsageError: the files cannot be moved, or the journal is not one.
    """
    if not any(waiting(out)):
        return
    try:
        with moving.locked(out.absolute().parent):  # waits for a living process that is moving now
            finished = _finish_all(out)
    except OSError as error:
        raise UsageError(f"{out}: {unfinished(error)}") from None
    if finished:
        warnings.warn(
            f"{out}: finished the move that an interrupted run had begun", CacheWarning, stacklevel=2
        )


def unfinished(error: OSError) -> str:
    """What to tell of a move that failed halfway."""
    why = error.strerror or str(error)
    return (
        f"the new mix is complete but not all of it is in place ({why}); fix that, then run `mixguard verify`,"
        " which moves the rest"
    )


def waiting(out: Path) -> Iterator[Path]:
    """Scratch folders of this mix that have a journal."""
    yield from (path for path in moving.scratches(out.absolute()) if (path / moving.KEEP).is_file())


def _finish_all(out: Path) -> int:
    found = list(waiting(out))
    for scratch in found:
        file = scratch / moving.KEEP
        try:
            journal = MoveJournal.model_validate_json(file.read_bytes())
        except ValidationError:
            raise UsageError(f"{file}: not a journal this version can read; delete {scratch}") from None
        _move(scratch, out.absolute().parent, journal)
    return len(found)


def _move(scratch: Path, folder: Path, journal: MoveJournal) -> None:
    """Every step can be repeated: what has been moved is no longer in the scratch folder."""
    own = journal.made_in == _identity(scratch)
    for name in journal.remove:
        _inside(folder, name, own=own).unlink(missing_ok=True)
    for made, name in journal.moves:
        source, target = scratch / PurePath(made).name, _inside(folder, name, own=own)
        if source.is_file():
            moving.like(target, source)
            _rename(source, target)
            moving.sync(target.parent)
    (scratch / moving.KEEP).unlink()
    shutil.rmtree(scratch, ignore_errors=True)


def _rename(source: Path, target: Path) -> None:
    try:
        source.replace(target)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        # Another file system is mounted below the mix's folder.
        with source.open("rb") as stream:
            moving.copy_synced(stream, target)
        source.unlink()


def _identity(folder: Path) -> tuple[int, int]:
    there = folder.stat()
    return there.st_dev, there.st_ino


def _inside(folder: Path, name: str, *, own: bool) -> Path:
    """A path of a journal: it must not lead out of the folder, through a link only if it was written here.

    Raises:
        UsageError: it does.
    """
    steps = PurePath(name).parts
    linked = any((folder / PurePath(*steps[:end])).is_symlink() for end in range(1, len(steps)))
    if PurePath(name).is_absolute() or ".." in steps or (linked and not own):
        raise UsageError(f"{folder}: the journal of a move names {name!r}, which leads out of this folder")
    return folder / name
