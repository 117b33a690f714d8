"""A mix in a remote place: written to a stand-in on this machine with what lies beside it, then put there, manifest last."""

from __future__ import annotations

from pathlib import Path

from mixguard import remote, urls
from mixguard.errors import UsageError
from mixguard.mix.manifest import SET_ASIDE, SUFFIX

_BESIDE = (SET_ASIDE, SUFFIX)
"""What a mix leaves beside itself, and replaces or deletes when it is written again."""


def local(out: Path, *, offline: bool, asks: bool) -> Path:
    """Where a mix is written: the path itself, or the stand-in of a remote one, with what lies beside the old mix.

    Args:
        out: as it was named.
        offline: whether the network is forbidden.
        asks: whether a model is asked for its own words, which are kept beside the mix from request to request.

    Raises:
        UsageError: nothing can be written there.
    """
    url = urls.url_of(out)
    if url is None:
        return out
    shown = urls.shown(url)
    remote.check(url, offline=offline)
    if asks:
        raise UsageError(
            f"{shown}: a model's own words are kept beside the mix, so that a stopped run goes on; name a local mix with"
            " --endpoint, then copy it"
        )
    stand_in = remote.stand_in(url)
    folder, _ = urls.split(url)
    for end in _BESIDE:
        name = f"{stand_in.name}{end}"
        remote.stand_in(urls.below(folder, name)).unlink(missing_ok=True)
        if remote.exists(urls.below(folder, name)):
            remote.copies(urls.below(folder, name), bool, error=UsageError)
    return stand_in


def send(out: Path) -> None:
    """Put a mix and what lies beside it where its path is the stand-in for; a local mix stays as it is.

    Raises:
        UsageError: it cannot be put.
    """
    url = remote.address(out)
    if url is None:
        return
    folder, _ = urls.split(url)
    there = [
        path for path in out.parent.iterdir() if path.name == out.name or path.name.startswith(f"{out.name}.")
    ]
    files = sorted(
        file for path in there for file in ([path] if path.is_file() else path.rglob("*")) if file.is_file()
    )
    names = [file.relative_to(out.parent).as_posix() for file in files]
    manifest = f"{out.name}{SUFFIX}"
    remote.send(out.parent, folder, [*(name for name in names if name != manifest), manifest])
    remote.remove(folder, [f"{out.name}{end}" for end in _BESIDE if f"{out.name}{end}" not in names])
