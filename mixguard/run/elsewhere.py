"""Runs in remote places: a run is written to a stand-in on this machine and put there; to be read, it is fetched.

`audit.json` goes first where a run is replaced and comes last where one is put, so whoever reads sees a whole run or none.
"""

from __future__ import annotations

import re
import shutil
import tempfile
from os import PathLike
from pathlib import Path

from mixguard import remote, urls
from mixguard.config import Config
from mixguard.errors import RunFolderError, UsageError
from mixguard.files import write_atomically
from mixguard.run import folder as run_folder
from mixguard.run.folder import ANNOTATIONS, AUDIT, CONFIG, FLAGGED, MANIFEST, QUARANTINE

WRITTEN = frozenset({AUDIT, FLAGGED, QUARANTINE, CONFIG, MANIFEST})
PART = re.compile(r"part-[0-9]{5,}\.parquet")
"""Every file that a run writes, and those in its folder of annotations."""
_FETCHED: dict[Path, bytes] = {}
"""The `audit.json` of each run that was fetched or put by this process."""


def is_run(name: str | PathLike[str]) -> bool:
    """Whether a name is a run folder, local or remote."""
    url = urls.url_of(name)
    if url is None:
        return run_folder.is_run(Path(name))
    if urls.scheme(url) in urls.WEB or urls.has_magic(url):
        return False
    return AUDIT in remote.listed(url, RunFolderError)


def local(folder: Path, *, offline: bool) -> Path:
    """Where a run is written: the folder itself, or the stand-in of a remote one.

    Raises:
        RunFolderError: nothing can be written there.
    """
    url = urls.url_of(folder)
    if url is None:
        return folder
    remote.check(url, offline=offline, error=RunFolderError)
    return remote.stand_in(url)


def here(folder: str | PathLike[str]) -> Path:
    """Where a run is read: the folder itself, or a copy of a remote one, fetched if it is not here or has changed.

    Raises:
        RunFolderError: it cannot be fetched whole.
    """
    url = urls.url_of(folder)
    if url is None:
        return Path(folder)
    shown = urls.shown(url)
    if urls.scheme(url) in urls.WEB:
        raise RunFolderError(f"{shown}: a run folder cannot be read from a web address; copy it here first")
    if AUDIT not in remote.listed(url, RunFolderError):
        raise RunFolderError(f"{shown}: not a run folder (no {AUDIT}); create one with `mixguard audit`")
    marker = urls.below(url, AUDIT)
    before = _content(marker)
    target = remote.stand_in(url)
    if _FETCHED.get(target) == before and target.is_dir():
        return target
    shutil.rmtree(target, ignore_errors=True)
    (copy,) = remote.copies(url, _is_ours, error=RunFolderError)
    if _content(marker) != before:
        raise RunFolderError(f"{shown}: was replaced while it was read; run the command again")
    _FETCHED[target] = before
    return copy


def check(folder: Path) -> None:
    """Refuse a remote folder with anything but a run in it.

    Raises:
        RunFolderError: it contains something else, or cannot be read.
    """
    url = remote.address(folder)
    if url is None:
        return
    there = remote.listed(url, RunFolderError)
    foreign = [name for name in there if not _is_ours(name)]
    if not foreign and AUDIT in there and b'"mixguard-audit/' not in _content(urls.below(url, AUDIT))[:200]:
        foreign = [AUDIT]
    if foreign:
        raise RunFolderError(
            f"{urls.shown(url)}: contains files no run wrote: {', '.join(foreign[:3])}; choose another with --run"
        )


def send(folder: Path) -> None:
    """Put a run where its folder is the stand-in for; a local folder stays as it is.

    Raises:
        RunFolderError: it cannot be put; it is then kept in the working directory.
    """
    url = remote.address(folder)
    if url is None:
        return
    files = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
    others = [name for name in files if name != AUDIT]
    try:
        there = remote.listed(url, RunFolderError)
        remote.remove(url, [name for name in (AUDIT, *there) if name in there and name not in others])
        remote.send(folder, url, [*others, AUDIT], RunFolderError)
    except UsageError as error:
        raise RunFolderError(f"{error}; {_kept(folder)}") from None
    _FETCHED[folder] = (folder / AUDIT).read_bytes()


def add(folder: Path, name: str, content: bytes) -> None:
    """Write one more file into a run that is in its place.

    Raises:
        UsageError: it cannot be written.
    """
    write_atomically(folder / name, content)
    url = remote.address(folder)
    if url is not None:
        remote.write(urls.below(url, name), content)


def same(one: Path, other: Path) -> bool:
    """Whether two names are of one run folder."""
    urls_ = urls.url_of(remote.address(one) or one), urls.url_of(other)
    return one.resolve() == other.resolve() if urls_ == (None, None) else urls_[0] == urls_[1]


def check_named(folder: Path, config: Config, earlier: Config) -> None:
    """Refuse what an earlier run names and what lies elsewhere: only the user says what is fetched.

    Raises:
        RunFolderError: the options are the run's, and name something remote that is not where the run is.
    """
    for option in ("checks.baseline", "rebalance.voice"):
        named = config.value(option)
        if not isinstance(named, str | Path) or named != earlier.value(option) or urls.url_of(named) is None:
            continue
        if not urls.same_place(named, remote.named(folder)):
            raise RunFolderError(
                f"{remote.named(folder)}: its options name {urls.shown(named)}, which is elsewhere; name it yourself with"
                f" --set {option}=..."
            )


def _is_ours(name: str) -> bool:
    folder, _, last = name.rpartition("/")
    return bool(PART.fullmatch(last)) if folder == ANNOTATIONS else name in WRITTEN


def _content(url: str) -> bytes:
    (copy,) = remote.copies(url, _is_ours, error=RunFolderError)
    return copy.read_bytes()


def _kept(folder: Path) -> str:
    """Move a run that could not be put to where the user is; what to say of it."""
    try:
        kept = Path(tempfile.mkdtemp(prefix=f"{folder.name}.unsent-", dir=Path.cwd()))
        shutil.copytree(folder, kept, dirs_exist_ok=True)
    except OSError:
        return "the run is lost"
    return f"the run is kept in {kept.name}"
