"""How a run takes its place: written to scratch beside it, and exchanged with the run that is there (`moving.py`).

A killed run leaves the old folder or the new one, and whoever reads meanwhile sees one of them; what it had done stays
in the folder where it worked (`lasting`), for the next one to go on from. A link to a run folder stays a link. A remote run
(`elsewhere.py`) is put there once its stand-in is in place.
"""

from __future__ import annotations

import errno
import os
import re
import shutil
from collections.abc import Container, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from mixguard import moving
from mixguard.errors import RunFolderError
from mixguard.progress import Tell
from mixguard.run import elsewhere
from mixguard.run.elsewhere import PART, WRITTEN
from mixguard.run.folder import ANNOTATIONS, AUDIT, HEAD, MANIFEST
from mixguard.run.journal import done_parts

_DONE = re.compile(r"part-[0-9]{5,}\.json|run\.json|lock")
"""Files of an unfinished run beside those."""
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EFBIG})
"""What the system says where nothing more can be written."""
_OURS = re.compile(rb'\s*\{\s*"version"\s*:\s*"mixguard-audit/')
"""Start of an `audit.json` from any version of mixguard, complete or truncated."""


def check(folder: Path) -> None:
    """Refuse a folder with anything but a run in it, since replacing it would delete that.

    Raises:
        RunFolderError: the folder contains something else.
    """
    if not folder.exists():
        return
    if not folder.is_dir():
        raise RunFolderError(f"{folder}: is not a folder; choose another with --run")
    try:
        ours = _is_ours(folder)
        moving.sweep(folder / MANIFEST)  # the only file that is written when the folder is in place
        foreign = sorted(_foreign(folder) if ours else os.listdir(folder))  # noqa: PTH208 - names, not paths
    except OSError as error:
        raise RunFolderError(
            f"{folder}: cannot be read ({error.strerror}); choose another with --run"
        ) from None
    if not foreign:
        return
    holds = ", ".join(foreign[:3]) + (f" and {len(foreign) - 3:,} more" if len(foreign) > 3 else "")
    if ours:
        raise RunFolderError(
            f"{folder}: contains files no run wrote: {holds}; move them, or choose another with --run"
        )
    raise RunFolderError(f"{folder}: not a run folder, but contains {holds}; choose another with --run")


def _is_ours(folder: Path) -> bool:
    """Whether mixguard wrote the folder's `audit.json`, even if half-written, or one shard of a run."""
    file = folder / AUDIT
    if (folder / HEAD).is_file():
        return True
    if not file.is_file():
        return False
    with file.open("rb") as stream:
        return _OURS.match(stream.read(200)) is not None


def _foreign(folder: Path) -> Iterator[str]:
    """Everything in a run folder that no run writes there: other names, links, folders in a file's place."""
    known = {ANNOTATIONS: PART, moving.UNFINISHED: _DONE}
    for entry in os.scandir(folder):
        if entry.name not in known or not entry.is_dir(follow_symlinks=False):
            if entry.name not in WRITTEN or not entry.is_file(follow_symlinks=False):
                yield entry.name
            continue
        for part in os.scandir(entry):
            if not known[entry.name].fullmatch(part.name) or not part.is_file(follow_symlinks=False):
                yield f"{entry.name}/{part.name}"


@contextmanager
def fresh(folder: Path) -> Iterator[Path]:
    """A scratch folder that replaces `folder` if the block succeeds, and is deleted otherwise.

    Raises:
        RunFolderError: `folder` cannot be written, or contains something other than a run.
    """
    elsewhere.check(folder)
    check(folder)
    target = Path(os.path.realpath(folder))
    with ExitStack() as stack:
        with _explained(folder):
            scratch = stack.enter_context(moving.scratch_folder(target))
        with _explained(folder, _FULL):
            yield scratch
        with _explained(folder):
            _put(scratch, target, folder)
    elsewhere.send(target)


@contextmanager
def lasting(folder: Path, tell: Tell) -> Iterator[Path]:
    """As `fresh`, in a folder that stays beside `folder` as long as it has parts, until a run takes its place.

    While another process works there, or where no file can be locked, it is a scratch folder of its own.

    Raises:
        RunFolderError: `folder` cannot be written, or contains something other than a run.
    """
    elsewhere.check(folder)
    check(folder)
    target = Path(os.path.realpath(folder))
    with ExitStack() as stack:
        with _explained(folder):
            kept = stack.enter_context(moving.kept_folder(target))
        if kept is None:
            tell(
                f"{folder}: another process writes this run, or nothing can be locked here, so this one works apart and"
                " cannot be resumed; the one that ends last stays"
            )
            yield stack.enter_context(fresh(folder))
            return
        with _explained(folder, _FULL):
            try:
                yield kept
            except BaseException:
                _left(kept, folder, tell)
                raise
        with _explained(folder):
            _put(kept, target, folder)
    elsewhere.send(target)


def _left(kept: Path, folder: Path, tell: Tell) -> None:
    """Say how to go on with what is done; delete it if nothing is."""
    done = len(done_parts(kept))
    if done:
        tell(
            f"{folder}: stopped; what is done is kept in {kept} (parts: {done:,}): the same command goes on from there"
        )
    else:
        shutil.rmtree(kept, ignore_errors=True)


@contextmanager
def _explained(folder: Path, codes: Container[int | None] | None = None) -> Iterator[None]:
    """Say in a sentence that the folder cannot be written; only for these codes, if given."""
    try:
        yield
    except OSError as error:
        if codes is not None and error.errno not in codes:
            raise
        raise RunFolderError(
            f"{folder}: cannot be written ({error.strerror or error}); choose another with --run"
        ) from None


def _put(scratch: Path, target: Path, folder: Path) -> None:
    """Move a whole run into place; what a user put into the old one meanwhile is not lost."""
    for path in (*scratch.rglob("*"), scratch):
        moving.sync(path)
    scratch.chmod(target.stat().st_mode & 0o7777 if target.exists() else 0o755)
    check(folder)
    old = moving.replace_folder(scratch, target)
    moving.sync(target.parent)
    if old is not None:
        try:
            check(old)
        except RunFolderError as error:
            back = moving.replace_folder(old, target)
            if back is not None:
                back.rename(scratch)
            raise RunFolderError(str(error).replace(str(old), str(folder), 1)) from None
        shutil.rmtree(old, ignore_errors=True)
    _tidy(target)


def _tidy(run: Path) -> None:
    """Delete what only an unfinished run needs; a shard is one."""
    kept = run / moving.UNFINISHED
    if (run / AUDIT).is_file():
        shutil.rmtree(kept, ignore_errors=True)
    (kept / moving.LOCK).unlink(missing_ok=True)
