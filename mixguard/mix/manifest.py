"""The manifest of a mix: how it was made, and whether its files are unchanged."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path, PurePath
from typing import Literal

import orjson
from pydantic import ValidationError

from mixguard import remote, urls
from mixguard.config import RebalanceConfig
from mixguard.errors import UsageError
from mixguard.files import is_there, read_bounded, sha256
from mixguard.library.voice import Voice
from mixguard.mix.plan import Plan, Removal
from mixguard.mix.settle import finish
from mixguard.mix.voicing import Words
from mixguard.model import Model
from mixguard.run import folder as run_folder
from mixguard.run.document import Audit
from mixguard.run.findings import Coverage, Verdict
from mixguard.run.provenance import Detectors

SUFFIX = ".manifest.json"
SET_ASIDE = ".set-aside.jsonl"


class Added(Model):
    """An added record."""

    pair: str
    """ID of the pair in the bank."""
    kind: str
    hazard: str
    words: Words
    """Whose words the answer is in."""
    opening: str | None = None
    """The opening that the voice gave it."""
    task: str | None = None
    """The task whose form it has."""
    output: str
    """File name, as in `outputs`."""
    record: int
    """0-based index of the record in that file."""


class Manifest(Model):
    """How a mix was made."""

    version: Literal["mixguard-manifest/2"] = "mixguard-manifest/2"
    inputs: dict[str, str]
    """SHA-256 of each source."""
    outputs: dict[str, str]
    """SHA-256 of each file, by path relative to the manifest; includes the set-aside file."""
    options: RebalanceConfig
    plan: Plan
    verdict: Verdict
    """Of the original corpus."""
    coverage: tuple[Coverage, ...]
    """Of the original corpus."""
    detectors: Detectors
    versions: dict[str, str]
    bank_licence: str
    voice: Voice | None = None
    """How the refusals open, and where that was learned."""
    added: tuple[Added, ...]
    set_aside: tuple[Removal, ...]
    weight_zero: tuple[Removal, ...] = ()
    """Rows kept but not trained on."""

    @property
    def mixed(self) -> list[str]:
        """SHA-256 of each file to train on, sorted: the outputs without the set-aside file."""
        return sorted(sha for name, sha in self.outputs.items() if not name.endswith(SET_ASIDE))

    def to_json(self) -> bytes:
        """The document."""
        return self.model_dump_json(indent=1).encode() + b"\n"

    @classmethod
    def load(cls, path: Path) -> Manifest:
        """Read a manifest.

        Raises:
            UsageError: it does not exist, or another version wrote it.
        """
        try:
            return cls.model_validate(orjson.loads(read_bounded(path, UsageError)))
        except (ValidationError, orjson.JSONDecodeError):
            raise UsageError(
                f"{path}: not a manifest this version can read; run `mixguard rebalance` again"
            ) from None


def manifest_of(out: Path) -> Path:
    """Path of a mix's manifest."""
    return out.with_name(out.name + SUFFIX)


def manifest_for(audit: Audit) -> Manifest | None:
    """The manifest of exactly the audited files, from the run folder or next to them; None if not found."""
    beside = (
        manifest_of(place)
        for name in audit.corpus.sources
        for place in (Path(name), Path(name).absolute().parent)
    )
    own = audit.folder / run_folder.MANIFEST
    found = [Manifest.load(own)] if is_there(own) else []
    for path in filter(is_there, beside):
        with suppress(UsageError):  # what somebody else calls so
            found.append(Manifest.load(path))
    mixed = sorted(audit.corpus.sources.values())
    return next((manifest for manifest in found if manifest.mixed == mixed), None)


def verify(out: Path) -> list[str]:
    """The files that differ from the manifest; empty if none do. Finishes the move of an interrupted `rebalance`.

    Args:
        out: a mix or its manifest.

    Raises:
        UsageError: there is no manifest, or a move cannot be finished.
    """
    path = out if out.name.endswith(SUFFIX) else manifest_of(out)
    url = urls.url_of(path)
    if url is not None:
        return list(_differences_there(url))
    mix = path.with_name(path.name.removesuffix(SUFFIX))
    finish(mix)
    if not is_there(path):
        raise UsageError(
            f"{mix}: not a mix, or its manifest {path.name} is missing; name a file that `mixguard rebalance` wrote"
        )
    return list(_differences(Manifest.load(path), path.parent))


def _differences_there(url: str) -> Iterator[str]:
    """The same for a remote mix: its files are fetched, those alone that lie below its folder."""
    (path,) = remote.copies(url, bool, error=UsageError)
    manifest, (folder, _) = Manifest.load(path), urls.split(url)
    for name in manifest.outputs:
        inside = not PurePath(name).is_absolute() and ".." not in PurePath(name).parts
        if inside and remote.exists(urls.below(folder, name)):
            (copy,) = remote.copies(urls.below(folder, name), bool, error=UsageError)
            if copy != path.parent / name:  # below another folder
                (path.parent / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(copy, path.parent / name)
    yield from _differences(manifest, path.parent)


def _differences(manifest: Manifest, folder: Path) -> Iterator[str]:
    for name, digest in manifest.outputs.items():
        file = folder / name
        if PurePath(name).is_absolute() or ".." in PurePath(name).parts:
            yield f"{remote.named(file)}: outside the manifest's folder, so not read"
        elif not file.is_file():
            yield f"{remote.named(file)}: missing"
        elif sha256([file]) != digest:
            yield f"{remote.named(file)}: changed since it was written"
